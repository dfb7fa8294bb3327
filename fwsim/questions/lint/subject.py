"""What checks look at: a host's rules of one family, table by table, as sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Rule
from fwsim.language.write import rule_text
from fwsim.machine.policy import Flow
from fwsim.machine.routing import lookup
from fwsim.machine.sets.cases import Cases
from fwsim.machine.sets.env import Env
from fwsim.machine.sets.regions import Regions
from fwsim.machine.sets.universe import Derived, possible, whole
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import Pred, all_of, any_of, is_in, negate
from fwsim.model.trace import Ref
from fwsim.questions.lint.kinds import generated
from fwsim.questions.lint.never import Never, never
from fwsim.questions.lint.survey import Survey, Where
from fwsim.readings.diagram import FIRST
from fwsim.readings.space import PacketSet, Space

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.machine.simulate import Simulation
    from fwsim.machine.world import Namespace
    from fwsim.questions.witness import Witness

NODES = 1 << 24  # of decision diagrams; beyond it the question is refused
_FIRST = (
    *(name for name in FIRST if name not in ("src", "mac_src")),
    "out",
    "in",
    "src",
    "mac_src",
)
"""Chains are mostly entered by devices, and sources told apart within them."""
_HEADERS = ("headers", "l4_header", "ports", "bridged")
_TYPES = ("src_type", "dst_type", "in_group", "out_group")
_WITNESSES = 400  # of one family; what is found beyond them is told without


class Subject:
    """A family's rules on the host of a simulation."""

    def __init__(self, simulation: Simulation, family: int) -> None:
        self.simulation, self.world, self.family = simulation, simulation.world, family
        self.ns: Namespace = self.world.namespaces[self.world.host]
        self.ruleset = self.ns.rulesets[family]
        self.space = Space(nodes=NODES, first=_FIRST)
        self.space.know((F.PROTO, F.DPORT, F.SPORT, F.DST[family], F.SRC[family], F.IN, F.OUT))
        self.regions = Regions(self.world, self.ns, family)
        self._derived = Derived(self.regions)
        self.frags = not self.ns.reassembles(family) and any(
            rule.frag for table in self.ruleset.tables.values() for rule in table.samples
        )
        self.env = Env(self.space, derive=self._derive)
        if not self.frags:
            self.env = self.env.having({F.FRAG: self.env.number(0)})
        self.universe = self.env.read(whole(family))
        self.diagrams = self.space.diagrams
        self._surveys: dict[str, Survey] = {}
        self._never: dict[str, tuple[Never, ...]] = {}
        self._witnesses = 0

    def _derive(self, env: Env, field: Field) -> Cases | None:
        known = field.name in _HEADERS or (field.name in _TYPES and not self.world.inferred)
        return self._derived(env, field) if known else None

    def survey(self, table: str) -> Survey:
        """A table, rule by rule."""
        if table not in self._surveys:
            told = self.ruleset.tables[table]
            self._surveys[table] = Survey(
                told, self.family, self.env, self.universe, frags=self.frags
            )
        return self._surveys[table]

    def surveys(self) -> Iterator[Survey]:
        """All tables, in the order of the text."""
        return map(self.survey, self.ruleset.tables)

    def never(self, survey: Survey) -> tuple[Never, ...]:
        """The rules of a table that never match."""
        name = survey.table.name
        if name not in self._never:
            self._never[name] = never(survey)
        return self._never[name]

    # -- telling ----------------------------------------------------------------------------------

    def ref(self, table: str, at: Where) -> Ref:
        """The rule, or the policy, at a place."""
        name, number = at
        chain = self.ruleset.tables[table].chains[name]
        where = (self.world.host, self.family, table, name)
        if not number:
            line = chain.span.line if chain.span else 0
            return Ref(*where, "policy", line, chain.policy or "")
        rule: Rule = chain.rules[number - 1]
        return Ref(*where, number, rule.span.line if rule.span else 0, rule_text(rule))

    def refs(self, table: str, places: Iterable[Where]) -> tuple[Ref, ...]:
        """The same, of several."""
        return tuple(self.ref(table, at) for at in places)

    def generated(self, ref: Ref) -> bool:
        """Software writes the rule anew whenever it likes."""
        number = ref.rule
        rule = self.ruleset.rule(ref.table, ref.chain, number) if isinstance(number, int) else None
        return generated(ref.chain, rule)

    # -- witnesses --------------------------------------------------------------------------------

    def witness(self, found: BCDDFunction, table: str, at: Where) -> Witness | None:
        """A packet of a set, replayed, that the rule matches (or that comes to the policy); None
        where the host as it is known never has such a packet, or none was found."""
        from fwsim.questions.witness import matching

        if self._witnesses >= _WITNESSES:
            return None
        survey = self.survey(table)
        packets = PacketSet(self.space, found & self._routed & survey.there(survey.rows[at[0]]))
        if survey.rows[at[0]].hooks == {"INPUT"}:  # nothing else comes there
            packets = packets & PacketSet(self.space, self.local)
        if packets.is_empty:
            return None
        self._witnesses += 1
        return matching(packets, self.family, self.simulation, (table, *at), self._likes)

    @cached_property
    def _ways(self) -> list[tuple[Pred, str, str]]:
        """Destinations, and by which kind of route and which device they are reached."""
        found = []
        for pred, sample in self.regions.destinations:
            way = lookup(self.ns, Flow(self.family, sample["dst"]))
            found.append((pred, way.kind, way.dev))
        return found

    @cached_property
    def _local(self) -> Pred:
        return any_of(*(pred for pred, kind, _ in self._ways if kind == "local"))

    @cached_property
    def local(self) -> BCDDFunction:
        """The packets for the host itself, as far as its addresses are known."""
        return self.env.read(self._local)

    @cached_property
    def _routed(self) -> BCDDFunction:
        """First packets of connections whose routes lead where they are."""
        none = iface_value("")
        away = [
            all_of(pred, is_in(F.OUT, iface_value(dev)))
            for pred, kind, dev in self._ways
            if dev and kind != "local"
        ]
        doors = [iface_value(d.name) for d in self.ns.devices.values() if d.up and d.name != "lo"]
        enters = is_in(F.IN, none, *doors)
        routed = any_of(
            all_of(self._local, is_in(F.OUT, none)),
            *away,
            all_of(is_in(F.OUT, none), negate(is_in(F.IN, none))),
        )
        first = all_of(
            possible(self.family, (STATES.index("NEW"),)), enters, routed,
            negate(is_in(F.SRC[self.family], 0)),
        )  # fmt: skip
        return self.env.read(first)

    @cached_property
    def _likes(self) -> list[dict[str, int]]:
        """Addresses that people would expect."""
        from fwsim.machine.naming import BEYOND

        own = [
            (iface_value(d.name), a.value)
            for d, a in self.ns.addresses(self.family)
            if a.scope == "global"
        ]
        far = BEYOND[self.family]
        pairs = [(near[1] + 1, far) for near in own] + [(far, near[1] + 1) for near in own]
        pairs += [(far, near[1]) for near in own]
        both = [{"src": a, "dst": b} for a, b in pairs[:20]]
        return [*both, {"src": far}, {"dst": far}, *({"dst": near[1]} for near in own[:5]), {}]
