"""Where packets are steered to: the values that the place names, the simplest first.

Simple is what `fwsim trace` would send: a SYN to port 80 from a host that the place knows. Then
come the edges: where a rule, a set or a route begins and ends to hold, and just outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from fwsim.machine.opening import opening
from fwsim.model.fields import Field
from fwsim.model.names import iface_value
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP, Packet
from fwsim.model.pred import Pred
from fwsim.questions.conversation import door
from fwsim.readings.strategy import edges, nearest
from fwsim.strategies.building import view_of

if TYPE_CHECKING:
    from fwsim.machine.sets.regions import Regions
    from fwsim.questions.population import Population
    from fwsim.readings.space import PacketSet

MOST_RULES = 2000  # of which edges are taken, and regions
_DRAWN = (
    "proto", "dport", "sport", "icmp_type", "icmp_code", "tcp_flags", "length", "ttl", "tos",
    "tcp_options",
)  # fmt: skip


def route_edges(regions: Regions, field: Field) -> tuple[int, ...]:
    """Where routes treat addresses otherwise."""
    classes = regions.sources if field.name == "src" else regions.destinations
    return edges((pred for pred, _ in classes), field)


def rule_preds(regions: Regions) -> tuple[Pred, ...]:
    """When the rules of a namespace match, the first ones where there are very many."""
    ruleset = regions.ns.rulesets.get(regions.family)
    tables = ruleset.tables.values() if ruleset else ()
    rules = (rule for t in tables for chain in t.chains.values() for rule in chain.rules)
    return tuple(rule.pred for rule in islice(rules, MOST_RULES))


def within(packets: PacketSet, field: Field, values: Iterable[int]) -> tuple[int, ...]:
    """Those of the values that some packet of a set has, each once."""
    diagrams, node = packets.diagrams, packets.onto([field]).node
    found = dict.fromkeys(values)
    return tuple(v for v in found if nearest(diagrams, node, field, v, True)[0] == v)


class Steering:
    """The likes (fwsim.readings.strategy) of packets of a set."""

    def __init__(self, population: Population, packets: PacketSet) -> None:
        self.population, self.packets = population, packets
        self.family = population.family
        self._begun: dict[int, Mapping[str, int]] = {}
        self._doors: dict[int, int] = {}
        self._near = {f.name: self._edges(f) for f in packets.diagrams.order}
        best = self._best()
        for name in ("src", "dst"):
            known = [like[name] for like in (best, *population.likes())]
            self._near[name] = tuple(dict.fromkeys((*known, *self._near[name])))

    def __call__(self, field: Field, view: Mapping[str, int]) -> Sequence[int]:
        """The values that are wished for."""
        name, near = field.name, self._near[field.name]
        match name:
            case "proto" | "src" | "dst":
                return near
            case "in":
                return (self._door(view), *near)
        return (self._usual(view)[name], *near) if name in _DRAWN else ()

    def _usual(self, view: Mapping[str, int]) -> Mapping[str, int]:
        """What the packet has that `fwsim trace` sends for that protocol."""
        proto = view["proto"]
        if proto not in self._begun:
            self._begun[proto] = view_of(opening(self.family, (0, 0), proto))
        return self._begun[proto]

    def _door(self, view: Mapping[str, int]) -> int:
        """The device by which packets of that source come in."""
        src = view["src"]
        if src not in self._doors:
            dev = door(self.population.simulation, Packet(self.family, src, view["dst"]))
            ports = self.population.walk.regions.ns.ports(dev)
            self._doors[src] = iface_value(ports[0].name if ports else dev)
        return self._doors[src]

    def _edges(self, field: Field) -> tuple[int, ...]:
        """Those that the place names, as far as some packet of the set has them."""
        regions, icmp = self.population.walk.regions, ICMP if self.family == 4 else ICMP6
        named: tuple[int, ...] = ()
        if field.name in ("src", "dst"):
            named = route_edges(regions, field)
        elif field.name == "in":
            named = tuple(map(iface_value, regions.devices))
        elif field.name == "proto":
            named = (TCP, UDP, icmp)
        return within(self.packets, field, (*named, *edges(self._rules, field)))

    @cached_property
    def _rules(self) -> tuple[Pred, ...]:
        return rule_preds(self.population.walk.regions)

    def _best(self) -> Mapping[str, int]:
        """The first two ends that people would expect, and some packet has."""
        usual = {"proto": TCP, **self._usual({"proto": TCP})}
        likes = self.population.likes()
        for like in likes:
            view = self.packets.witness({**usual, **like})
            if view and all(view.get(name) == value for name, value in like.items()):
                return like
        found = self.packets.witness(usual) or {}
        return {name: found.get(name, 0) for name in ("src", "dst")}
