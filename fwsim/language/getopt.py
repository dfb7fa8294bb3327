"""A command's words with one option in each, as getopt_long takes them apart for iptables
(do_parse in iptables/xshared.c): `-nvL` is `-n -v -L`, `--tab=nat` is `-t nat`. A word that is an
option's value is one whatever it looks like.
"""

from __future__ import annotations

from contextlib import suppress

from fwsim.language.options import Match, Target, find
from fwsim.language.optnames import (
    SHORT,
    Loaded,
    ambiguous,
    attached,
    core_option,
    known_option,
    letter_of,
    protocol_match,
)
from fwsim.language.values import number
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Span

_FLAGS = "46fnvx"  # letters without a value; another letter may follow in the same word
_VALUED = {
    "-A", "-C", "-D", "-I", "-R", "-P", "-N", "-E", "src", "dst", "in_", "out", "proto", "match",
    "jump", "goto", "counters", "table", "modprobe",
}  # fmt: skip
_OF_FAMILY = {4: ("-4", "--ipv4"), 6: ("-6", "--ipv6")}
_EXTENSIONS = {"match": Match, "jump": Target}


def apart(words: list[Word], family: int) -> tuple[Word | None, list[Word]]:
    """The table that is named, and the words without it, one option in each. What does not concern
    the rules is left out: -v, -w with its seconds, -M with its program. ReadError where getopt or
    one of these options would refuse."""
    scan = _Scan(words, family)
    scan.run()
    return scan.table, scan.kept


class _Scan:
    def __init__(self, words: list[Word], family: int) -> None:
        self.pending = words[::-1]
        self.family = family
        self.table: Word | None = None
        self.kept: list[Word] = []
        self.loaded: list[Loaded] = []
        self.protocol = ""
        self.waits = False
        self.interval: Word | None = None

    def run(self) -> None:
        while self.pending:
            word = self.pending.pop()
            if word.text == "--" and not self.pending:
                break
            if word.text[:1] != "-" or word.text in ("-", "--"):
                self.kept.append(word)
            else:
                self._option(self._without_flags(word))
        if self.interval and not self.waits:
            raise ReadError(f"{self.interval.text} wants -w beside it", span=self.interval.span)

    def _without_flags(self, word: Word) -> Word:
        """What is left of a word when the flags at its beginning are words of their own."""
        while len(word.text) > 2 and word.text[1] in _FLAGS:
            text, (source, start, end) = word
            self._option(Word(text[:2], Span(source, start, min(start + 2, end))))
            word = Word("-" + text[2:], Span(source, min(start + 2, end - 1), end))
        return word

    def _option(self, word: Word) -> None:
        name, value = self._name(word.text), attached(word)
        if name == "verbose" or (name == "family" and word.text in _OF_FAMILY[self.family]):
            return
        if name in ("wait", "wait-interval"):
            self._wait(name, word, value)
        elif name in ("table", "modprobe"):
            given = value or self._value(word, name)
            self.table = given if name == "table" else self.table
        else:
            self.kept.append(word)
            if name in _VALUED:
                self._load(name, value or self._kept_value(word))
            elif name is None and word.text.startswith("--"):
                self._values_of_extension(word, value)

    def _name(self, text: str) -> str | None:
        if not text.startswith("--"):
            return letter_of(text) or SHORT.get(text[:2])
        return letter_of(text) or core_option(text, self.loaded)

    def _value(self, word: Word, name: str) -> Word:
        if not self.pending:
            what = {"table": "a table", "modprobe": "a program"}[name]
            raise ReadError(f"{word.text} wants {what} behind it", span=word.span)
        return self.pending.pop()

    def _kept_value(self, word: Word) -> Word | None:
        """The word behind an option, which is its value whatever it looks like; where there is
        none, whoever reads the option says so."""
        if not self.pending:
            return None
        self.kept.append(self.pending.pop())
        return self.kept[-1]

    def _wait(self, name: str, word: Word, value: Word | None) -> None:
        if value is None and self.pending and self.pending[-1].text[:1] not in ("-", "!"):
            value = self.pending.pop()
        if value is not None:
            try:
                number(value.text, 0, 0x7FFFFFFF)
            except ValueError as error:
                raise ReadError(f"behind {word.text}: {error}", span=value.span) from None
        if name == "wait":
            self.waits = True
        elif value is None:
            raise ReadError(f"{word.text} wants a number behind it", span=word.span)
        else:
            self.interval = word

    def _load(self, name: str, value: Word | None) -> None:
        if value is None:
            return
        if name == "proto":
            with suppress(ValueError):
                self.protocol = protocol_match(value.text)
        ext = find(_EXTENSIONS[name], value.text) if name in _EXTENSIONS else None
        if ext is not None and self.family in ext.families:
            self.loaded.append(Loaded(ext, value.span))

    def _values_of_extension(self, word: Word, value: Word | None) -> None:
        name = word.text[2:].partition("=")[0]
        found = known_option(name, word, self.protocol, self.family, self.loaded)
        if found is None:
            ambiguous(word, self.loaded)
            return
        option = found[1]
        for _ in range(option.type.arity - (value is not None)):
            if option.optional and self.pending and self.pending[-1].text[:1] in ("-", "!"):
                return
            self._kept_value(word)
