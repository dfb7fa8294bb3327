"""Rules, chains, tables, rulesets: frozen records that keep their place in the text they came from.

A rule's meaning is read off its parts (`Rule.meaning`), its canonical text by fwsim.language.write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from fwsim.language.core import interface, network, protocol
from fwsim.language.options import Context, Extension, Match, Meaning, Target, Use
from fwsim.model import fields as F
from fwsim.model.actions import ACCEPT, DROP, QUEUE, RETURN, Action, Jump, Verdict
from fwsim.model.errors import Span
from fwsim.model.frozen import Frozen, aside, replace
from fwsim.model.pred import (
    FALSE,
    And,
    Free,
    Pred,
    all_of,
    any_of,
    atoms,
    is_in,
    negate,
)
from fwsim.model.printing import Shown
from fwsim.model.tuples import NamedTuple
from fwsim.readings.concrete import Test, compile_pred

T = TypeVar("T")

TABLES: Mapping[str, tuple[str, ...]] = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
VERDICTS: Mapping[str, Verdict] = {v.name: v for v in (ACCEPT, DROP, QUEUE, RETURN)}


class Is(NamedTuple, Generic[T]):
    """A core option's value and whether `!` stands before it."""

    value: T
    negated: bool = False


class Part(NamedTuple):
    """One piece of a rule's condition: the core options, or one match."""

    use: Use | None
    meaning: Meaning


