"""A chain's rules as a sequence that reads them when somebody asks.

A large dump repeats few shapes of lines (fwsim.language.shapes). A `Line` is one of a known shape:
that it reads without fault, where it jumps and all but the values of some options is told without
reading it. The rule itself is read by the ordinary reader, once somebody wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

from fwsim.language.ruleset import Rule, Unread
from fwsim.language.rulespec import read_rules
from fwsim.language.words import statement
from fwsim.model.errors import Source, Span

if TYPE_CHECKING:
    import re


class Dump:
    """A text whose lines are read one by one, each at most once."""

    def __init__(self, source: Source, family: int) -> None:
        self.source, self.family = source, family
        self._read: dict[int, Rule] = {}

    def rule(self, start: int) -> Rule:
        """The rule of the line `-A CHAIN …` that begins there and is known to be good."""
        rule = self._read.get(start)
        if rule is None:
            line = statement(self.source, start, self.end(start))
            chain, *words = line.words[1:]
            span = Span(self.source, line.words[0].span.start, line.words[-1].span.end)
            (rule,) = read_rules(words, self.family, chain.text, span, line.counters)
            self._read[start] = rule
        return rule

    def end(self, start: int) -> int:
        """Where the line that begins there ends."""
        end = self.source.text.find("\n", start)
        return len(self.source.text) if end < 0 else end


class Shape(NamedTuple):
    """What lines of a dump have in common that differ in the values of some options only.
    `sample` is one of them, read. `match` finds one; its groups are the chain and where it jumps.
    `canonical`: iptables-save writes them as they stand; `counted`: counters stand before them."""

    dump: Dump
    sample: Rule
    match: re.Pattern[str]
    canonical: bool
    counted: bool


Line: TypeAlias = tuple[Shape, int, str]
"""A line of a known shape, where it begins, and the chain it jumps to (empty if none). A bare
tuple, since a large dump has very many."""

Entry: TypeAlias = Rule | Line


class Rules(Unread):
    """Immutable, as a tuple of rules; some may not have been read yet."""

    __slots__ = ("entries",)

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    @overload
    def __getitem__(self, at: int) -> Rule: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, at: int | slice) -> Rule | tuple[Rule, ...]:
        if isinstance(at, slice):
            return tuple(map(rule_of, self.entries[at]))
        return rule_of(self.entries[at])

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Rule]:
        return map(rule_of, self.entries)

    def kinds(self) -> Iterable[Rule]:
        """Rules that are there as such, and one of each shape."""
        return {id(rule): rule for rule in map(sample_of, self.entries)}.values()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rules | tuple):
            return NotImplemented
        if len(self) != len(other):
            return False
        same = isinstance(other, Rules) and self.entries == other.entries
        return same or all(one == two for one, two in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def rule_of(entry: Entry) -> Rule:
    """The rule."""
    return entry[0].dump.rule(entry[1]) if isinstance(entry, tuple) else entry


def entries_of(rules: Sequence[Rule]) -> Sequence[Entry]:
    """The rules; as lines, those that nobody has read yet."""
    return rules.entries if isinstance(rules, Rules) else rules


def jump_of(entry: Entry) -> str:
    """The chain that it jumps or goes to; empty if none."""
    if isinstance(entry, tuple):
        return entry[2]
    return entry.jump.chain if entry.jump else ""


def sample_of(entry: Entry) -> Rule:
    """A rule that has all but the values of some options in common with this one."""
    return entry[0].sample if isinstance(entry, tuple) else entry


def saved_of(entry: Entry, counters: bool) -> str | None:
    """Its line as iptables-save writes it, where that is known without reading or writing it."""
    if not isinstance(entry, tuple) or not entry[0].canonical:
        return None
    shape, start, _ = entry
    text, end = shape.dump.source.text, shape.dump.end(start)
    if shape.counted and not counters:
        start = text.index("-", start)
    before = "[0:0] " if counters and not shape.counted else ""
    return before + text[start:end]


def is_unmoved(entry: Entry) -> bool:
    """Its counters are zero, as far as can be told without reading it."""
    if isinstance(entry, tuple):
        return entry[0].canonical and not entry[0].counted
    return entry.counters == (0, 0)
