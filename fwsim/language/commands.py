"""iptables commands: -A -I -D -R -P -N -X -F -E -Z, in a dump or behind `--with`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fwsim.language.builder import Builder
from fwsim.language.ruleset import Rule, Ruleset
from fwsim.language.rulespec import read_rules
from fwsim.language.validate import validate
from fwsim.language.words import Word, command_words
from fwsim.model.errors import ReadError, Source, Span

_LETTERS = {
    "--append": "-A", "--insert": "-I", "--delete": "-D", "--replace": "-R", "--policy": "-P",
    "--new-chain": "-N", "--new": "-N", "--delete-chain": "-X", "--flush": "-F",
    "--rename-chain": "-E", "--zero": "-Z",
}  # fmt: skip
_KNOWN = ("-A", "-I", "-D", "-R", "-P", "-N", "-X", "-F", "-E", "-Z")
_PROGRAMS = {
    f"{program}{backend}": family
    for program, family in (("iptables", 4), ("ip6tables", 6))
    for backend in ("", "-legacy", "-nft")
}


def apply(rulesets: dict[int, Ruleset], command: str, name: str = "command") -> None:
    """Carry out one command, `iptables -t nat -A …` or `ip6tables …`, on the rulesets by family,
    replacing the one it changes. Raises ReadError where iptables would refuse."""
    source = Source(name, command)
    words = command_words(source)
    family = 4
    if words and words[0].text == "sudo":
        words = words[1:]
    if words and words[0].text.rpartition("/")[2] in _PROGRAMS:
        family = _PROGRAMS[words[0].text.rpartition("/")[2]]
        words = words[1:]
    span = Span(source, 0, len(command))
    if not words:
        raise ReadError("this is no command; expected iptables -A CHAIN …", span=span)
    builder = Builder(rulesets.get(family, Ruleset(family)))
    table, words = take_table(words)
    builder.table(table.text if table else "filter", table.span if table else span)
    run(builder, table.text if table else "filter", words)
    rulesets[family] = builder.freeze()
    validate(rulesets[family])


def take_table(words: list[Word]) -> tuple[Word | None, list[Word]]:
    """Take `-t TABLE` and the options that only say how iptables works (-w, -v, -n) out."""
    table = None
    rest: list[Word] = []
    pending = iter(words)
    for word in pending:
        if word.text in ("-t", "--table"):
            table = next(pending, None)
            if table is None:
                raise ReadError("-t wants a table behind it", span=word.span)
        elif word.text not in ("-w", "--wait", "-v", "--verbose", "-n", "--numeric"):
            rest.append(word)
    return table, rest


def run(
    builder: Builder, table: str, words: list[Word], counters: tuple[int, int] | None = None
) -> None:
    """Carry out one command's words on an open table. ReadError where iptables would refuse."""
    if not words:
        return
    first = words[0]
    letter = _LETTERS.get(first.text, first.text)
    if letter not in _KNOWN:
        raise ReadError(
            f"expected a command, one of {' '.join(_KNOWN)}, not {first.text!r}", span=first.span
        )
    _Command(builder, table, letter, words, counters).run()


class _Command:
    def __init__(
        self,
        builder: Builder,
        table: str,
        letter: str,
        words: list[Word],
        counters: tuple[int, int] | None,
    ) -> None:
        self.builder = builder
        self.table = table
        self.letter = letter
        self.rest = words[1:]
        self.counters = counters
        source = words[0].span.source
        self.span = Span(source, words[0].span.start, words[-1].span.end)

    def run(self) -> None:
        if self.letter in ("-A", "-I", "-D", "-R"):
            self._rule_command()
        elif self.letter in ("-F", "-Z", "-X"):
            self._chain_command()
        else:
            self._name_command()

    def _take(self, expected: str) -> Word:
        if not self.rest:
            raise ReadError(f"{self.letter} wants {expected}", span=self.span)
        return self.rest.pop(0)

    def _number(self, needed: bool) -> int | None:
        if self.rest and self.rest[0].text.isascii() and self.rest[0].text.isdecimal():
            return int(self.rest.pop(0).text[:10])
        if needed:
            raise ReadError(f"{self.letter} wants a rule's number", span=self.span)
        return None

    def _rule_command(self) -> None:
        chain = self._take("a chain").text
        if self.letter == "-D" and len(self.rest) == 1:
            number = self._number(needed=False)
            if number is not None:
                self.builder.delete(self.table, chain, number, self.span)
                return
        at = self._number(needed=self.letter == "-R") if self.letter in ("-I", "-R") else None
        rules = read_rules(self.rest, self.builder.family, chain, self.span)
        if self.counters:
            rules = [replace(rule, counters=self.counters) for rule in rules]
        if self.letter in ("-A", "-I"):
            where = None if self.letter == "-A" else at or 1
            self.builder.insert(self.table, chain, where, rules, self.span)
        elif self.letter == "-D":
            self._delete(chain, rules)
        else:
            self._replace(chain, at or 1, rules)

    def _delete(self, chain: str, rules: Iterable[Rule]) -> None:
        for rule in rules:
            self.builder.delete(self.table, chain, rule, self.span)

    def _replace(self, chain: str, number: int, rules: list[Rule]) -> None:
        if len(rules) != 1:
            raise ReadError("-R puts one rule in the place of one", span=self.span)
        self.builder.change(self.table, chain, number, rules[0], self.span)

    def _chain_command(self) -> None:
        chain = self.rest.pop(0).text if self.rest else None
        if self.letter == "-F":
            self.builder.flush(self.table, chain, self.span)
        elif self.letter == "-X":
            self.builder.remove(self.table, chain, self.span)
        else:
            self.builder.zero(self.table, chain, self._number(needed=False), self.span)
        self._end()

    def _name_command(self) -> None:
        chain = self._take("a chain").text
        if self.letter == "-N":
            self.builder.new(self.table, chain, self.span)
        elif self.letter == "-E":
            self.builder.rename(self.table, chain, self._take("a new name").text, self.span)
        else:
            policy = self._take("ACCEPT or DROP").text
            self.builder.policy(self.table, chain, policy, self.counters or (0, 0), self.span)
        self._end()

    def _end(self) -> None:
        if self.rest:
            raise ReadError("nothing more is expected here", span=self.rest[0].span)