class Rule(Frozen):
    """One rule. `src` and `dst` are (address, mask); `frag` is -f; `jump` is a chain's name with
    -j or -g, `target` an extension, `verdict` a plain one; a rule may have none of the three.
    `around` holds what the host has and its other rules share with this one (language.bind)."""

    family: int = 4
    src: Is[tuple[int, int]] | None = None
    dst: Is[tuple[int, int]] | None = None
    in_: Is[str] | None = None
    out: Is[str] | None = None
    proto: Is[int] | None = None
    frag: Is[bool] | None = None
    matches: tuple[Use, ...] = ()
    verdict: Verdict | None = None
    jump: Jump | None = None
    target: Use | None = None
    counters: tuple[int, int] = aside(default=(0, 0))
    span: Span | None = aside(default=None)
    target_span: Span | None = aside(default=None)
    around: Context | None = aside(default=None)

    @cached_property
    def context(self) -> Context:
        """What its extensions may depend on."""
        plain = self.proto if self.proto and not self.proto.negated else None
        around = self.around or Context(self.family)
        return around._replace(proto=plain.value if plain else None)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Its condition in the order in which the kernel asks: core options, then each match."""
        uses = (self.part(nth, use) for nth, use in enumerate(self.matches))
        return (*self.core(), *uses)

    def core(self) -> tuple[Part, ...]:
        """The parts that the core options are."""
        return tuple(Part(None, meaning) for meaning in self._core())

    def part(self, nth: int, use: Use) -> Part:
        """The part that a match is, which stands as number `nth` in the rule."""
        assert isinstance(use.ext, Match)
        meaning = use.ext.meaning(use.options, self.context._replace(nth=nth))
        return Part(use, meaning if isinstance(meaning, Meaning) else Meaning(meaning))

    @cached_property
    def pred(self) -> Pred:
        """When it matches (hot drops apart)."""
        return pred_of(self.parts)

    @cached_property
    def test(self) -> Test:
        """`pred`, compiled for asking often."""
        return compile_pred(self.pred)

    @cached_property
    def open(self) -> bool:
        """It asks for facts that no field holds."""
        return any(isinstance(atom, Free) for atom in atoms(self.pred))

    @cached_property
    def drops(self) -> Pred:
        """When it drops the packet at once instead of missing it."""
        return drops_of(self.parts)

    @cached_property
    def hotdrop(self) -> Test | None:
        """`drops`, compiled for asking often; None if it never does."""
        return None if self.drops == FALSE else compile_pred(self.drops)

    @cached_property
    def takes(self) -> Test | None:
        """When it takes the packet for one to the host (Meaning.takes); None if it never does."""
        at = [number for number, part in enumerate(self.parts) if part.meaning.takes]
        return compile_pred(all_of(*(p.meaning.pred for p in self.parts[: at[0]]))) if at else None

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """What it does when it matches."""
        if self.verdict is not None:
            return (self.verdict,)
        if self.jump is not None:
            return (self.jump,)
        if self.target is None:
            return ()
        assert isinstance(self.target.ext, Target)
        return self.target.ext.meaning(self.target.options, self.context)

    @property
    def uses(self) -> tuple[Use, ...]:
        """Its extensions, in order."""
        return (*self.matches, self.target) if self.target else self.matches

    @cached_property
    def sharing(self) -> bool:
        """It shares a memory with other rules."""
        return any(use.ext.shares for use in self.uses)

    @cached_property
    def particular(self) -> tuple[Use, ...]:
        """Those of its extensions that may not stand everywhere."""
        return tuple(use for use in self.uses if use.hooks or use.tables)

    @cached_property
    def final(self) -> bool:
        """It ends its chain for every packet: a verdict without any condition."""
        core = (self.src, self.dst, self.in_, self.out, self.frag, *self.matches)
        any_proto = self.proto is None or (self.family == 4 and not self.proto.value)
        return self.verdict is not None and any_proto and not any(core)

    @property
    def target_name(self) -> str:
        """The word behind -j or -g; empty for a rule that only counts."""
        if self.verdict is not None:
            return self.verdict.name
        if self.jump is not None:
            return self.jump.chain
        return self.target.ext.name if self.target else ""

    def _core(self) -> Iterator[Meaning]:
        """ip_packet_match (net/ipv4/netfilter/ip_tables.c): addresses, devices, protocol, -f. In
        IPv6 a protocol that cannot be found drops the packet (ip6_packet_match)."""
        first = self._asked(
            (self.src, self.src and network(F.SRC[self.family], *self.src.value)),
            (self.dst, self.dst and network(F.DST[self.family], *self.dst.value)),
            (self.in_, self.in_ and interface(F.IN, self.in_.value)),
            (self.out, self.out and interface(F.OUT, self.out.value)),
        )
        last = self._asked(
            (self.proto, self.proto and protocol(self.proto.value)),
            (self.frag, self.frag and is_in(F.FRAG, (1, F.FRAG.top))),
        )
        if self.family == 4 or self.proto is None or not self.proto.value:
            yield Meaning(And((*first, *last)))
            return
        yield Meaning(And(first))
        found = (is_in(F.HEADERS, 1),) if self.proto.negated else ()  # not found, it is 0
        yield Meaning(And((*found, *last)), is_in(F.HEADERS, 0))

    @staticmethod
    def _asked(*options: tuple[Is[Any] | None, Pred | None]) -> tuple[Pred, ...]:
        return tuple(negate(pred, o.negated) for o, pred in options if o is not None and pred)

    def counted(self, packets: int, octets: int) -> Rule:
        """The same rule with so much added to its counters."""
        return replace(self, counters=(self.counters[0] + packets, self.counters[1] + octets))


def pred_of(parts: Sequence[Part]) -> Pred:
    """When a rule of these parts matches."""
    return all_of(*(part.meaning.pred for part in parts))


def drops_of(parts: Sequence[Part]) -> Pred:
    """When it drops the packet at once."""
    before: list[Pred] = []
    drops: list[Pred] = []
    for part in parts:
        hotdrop = part.meaning.hotdrop
        if hotdrop is not FALSE and hotdrop != FALSE:
            drops.append(all_of(hotdrop, *before))  # the rarest first
        before.append(part.meaning.pred)
    return any_of(*drops) if drops else FALSE


class Chain(Frozen):
    """A chain: built-in ones have a policy (ACCEPT or DROP), user chains have None."""

    name: str
    policy: str | None = None
    counters: tuple[int, int] = aside(default=(0, 0))
    rules: Sequence[Rule] = ()
    span: Span | None = aside(default=None)


class Unread(Mapping[str, Chain]):
    """Chains that are made, and rules that are read, when somebody asks for them."""

    def samples(self) -> Iterable[Rule]:
        """Some rules: each one in the chains has all but values of options in common with one."""
        raise NotImplementedError


class Table(Frozen):
    """A table: its built-in chains in hook order, then its user chains by name."""

    name: str
    chains: Mapping[str, Chain]

    @cached_property
    def samples(self) -> list[Rule]:
        """Its rules; of those that have not been read yet, one of each shape."""
        if isinstance(self.chains, Unread):
            return list(self.chains.samples())
        return [rule for chain in self.chains.values() for rule in chain.rules]

    @cached_property
    def extensions(self) -> Mapping[str, Extension]:
        """The extensions that its rules use, by name."""
        return {use.ext.name: use.ext for rule in self.samples for use in rule.uses}


class Ruleset(Shown, Frozen):
    """All tables of one family, in the order in which iptables-save prints them. `nft`: they stand
    in nf_tables, whose hooks have an order of their own. `notes` say what the text that it was read
    from does not tell, and as what it was read."""

    family: int = 4
    tables: Mapping[str, Table] = MappingProxyType({})
    nft: bool = aside(default=False)
    notes: tuple[str, ...] = aside(default=())

    def chain(self, table: str, chain: str) -> Chain | None:
        """The chain, or None."""
        found = self.tables.get(table)
        return found.chains.get(chain) if found else None

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The names of all extensions that its rules use. A CT that only keeps packets from being
        tracked is NOTRACK."""
        return frozenset(
            "NOTRACK" if use.ext.name == "CT" and "notrack" in use.options else use.ext.name
            for table in self.tables.values()
            for rule in table.samples
            for use in rule.uses
        )

    def rule(self, table: str, chain: str, number: int) -> Rule:
        """Rule `number` of a chain, counting from 1."""
        return self.tables[table].chains[chain].rules[number - 1]


def empty_table(name: str) -> Table:
    """A table as the kernel makes it: its built-in chains, policy ACCEPT, no rules."""
    return Table(name, {chain: Chain(chain, "ACCEPT") for chain in TABLES[name]})
