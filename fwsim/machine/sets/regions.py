"""The machine's own answers, for all packets at once: what it decides for one packet of each
region is what it decides for the region.

Routing, bridging and the projection of derived fields (fwsim.machine) are written once, for one
packet. Here the addresses are sorted into classes that all routes, neighbours and settings treat
alike; the machine is asked about one sample of each, and equal answers are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fwsim.machine import routing
from fwsim.machine.bridging import asked_for
from fwsim.machine.buffer import Buffer
from fwsim.machine.chance import Chance
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.moment import Given, Moment, Script
from fwsim.machine.policy import LOOPBACK, Flow, RouteRule, flow_of
from fwsim.machine.sets.env import Env
from fwsim.machine.sets.trees import Class, Dim, Outcome, Tree, spread, tree
from fwsim.machine.topology import resolve_mac
from fwsim.machine.view import View
from fwsim.machine.world import Namespace, World
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import iface_value
from fwsim.model.packet import UDP, Packet
from fwsim.model.pred import Pred, all_of, is_in, masked, negate
from fwsim.model.tuples import NamedTuple
from fwsim.readings.space import Space

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction


class Site(NamedTuple):
    """Where packets are: a namespace and a hook of it."""

    regions: Regions
    hook: str = ""


class Regions:
    """A namespace's classes of packets of one family. Answers are remembered."""

    def __init__(self, world: World, ns: Namespace, family: int) -> None:
        self.world, self.ns, self.family = world, ns, family
        self.src, self.dst = F.SRC[family], F.DST[family]
        self._trees: dict[Hashable, Tree] = {}

    def answers(
        self,
        key: Hashable,
        dims: Iterable[Dim],
        outcome: Outcome,
        env: Env,
        among: BCDDFunction,
    ) -> dict[Hashable, BCDDFunction]:
        """What `outcome` says, each answer with the packets that it is for. `key` names the
        question; the dimensions of regions are what it may depend on."""
        if key not in self._trees:
            self._trees[key] = tree(tuple(dims), outcome, {})
        found: dict[Hashable, list[BCDDFunction]] = {}
        spread(self._trees[key], env, among, found)
        return {answer: env.diagrams.either(parts) for answer, parts in found.items()}

    def learn(self, other: Regions) -> None:
        """Share its answers: those of the same world, but for the rules of this namespace."""
        self._trees = other._trees

    # -- classes ------------------------------------------------------------------------------

    def of_devices(self, field: Field, names: Iterable[str]) -> tuple[Class, ...]:
        """The devices of these names, one by one."""
        return tuple(
            (is_in(field, iface_value(name)), {field.name: iface_value(name)}) for name in names
        )

    def every(self, field: Field) -> tuple[Class, ...]:
        """All devices, one by one, in the order of `devices`."""
        return self.of_devices(field, self.devices)

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """The names of all devices, "" for none."""
        return ("", *self.ns.devices)

    def beside(self, device: int) -> list[int]:
        """The devices, as values of fields, that lead where that one leads."""
        own = self.ns.devices.get(self._named.get(device, ""))
        if own is None or own.peer is None:
            return [device]
        return [
            iface_value(d.name)
            for d in self.ns.devices.values()
            if d.peer and d.peer[0] == own.peer[0]
        ]

    @cached_property
    def _named(self) -> dict[int, str]:
        return {iface_value(name): name for name in self.devices}

    @cached_property
    def sources(self) -> tuple[Class, ...]:
        """Classes of source addresses that routes and settings treat alike."""
        return self.classes(self.src, self._as_routes_see)

    @cached_property
    def destinations(self) -> tuple[Class, ...]:
        """The same, of destinations."""
        return self.classes(self.dst, self._as_routes_see)

    @cached_property
    def neighbours(self) -> tuple[Class, ...]:
        """Finer classes of destinations: those of one have the same MAC on every link too."""
        return self.classes(self.dst, self._as_links_see)

    @cached_property
    def policy(self) -> tuple[Class, ...]:
        """What else the rules of policy routing look at: marks, TOS, protocols, ports."""
        asked = [pred for rule in self.ns.route_rules(self.family) for pred in _asked_by(rule)] + [
            masked(F.TOS, route.tos & 0xFC, 0xFC) for route in self._routes if route.tos
        ]
        fields = (F.MARK, F.TOS, F.PROTO, F.SPORT, F.DPORT)
        space, parts = Space(fields), [all_of()]
        for pred in dict.fromkeys(asked):
            halves = (all_of(part, way) for part in parts for way in (pred, negate(pred)))
            parts = [half for half in halves if not space.read(half).is_empty]
        samples = (space.read(part).witness({"proto": UDP}) or {} for part in parts)
        names = [field.name for field in fields]
        return tuple(
            (part, {name: sample[name] for name in names})
            for part, sample in zip(parts, samples, strict=True)
        )

    @cached_property
    def _routes(self) -> tuple[Any, ...]:
        return self.ns.routes.get(self.family, ())

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables of routes."""
        return tuple(dict.fromkeys(route.table for route in self._routes))

    def classes(self, field: Field, seen: Callable[[int], Hashable]) -> tuple[Class, ...]:
        """Classes of addresses of which the same is seen."""
        edges = sorted(self._edges)
        spans: dict[Hashable, list[tuple[int, int]]] = {}
        for low, after in zip(edges, [*edges[1:], field.top + 1], strict=True):
            spans.setdefault(seen(low), []).append((low, after - 1))
        return tuple((is_in(field, *found), {field.name: found[0][0]}) for found in spans.values())

    @cached_property
    def _edges(self) -> set[int]:
        """Where the treatment of addresses may change."""
        bits = 32 if self.family == 4 else 128
        prefixes = {(route.dst, route.length) for route in self._routes} | _SPECIAL[self.family]
        for rule in self.ns.route_rules(self.family):
            prefixes |= {rule.src, rule.dst}
        for ns in self.world.namespaces.values():
            prefixes |= {(a.value, bits) for _, a in ns.addresses(self.family)}
            prefixes |= {(a.value, a.length) for _, a in ns.addresses(self.family)}
        prefixes |= {(ip, bits) for _, family, ip in self.ns.neighbours if family == self.family}
        prefixes |= {(group, bits) for group in routing.groups(self.ns, self.family)}
        edges = {0}
        for value, length in prefixes:
            low = value >> bits - length << bits - length
            edges |= {low, low + (1 << bits - length)}
        return {edge for edge in edges if edge < 1 << bits}

    def _as_routes_see(self, address: int) -> Hashable:
        bits = 32 if self.family == 4 else 128
        ruled = tuple(
            address >> bits - length == value >> bits - length
            for rule in self.ns.route_rules(self.family)
            for value, length in (rule.src, rule.dst)
        )
        found = (routing.best_route(self.ns, Flow(self.family, address), t) for t in self.tables)
        ways = tuple(
            route and (route.kind, route.dev, route.via, route.tos, route.realms, route.mtu)
            for route in found
        )
        links = tuple(
            d.name for d, a in self.ns.addresses(self.family)
            if address >> bits - a.length == a.value >> bits - a.length
        )  # fmt: skip
        own = routing.own_address(self.ns, self.family, address)
        groups = (routing.groups(self.ns, self.family, dev) for dev in self.ns.devices)
        return (
            ways,
            ruled,
            self.special(address),
            own,
            links,
            tuple(address in group for group in groups),
        )

    def special(self, address: int) -> tuple[bool, ...]:
        """In which of the blocks with a meaning of their own it lies."""
        bits = 32 if self.family == 4 else 128
        return tuple(
            address >> bits - length == value >> bits - length
            for value, length in sorted(_SPECIAL[self.family])
        )

    def _as_links_see(self, address: int) -> Hashable:
        bridges = (d.name for d in self.ns.devices.values() if d.kind == "bridge" or d.peer)
        macs = tuple(
            resolve_mac(self.world, self.ns, dev, self.family, address)[0] for dev in bridges
        )
        return self._as_routes_see(address), macs

    # -- samples ------------------------------------------------------------------------------

    def packet(self, sample: Mapping[str, int]) -> Packet:
        """A packet of the region that a sample stands for."""
        packet = Packet(self.family, sample.get("src", 0), sample.get("dst", 0))
        kept = (name for name in ("proto", "sport", "dport", "tos") if name in sample)
        return packet.but(**{name: sample[name] for name in kept})

    def buffer(self, sample: Mapping[str, int]) -> Buffer:
        """The same inside the namespace."""
        in_, out, physin, physout = (
            self._named.get(sample.get(name, 0), "") for name in ("in", "out", "physin", "physout")
        )
        buffer = Buffer(self.packet(sample), in_)
        buffer.out, buffer.physin, buffer.physout = out, physin, physout
        buffer.mark = sample.get("mark", 0)
        return buffer

    def mac(self, buffer: Buffer) -> str:
        """Where the frame that brings it to a bridge is sent."""
        return asked_for(self.world, self.ns, buffer.in_, buffer.packet)

    def hop(self, buffer: Buffer) -> int:
        """The address that is asked for on the link that it leaves by."""
        flow = flow_of(buffer.packet, buffer.in_ or LOOPBACK, buffer.mark)
        way = routing.lookup(self.ns, flow)
        return way.hop if way.dev == buffer.out else buffer.packet.dst

    def view(self, sample: Mapping[str, int], hook: str) -> View:
        """What rules would see of it."""
        return View(self.buffer(sample), self.ns, hook, self.moment)

    @cached_property
    def moment(self) -> Moment:
        """The beginning, nothing remembered."""
        chance = Chance("")
        return Moment(0.0, chance, {}, Conntrack(), Given(), Script())


_SPECIAL = {
    4: {(0, 0), (0, 8), (0, 32), (127 << 24, 8), (0xE << 28, 4), (0xF << 28, 4), (0xFFFFFFFF, 32)}
    | {(0xE0000000, 24)},
    6: {(0, 0), (0, 128), (1, 128), (0xFF << 120, 8), (0xFE80 << 112, 10)},
}


def _asked_by(rule: RouteRule) -> Iterator[Pred]:
    if rule.mark[1]:
        yield masked(F.MARK, rule.mark[0] & rule.mark[1], rule.mark[1])
    if rule.tos:
        yield masked(F.TOS, rule.tos & 0xFC, 0xFC)
    if rule.proto:
        yield is_in(F.PROTO, rule.proto)
    for field, ports in ((F.SPORT, rule.sports), (F.DPORT, rule.dports)):
        if ports[1]:
            yield is_in(field, ports)
