"""What each command of a script means to the rules: carried out, passed over, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fwsim.language.commands import PROGRAMS
from fwsim.language.forms.script_host import RESTORERS, Host, only_shows
from fwsim.language.forms.script_names import (
    BEFORE,
    HARMLESS,
    HARMLESS_IF,
    STATUS,
    SUCCEEDS,
    VARIABLES,
)
from fwsim.language.forms.shell_tree import Node, Simple
from fwsim.language.forms.shell_values import Unknown, Values
from fwsim.language.forms.shell_words import Heredoc, ShellWord
from fwsim.language.ipset.words import split
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Source, Span

_PROC = "/proc/sys/"
_WRITES = (">", ">>", ">|", "1>", "&>")


class Commands:
    """Commands one after another, on one host. `over` once the script has ended itself."""

    def __init__(self, source: Source, text: str) -> None:
        self.text = text
        self.indented = text != source.text
        self.host = Host(source)
        self.values = Values()
        self.functions: set[str] = set()
        self.doubts: list[tuple[str, Span]] = []
        self.strict = False  # set -e
        self.over = False

    @contextmanager
    def doubt(self, what: str, span: Span) -> Iterator[None]:
        """Nobody knows whether, or how often, what is followed meanwhile is carried out."""
        self.doubts.append((what, span))
        yield
        self.doubts.pop()

    def set(self, name: str, value: str | ShellWord, added: bool = False) -> None:
        """Give a variable a value, as far as that is certain."""
        if self.doubts:
            what, span = self.doubts[0]
            self.values.known[name] = Unknown(f"{what} decides", span)
        elif isinstance(value, str):
            self.values.known[name] = value
        else:
            self.values.assign(name, value, added)

    def run(self, command: Simple) -> bool | None:
        """Follow one command. Whether it succeeds; None where nobody knows. ReadError at what is
        wrong or cannot be followed."""
        words = list(command.words)
        given = []
        while words and (assigned := self.values.assignment(words[0])):
            given.append(assigned)
            words.pop(0)
        if not words:
            for assigned in given:
                self.set(*assigned)
            return True
        name, arguments = self._named(words)
        if name is None:
            return True
        if name.text in PROGRAMS:
            _refuse_input(command)
            return self._iptables(PROGRAMS[name.text], self._words(arguments), command.span)
        if name.text in RESTORERS:
            self._restore(name.text, self._words(arguments), _document(command), command.span)
            return True
        if name.text == "ipset":
            return self._ipset(self._words(arguments), _document(command), command.span)
        return self._other(name, arguments, command)

    def restored_from(self, parts: Sequence[Node]) -> bool | None:
        """Follow `cat <<EOF | iptables-restore`; None if these parts of a pipe are something
        else."""
        cat, last = parts[0], parts[-1]
        if not (len(parts) == 2 and isinstance(cat, Simple) and isinstance(last, Simple)):
            return None
        name, arguments = self._named(last.words)
        document = _document(cat)
        plain = document is not None and [w.literal for w in cat.words] == ["cat"]
        if name is None or name.text not in (*RESTORERS, "ipset") or not plain:
            return None
        words = self._words(arguments)
        if name.text == "ipset":
            return self._ipset(words, document, last.span)
        self._restore(name.text, words, document, last.span)
        return True

    def _named(self, words: Sequence[ShellWord]) -> tuple[Word | None, list[Word | ShellWord]]:
        """The program, without its path and what may stand before it, and what follows; None if
        there is nothing to run."""
        rest: list[Word | ShellWord] = list(words)
        before = ""
        while rest:
            first = rest.pop(0)
            if isinstance(first, ShellWord):
                rest[:0] = self.values.words(first)
            elif before == "command" and first.text in ("-v", "-V"):
                return first._replace(text="which"), rest
            elif first.text.rpartition("/")[2] in BEFORE:
                before = first.text.rpartition("/")[2]
            elif not before or not (first.text.startswith("-") or "=" in first.text):
                return first._replace(text=first.text.rpartition("/")[2]), rest
        return None, []

    def _words(self, arguments: Sequence[Word | ShellWord]) -> list[Word]:
        return [
            word
            for one in arguments
            for word in (self.values.words(one) if isinstance(one, ShellWord) else (one,))
        ]

    # what changes rules

    def _iptables(self, family: int, words: list[Word], span: Span) -> bool | None:
        if only_shows(words):
            return True
        if self.doubts and any(word.text in ("-C", "--check") for word in words):
            return None
        self._certain(span)
        return self.host.iptables(family, words, span, strict=self.strict)

    def _restore(self, name: str, words: list[Word], document: Heredoc | None, span: Span) -> None:
        lines = self._document(name, document, span)
        filled = self._filled if document and document.expands else None
        self.host.restore(RESTORERS[name], words, lines, filled)

    def _ipset(self, words: list[Word], document: Heredoc | None, span: Span) -> bool:
        verbs = {word.text for word in words}
        if verbs & {"list", "-L", "save", "-S", "test", "-T", "version", "-v"}:
            return True
        if not verbs & {"restore", "-R"}:
            self._certain(span)
            return self.host.ipset(words, span, strict=self.strict)
        for start, end in self._document("ipset restore", document, span):
            found = [Word(w.text, w.span) for w in split(self.host.source, start, end).words]
            self.host.restore_set(self._filled(found) if document and document.expands else found)
        return True

    def _document(self, name: str, document: Heredoc | None, span: Span) -> list[tuple[int, int]]:
        """The lines that a command is given to restore."""
        self._certain(span)
        if document is None:
            raise ReadError(
                f"{name} reads here what is not in this text",
                span=span,
                hint=f"Give it that dump itself, or put it here: `{name} <<EOF`.",
            )
        return list(self._lines(document))

    def _lines(self, document: Heredoc) -> Iterator[tuple[int, int]]:
        start, blanks = document.start, " \t" if self.indented else "\t" * document.tabs
        while start < document.end:
            stop = self.text.index("\n", start)
            line = self.text[start:stop].rstrip("\r")
            begin = start + len(line) - len(line.lstrip(blanks) if blanks else line)
            if begin < start + len(line):
                yield begin, start + len(line)
            start = stop + 1

    def _filled(self, words: list[Word]) -> list[Word]:
        """A dump's words with the script's variables in them."""
        filled = []
        for word in words:
            if "$" in word.text or "`" in word.text:
                text = self.values.filled(word)
                quoted = word.span.text.startswith('"')
                filled += [Word(t, word.span) for t in ([text] if quoted else text.split())]
            else:
                filled.append(word)
        return filled

    def _certain(self, span: Span) -> None:
        if self.doubts:
            what, at = self.doubts[0]
            raise ReadError(
                f"fwsim cannot follow {what}, and it decides about line {span.line}",
                span=at,
                hint="Give the commands as they are carried out, or what iptables-save prints "
                "afterwards.",
            )

    # what does not

    def _other(self, name: Word, arguments: list[Word | ShellWord], command: Simple) -> bool | None:
        text = name.text
        if text in VARIABLES:
            self._variables(text, arguments)
            return True
        if text == "exit":
            self._exit(name.span)
            return None
        if text == "set":
            self._set_options(arguments)
        if text in STATUS:
            return STATUS[text]
        if self._sets_sysctl(text, arguments, command):
            return True
        if not self._is_harmless(text, arguments):
            raise ReadError(
                f"fwsim does not know whether the command {text!r} changes rules",
                span=name.span,
                hint="If it does not, take it out. If it does, give what iptables-save prints "
                "afterwards.",
            )
        self.host.passed.setdefault(text)
        return True if text in SUCCEEDS else None

    def _is_harmless(self, text: str, arguments: list[Word | ShellWord]) -> bool:
        given = {a.text if isinstance(a, Word) else a.literal for a in arguments}
        if text in HARMLESS_IF:
            return bool(given & HARMLESS_IF[text])
        return text in self.functions or (text in HARMLESS and "exec" not in given)

    def _variables(self, text: str, arguments: list[Word | ShellWord]) -> None:
        for argument in arguments:
            if not isinstance(argument, ShellWord):
                continue
            if text == "unset":
                self.values.known.pop(argument.literal, None)
            elif text == "read":
                self.values.known[argument.literal] = Unknown("it is read", argument.span)
            elif assigned := self.values.assignment(argument):
                self.set(*assigned)

    def _set_options(self, arguments: list[Word | ShellWord]) -> None:
        for argument in arguments:
            text = argument.text if isinstance(argument, Word) else argument.literal
            if text[:1] in ("-", "+") and "e" in text:
                self.strict = text[0] == "-"

    def _exit(self, span: Span) -> None:
        if self.doubts:
            self.host.exits.append(span)
        else:
            self.over = True

    def _sets_sysctl(self, text: str, arguments: list[Word | ShellWord], command: Simple) -> bool:
        """Honour `sysctl -w name=value` and `echo value > /proc/sys/name`, if they are certain."""
        if self.doubts or text not in ("sysctl", "echo"):
            return False
        try:
            words = [word.text for word in self._words(arguments)]
            files = [self.values.text(r.word) for r in command.redirects if r.operator in _WRITES]
        except ReadError:
            return False
        if text == "sysctl":
            pairs = [(n, v) for n, equals, v in (w.partition("=") for w in words) if equals]
        else:
            value = " ".join(word for word in words if word != "-n")
            pairs = [(f[len(_PROC) :], value) for f in files if f.startswith(_PROC)]
        for name, value in pairs:
            self.host.set(name.strip(), value.strip())
        return bool(pairs)


def _document(command: Simple) -> Heredoc | None:
    return next((r.body for r in reversed(command.redirects) if r.body), None)


def _refuse_input(command: Simple) -> None:
    """`-s <your-ip>` is a file to a shell."""
    for redirect in command.redirects:
        if redirect.operator.endswith("<") and redirect.word.literal != "/dev/null":
            raise ReadError(
                "a shell takes what stands between < and > for files: is it to be filled in?",
                span=redirect.word.span,
                hint="Put the value itself in its place.",
            )
