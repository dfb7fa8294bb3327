"""The host that a script changes: its rules and settings, and what is to be said of the script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import islice

from fwsim.language.bind import bind
from fwsim.language.builder import Builder
from fwsim.language.commands import PROGRAMS, run
from fwsim.language.forms.pasted import Pasted
from fwsim.language.getopt import apart
from fwsim.language.ipset.read import Sets
from fwsim.language.ipset.words import Word as SetWord
from fwsim.language.ipset.words import line_of, verb_of
from fwsim.language.optnames import letter_of
from fwsim.language.read import restore
from fwsim.language.ruleset import Ruleset
from fwsim.language.validate import validate
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Source, Span

RESTORERS = {f"{program}-restore": family for program, family in PROGRAMS.items()}
_MOST_TOLD = 10
_MOST_COMMANDS = 250_000
_MOST_WORK = 50_000_000
_SHOWS = re.compile(r"-[nvx]*[LSVh][nvx]*|--(?:list|list-rules|version|help)(?:=.*)?")
_MAY_FAIL = ("-C", "-D", "-E", "-F", "-N", "-R", "-X", "-Z")  # and a shell goes on
_SETS_MAY_FAIL = ("destroy", "flush", "del", "rename", "swap", "test")
_SETS_ALL = ("destroy", "flush", "rename", "swap")
_LOOKS_AT_ALL = ("-C", "-D", "-E", "-F", "-R", "-Z")
_RESTORE = frozenset({
    "-t", "--test", "-c", "--counters", "-n", "--noflush", "-v", "--verbose", "-w", "--wait",
})  # fmt: skip


class Host:
    """Rules by family and settings, as a script's commands leave them. How much work that is, is
    bounded."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.builders: dict[int, Builder] = {}
        self.sets = Sets({})
        self.settings: dict[str, str] = {}
        self.passed: dict[str, None] = {}
        self.failed: list[Span] = []
        self.exits: list[Span] = []
        self.size = 0
        self.work = 0

    def builder(self, family: int) -> Builder:
        """The family's rules."""
        return self.builders.setdefault(family, Builder(Ruleset(family)))

    def iptables(self, family: int, words: list[Word], span: Span, *, strict: bool) -> bool:
        """Carry out a command that changes rules; False if iptables would fail and the shell go
        on. ReadError where it is wrong; if `strict`, also where it only fails."""
        named, words = apart(words, family)
        if not words:
            raise ReadError("expected a command such as -A CHAIN … behind this", span=span)
        table = named.text if named else "filter"
        builder = self.builder(family)
        builder.table(table, named.span if named else span)
        letter = next(filter(None, (letter_of(word.text) for word in words)), "")
        self._spend(letter, span)
        whole = Span(self.source, words[0].span.start, words[-1].span.end)
        try:
            run(builder, table, words, at_once=True)
        except ReadError as error:
            if letter not in _MAY_FAIL or error.span != whole or strict:
                raise
            if letter != "-C":
                self.failed.append(span)
            return False
        return True

    def _spend(self, letter: str, span: Span) -> None:
        self.size += 1
        looked_at = {"-X": self.size**2}.get(letter, self.size if letter in _LOOKS_AT_ALL else 1)
        self.work += looked_at
        if self.size > _MOST_COMMANDS or self.work > _MOST_WORK:
            raise ReadError("more commands than any script has", span=span)

    def restore(
        self,
        family: int,
        words: list[Word],
        lines: list[tuple[int, int]],
        filled: Callable[[list[Word]], list[Word]] | None,
    ) -> None:
        """iptables-restore with these options, of these lines; `filled` as restore has it."""
        given = {word.text for word in words}
        for word in words:
            if word.text not in _RESTORE and not word.text.isdecimal():
                raise ReadError(f"fwsim does not follow {word.text} here", span=word.span)
        self.size += len(lines)
        self.work += len(lines)
        if not given & {"-t", "--test"}:
            counted, flush = bool(given & {"-c", "--counters"}), not given & {"-n", "--noflush"}
            builder = self.builder(family)
            restore(builder, self.source, lines, counted=counted, flush=flush, filled=filled)

    def ipset(self, words: list[Word], span: Span, *, strict: bool) -> bool:
        """Carry out a command of ipset; as `iptables`."""
        line = line_of([SetWord(word.text, word.span) for word in words])
        if not line.words:
            raise ReadError("expected a command such as create behind this", span=span)
        self._spend("-Z" if verb_of(line.words[0]) in _SETS_ALL else "", span)
        try:
            self.sets.command(line)
        except ReadError:
            if verb_of(line.words[0]) not in _SETS_MAY_FAIL or strict:
                raise
            self.failed.append(span)
            return False
        return True

    def restore_set(self, words: list[Word]) -> None:
        """A line of what `ipset restore` is given."""
        if words and words[0].text != "COMMIT" and not words[0].text.startswith("#"):
            self.ipset(words, words[0].span, strict=True)

    def set(self, name: str, value: str) -> None:
        """A sysctl, its name with dots, or as the path below /proc/sys."""
        if "/" in name:
            name = name.translate(str.maketrans("/.", "./"))
        if name.startswith("net."):
            self.settings[name] = value

    def finish(self) -> Pasted:
        """What the script leaves. ReadError where the kernel would not take it, or where nothing
        changes rules."""
        rulesets = {family: builder.freeze() for family, builder in sorted(self.builders.items())}
        for ruleset in rulesets.values():
            validate(ruleset)
        sets = self.sets.frozen()
        if not any(ruleset.tables for ruleset in rulesets.values()):
            first = self.source.text.find("\n")
            span = Span(self.source, 0, first if first > 0 else len(self.source.text))
            raise ReadError("no command in this script changes rules", span=span)
        bound = bind(rulesets, sets) if sets else rulesets
        return Pasted(bound, tuple(self._said()), self.settings, sets)

    def _said(self) -> Iterator[str]:
        yield "read as a script of iptables commands, on a host without rules"
        if self.passed:
            yield f"passed over, as they decide no rules: {', '.join(self.passed)}"
        if self.failed:
            lines = (str(span.line) for span in self.failed)
            yield f"fails where no rules are, and is passed over: line {_few(lines, self.failed)}"
        if self.exits:
            lines = (str(span.line) for span in self.exits)
            yield f"may end the script, and is taken not to: line {_few(lines, self.exits)}"
        if self.settings:
            given = (f"{name} = {value}" for name, value in self.settings.items())
            yield f"set by the script: {_few(given, self.settings)}"


def _few(texts: Iterable[str], of: Sized) -> str:
    """Some of them, few enough to read."""
    more = f" and {len(of) - _MOST_TOLD} more" if len(of) > _MOST_TOLD else ""
    return ", ".join(islice(texts, _MOST_TOLD)) + more


def only_shows(words: Iterable[Word]) -> bool:
    """An iptables command of these words changes nothing: -L, -S, --version."""
    given = [word.text for word in words]
    letters = {letter_of(text) for text in given} - {None, "-L", "-S"}
    return not letters and any(map(_SHOWS.fullmatch, given))
