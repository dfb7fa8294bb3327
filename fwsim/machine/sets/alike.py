"""Which packets the machine's questions about routing treat alike: coarser classes than those of
Regions, so that a router between many networks is asked about a few hundred samples and not about
every source for every destination for every device.

This is for IPv4 under plain policy routing, where a source counts by what the way back to it looks
like, and a destination by its way (ip_route_input_slow, fib_validate_source). All else is asked
class by class. tests/machine/test_sets.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from fwsim.machine import routing
from fwsim.machine.bridging import shared_mac
from fwsim.machine.policy import Flow
from fwsim.machine.topology import is_open, resolve_mac
from fwsim.model.names import iface_text
from fwsim.model.pred import TRUE
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from fwsim.machine.sets.regions import Regions
    from fwsim.machine.sets.trees import Class, Dim, Outcome, Sample


_ORIGIN = "origin"  # of a sample: the number of what is seen of its source


class _Seen(NamedTuple):
    """How an address is reached, and what else it is."""

    kind: str
    dev: str
    hop: int
    alone: Hashable


class Alike:
    """Classes for the questions of one namespace."""

    def __init__(self, regions: Regions) -> None:
        self.regions, self.ns, self.family = regions, regions.ns, regions.family
        self._origins: dict[str, tuple[Class, ...]] = {}
        self._looks: dict[int, _Seen] = {}
        self._names: dict[int, str] = {}
        self._told: dict[str, int] = {}
        self._numbers: dict[Hashable, int] = {}

    @cached_property
    def applies(self) -> bool:
        """The host is of the kind that this is for."""
        routes = self.ns.routes.get(self.family, ())
        return self.family == 4 and self.ns.plain_rules(4) and not any(r.tos for r in routes)

    @cached_property
    def goals(self) -> tuple[Class, ...]:
        """Destinations, by where a router takes them."""
        return self.regions.classes(self.regions.dst, self._as_goal)

    def origins(self, sample: Sample) -> tuple[Class, ...]:
        """Sources of what came in by the sample's device."""
        name = self._device(sample)
        if name not in self._origins:
            seen = partial(self._as_origin, name)
            self._origins[name] = tuple(
                (pred, {**source, _ORIGIN: self._number(seen(source["src"]))})
                for pred, source in self.regions.classes(self.regions.src, seen)
            )
        return self._origins[name]

    def arriving(self, sample: Sample) -> tuple[Class, ...]:
        """Destinations of frames: only a bridge looks at these."""
        device = self.ns.devices.get(self._device(sample))
        if device is not None and not device.master:
            return ((TRUE, {self.regions.dst.name: 0}),)
        return self.regions.neighbours

    def leaving(self, sample: Sample) -> tuple[Class, ...]:
        """Destinations, by who takes them on the link of the device that the sample leaves by."""
        name = iface_text(sample["out"])
        device = self.ns.devices.get(name)
        if device is None or device.kind == "bridge":
            return self.regions.neighbours
        return self.regions.classes(self.regions.dst, lambda a: self._as_goal(a, name))

    def dims(
        self, question: str, in_: tuple[Class, ...], out: Dim, physin: Dim
    ) -> list[Dim] | None:
        """What the answer to a question may depend on; None: the classes of Regions."""
        policy = self.regions.policy if self.applies else ()
        match question if self.applies else "":
            case "arrival":
                return [in_, self.arriving]
            case "route_in":
                return [policy, in_, self.goals, self.origins]
            case "age":
                return [policy, physin, in_, self.goals, self.origins]
            case "transmit":
                return [policy, ((TRUE, in_[0][1]),), out, self.leaving]
        return None

    def once(self, question: str, outcome: Outcome) -> Outcome:
        """The same, asked once for samples that get the same answer whatever their device."""
        if not self.applies or question not in ("route_in", "age"):
            return outcome
        known: dict[Hashable, Hashable] = {}

        def answer(sample: Sample) -> Hashable:
            key = self._key(sample)
            if key not in known:
                known[key] = outcome(sample)
            return known[key]

        return answer

    def _key(self, sample: Sample) -> Hashable:
        """The rules of policy routing are plain: what else a sample tells is always the same."""
        settings = self._settings(self._device(sample))
        return sample[_ORIGIN], settings, sample["dst"], sample.get("physin")

    def _number(self, seen: Hashable) -> int:
        """A number for what is seen, quick to compare."""
        return self._numbers.setdefault(seen, len(self._numbers))

    # -- what is seen

    def _as_goal(self, address: int, link: str = "") -> Hashable:
        kind, dev, hop, alone = self._seen(address)
        dev = dev if kind == "unicast" else ""  # other routes lead to no device
        if not link:
            return kind, dev, alone
        if dev not in ("", link):
            return "elsewhere"
        hop = hop if dev else address
        shared = shared_mac(self.ns, self.family, address)
        world = self.regions.world
        mac, at = resolve_mac(world, self.ns, link, self.family, hop)
        open_ = mac is None and is_open(world, self.ns, link, self.family, hop)
        return kind, dev == link, alone, shared is None, mac, at, open_

    def _as_origin(self, device: str, address: int) -> Hashable:
        kind, dev, _, alone = self._seen(address)
        return kind, dev == device, alone

    def _seen(self, address: int) -> _Seen:
        if address not in self._looks:
            ns, family = self.ns, self.family
            flow = Flow(family, address)
            way, local = routing.lookup(ns, flow), routing.best_route(ns, flow, "local")
            alone = (
                local and local.kind,
                way.route and way.route.mtu,
                routing.own_address(ns, family, address),
                address in routing.groups(ns, family),
                self.regions.special(address),
            )
            self._looks[address] = _Seen(way.kind, way.dev, way.hop, alone)
        return self._looks[address]

    def _device(self, sample: Sample) -> str:
        number = sample.get("in", 0)
        if number not in self._names:
            self._names[number] = iface_text(number) if number else ""
        return self._names[number]

    def _settings(self, device: str) -> int:
        """For the settings of a device, and whether it is one that frames come by."""
        if device not in self._told:
            own = f"net.ipv4.conf.{device}."
            told = ((n[len(own) :], v) for n, v in self.ns.sysctl.items() if n.startswith(own))
            self._told[device] = self._number((device in ("", "lo"), frozenset(told)))
        return self._told[device]
