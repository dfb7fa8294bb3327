"""A chain's rules as a sequence that makes them when somebody asks.

A large dump repeats few shapes of lines (fwsim.language.shapes). A `Line` is one of a known shape:
that it reads without fault, where it jumps and all but the values of some options is told without
reading it. The rule itself is made (fwsim.language.maker) once somebody wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from fwsim.language.maker import Maker, Parts
from fwsim.language.options import Options
from fwsim.language.ruleset import Chain, Rule, Table, Unread
from fwsim.language.types import Context
from fwsim.model.errors import Source, Span
from fwsim.model.frozen import record, replace
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    import re


class Dump:
    """A text, and the rules of those of its lines that somebody asked for."""

    def __init__(self, source: Source, family: int) -> None:
        self.source, self.family = source, family
        self.made: dict[int, Rule] = {}

    def end(self, start: int) -> int:
        """Where the line that begins there ends."""
        end = self.source.text.find("\n", start)
        return len(self.source.text) if end < 0 else end


class Shape(NamedTuple):
    """What lines of a dump have in common that differ in the values of some options only.
    `sample` is one of them, read. `match` finds one; its groups are the chain and where it jumps.
    `canonical`: iptables-save writes them as they stand; `counted`: counters stand before them;
    `particular`: they may not stand everywhere, or end their chain for every packet."""

    dump: Dump
    sample: Rule
    match: re.Pattern[str]
    maker: Maker
    canonical: bool
    counted: bool
    particular: bool


Line: TypeAlias = tuple[Shape, int, str]
"""A line of a known shape, where it begins, and the chain it jumps to (empty if none). A bare
tuple, since a large dump has very many."""

Entry: TypeAlias = Rule | Line


class Entries(list["Entry"]):
    """Rules as they are kept; nobody changes them once they are in `Rules`. `index` finds some of
    them (fwsim.language.index)."""

    __slots__ = ("index",)

    index: Any


class Rules(Sequence[Rule]):
    """Immutable, as a tuple of rules; some may not have been read yet. `around` is what stands
    around them (fwsim.language.bind)."""

    __slots__ = ("_bound", "around", "entries")

    def __init__(self, entries: Entries, around: Context | None = None) -> None:
        self.entries, self.around = entries, around
        self._bound: dict[int, Rule] | None = None

    def _rule(self, at: int) -> Rule:
        entry = self.entries[at]
        if self.around is None or not sample_of(entry).sharing:
            return rule_of(entry)
        if self._bound is None:
            self._bound = {}
        at %= len(self.entries)
        if at not in self._bound:
            self._bound[at] = replace(rule_of(entry), around=self.around)
        return self._bound[at]

    @overload
    def __getitem__(self, at: int) -> Rule: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, at: int | slice) -> Rule | tuple[Rule, ...]:
        if isinstance(at, slice):
            return tuple(map(self._rule, range(*at.indices(len(self)))))
        return self._rule(at)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Rule]:
        return map(self._rule, range(len(self)))

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


Declared: TypeAlias = tuple[Dump, int, Entries]
"""A user chain that a line of a dump declares: where that begins, and the chain's rules."""


class Chains(Unread):
    """A table's chains. `around` is what stands around their rules."""

    def __init__(self, raw: Mapping[str, Chain | Declared], around: Context | None = None) -> None:
        self.raw, self.around = raw, around
        self._made: dict[str, Chain] = {}

    def __getitem__(self, name: str) -> Chain:
        chain = self._made.get(name)
        if chain is None:
            chain = chain_of(name, self.raw[name])
            if self.around is not None:
                entries = entries_of(chain.rules)
                kept = entries if isinstance(entries, Entries) else Entries(entries)
                chain = replace(chain, rules=Rules(kept, self.around))
            self._made[name] = chain
        return chain

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __contains__(self, name: object) -> bool:
        return name in self.raw

    def __repr__(self) -> str:
        return repr(dict(self))

    def samples(self) -> Iterable[Rule]:
        """As Unread.samples."""
        found: dict[int, Rule] = {}
        for chain in self.raw.values():
            for entry in entries_in(chain):
                rule = entry[0].sample if isinstance(entry, tuple) else entry
                found[id(rule)] = rule
        return found.values()


def chain_of(name: str, chain: Chain | Declared) -> Chain:
    """The chain."""
    if not isinstance(chain, tuple):
        return chain
    dump, start, entries = chain
    place = Span(dump.source, start + 1, start + len(name) + 3)  # :NAME -
    return Chain(name, None, (0, 0), Rules(entries), place)


def entries_in(chain: Chain | Declared) -> Sequence[Entry]:
    """A chain's rules; as lines, those that nobody has read yet."""
    return chain[2] if isinstance(chain, tuple) else entries_of(chain.rules)


def raw_chains(table: Table) -> Mapping[str, Chain | Declared]:
    """A table's chains; those that nobody has asked for yet, as they were declared."""
    return table.chains.raw if isinstance(table.chains, Chains) else table.chains


def with_chain(table: Table, chain: Chain) -> Table:
    """The table with other counters in one chain."""
    around = table.chains.around if isinstance(table.chains, Chains) else None
    return with_chains(table, {**raw_chains(table), chain.name: chain}, around)


def with_chains(
    table: Table, chains: Mapping[str, Chain | Declared], around: Context | None
) -> Table:
    """The table with its chains, whose rules do what they did, told what stands around them."""
    # what the table knows of itself remains true
    return record(Table, {**table.__dict__, "chains": Chains(chains, around)})


def rule_of(entry: Entry) -> Rule:
    """The rule."""
    if not isinstance(entry, tuple):
        return entry
    shape, start, _ = entry
    made = shape.dump.made
    if start not in made:
        made[start] = shape.maker.rule(start)
    return made[start]


def parts_of(rules: Sequence[Rule], at: int) -> Parts:
    """The parts of a chain's rule, without making a rule that nobody has made."""
    entry = entries_of(rules)[at]
    if isinstance(entry, tuple) and not entry[0].sample.sharing:
        return entry[0].maker.parts(entry[1])
    parts = rules[at].parts
    core = tuple(part for part in parts if part.use is None)
    return Parts((), parts[len(core) :], lambda: core)


def doing(rules: Sequence[Rule], at: int) -> Rule:
    """A rule that does with its packets what a chain's rule does; itself, or another of its shape
    where that is known without making it."""
    entry = entries_of(rules)[at]
    if isinstance(entry, tuple) and not entry[2] and entry[0].maker.acts_alike:
        return entry[0].sample
    return rules[at]


def options_of(entry: Entry, use: int) -> Options:
    """The options of one of the rule's extensions, without making the rule."""
    if isinstance(entry, tuple):
        return entry[0].maker.options(entry[1], use)
    return entry.uses[use].options


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
