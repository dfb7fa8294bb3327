"""Whom a policy's words mean on a place, as sets of packets.

A name or an address is who has it. A network, by its numbers or by its name, is every machine on
it but the host that is asked: that one is meant by its name, or by the address itself. `internet`
is whatever lies beyond the host's default route, `anywhere` every address.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.machine.naming import BEYOND, chosen_source, destination, owner, sender
from fwsim.machine.policy import Flow
from fwsim.machine.routing import lookup
from fwsim.model import fields as F
from fwsim.model.errors import QuestionError
from fwsim.model.fields import Field
from fwsim.model.names import address_value, family_of, iface_value
from fwsim.model.pred import FALSE, TRUE, Pred, all_of, any_of, is_in, negate, prefix
from fwsim.questions.asked import Asked, by_devices, joined, network
from fwsim.questions.outside import nearer, uplinks
from fwsim.questions.policy.model import ANYWHERE, INTERNET, End

if TYPE_CHECKING:
    from fwsim.machine.sets.regions import Regions
    from fwsim.machine.world import World

_NOWHERE = {4: ((0, 8), (0xFFFFFFFF, 32)), 6: ((0, 127), (0xFE80 << 112, 10))}
"""What lies beyond no route: this network, its broadcasts; :: and ::1, link-local."""
_CLASS_E = (0xF << 28, 4)  # may send, but nobody has such an address


class Ends:
    """The words for one family's packets on the host of a world."""

    def __init__(self, world: World, family: int, regions: Regions, groups: Iterable[str]) -> None:
        self.world, self.family, self.regions = world, family, regions
        self.host = world.namespaces[world.host]
        self.groups, self._src = tuple(groups), F.SRC[family]

    # -- addresses ---------------------------------------------------------------------------------

    def known(self, end: End) -> bool:
        """It has addresses of the family. QuestionError where nothing is called so."""
        return self.addresses(end, self._src) != FALSE

    def addresses(self, end: End, field: Field) -> Pred:
        """The packets whose source, or destination, is one of its addresses."""
        if end.text == ANYWHERE:
            return TRUE
        if end.text == INTERNET:
            return self._beyond(field)
        address, slash, length = end.text.partition("/")
        family = family_of(address)
        if family is None and not slash:
            return self._named(end, field)
        if family not in (None, self.family):
            return FALSE
        try:
            found = network(self.world, end.text, field, self.family)
        except QuestionError as error:
            raise QuestionError(error.message, span=end.span, hint=error.hint) from None
        return self._but_host(found, field) if slash and int(length) < field.bits else found

    def _named(self, end: End, field: Field) -> Pred:
        subnets = [
            prefix(field, a.value, a.length)
            for a in self.world.networks.get(end.text, ())
            if a.family == self.family
        ]
        if end.text in self.world.networks and not self._is_machine(end.text):
            return self._but_host(any_of(*subnets), field) if subnets else FALSE
        try:
            return network(self.world, end.text, field, self.family)
        except QuestionError as error:
            if self._is_machine(end.text) or self._is_device(end.text):
                return FALSE
            raise self._unknown(end, error) from None

    def _is_machine(self, name: str) -> bool:
        known = name in self.world.namespaces or name in self.world.aliases
        return known and name != INTERNET

    def _is_device(self, name: str) -> bool:
        return any(name in ns.devices for ns in self.world.namespaces.values())

    def _but_host(self, addresses: Pred, field: Field) -> Pred:
        return all_of(addresses, negate(is_in(field, *self._own))) if self._own else addresses

    @cached_property
    def _own(self) -> tuple[int, ...]:
        """The host's own addresses, and those by which it is meant among others."""
        longest = 32 if self.family == 4 else 128
        routes = self.host.routes.get(self.family, ())
        meant = (r.dst for r in routes if r.length == longest and r.kind in ("local", "broadcast"))
        return tuple(
            dict.fromkeys([*meant, *(a.value for _, a in self.host.addresses(self.family))])
        )

    def _beyond(self, field: Field) -> Pred:
        """What no route but a default one leads to."""
        if not self._uplinks():
            return FALSE
        near = [prefix(field, *where) for where in nearer(self.host, self.family)]
        return negate(any_of(*near, *(prefix(field, *no) for no in _NOWHERE[self.family])))

    def _uplinks(self) -> list[str]:
        return uplinks(self.host, self.family)

    def _unknown(self, end: End, error: QuestionError) -> QuestionError:
        names = [*self.groups, *self.world.namespaces, *self.world.aliases, *self.world.networks]
        names += [INTERNET, ANYWHERE, *self.host.devices]
        near = get_close_matches(end.text, names, 1)
        hint = f"Did you mean {near[0]!r}?" if near else error.hint
        return QuestionError(error.message, span=end.span, hint=hint)

    # -- from where they come ----------------------------------------------------------------------

    def sources(self, ends: Iterable[End], in_: str) -> Pred:
        """The packets that these send, by the device `in_`, forged ones too; where it does not say
        by which (""), by those that lead back to them."""
        return any_of(*(self._comes(end, in_) for end in ends or [End(ANYWHERE)]))

    def sends(self, end: End, to: End, in_: str) -> Pred:
        """The same, of those that it sends to another: a machine has a source of its own."""
        came = self._comes(end, in_), TRUE if in_ else self._ways_back_to(end)
        if not self._is_machine(end.text):
            return all_of(*came, self._used(self._src))
        return all_of(*came, is_in(self._src, self._own_source(end, to)))

    def _comes(self, end: End, in_: str) -> Pred:
        addresses = self.addresses(end, self._src)
        if self.is_host(end):
            return all_of(addresses, is_in(F.IN, iface_value("")))
        if in_:
            return all_of(addresses, by_devices(self._ports([in_])))
        doors = self._doors(end)
        return all_of(addresses, by_devices(doors) if doors else self._ways_back)

    def _ways_back_to(self, end: End) -> Pred:
        return TRUE if self.is_host(end) or not self._doors(end) else self._ways_back

    def _own_source(self, end: End, to: End) -> int:
        origin = sender(self.world, end.text, self.family)
        if self.wide(to):
            return origin.value
        there = destination(self.world, to.text, self.family, origin.namespace)
        return chosen_source(self.world, end.text, origin, there)

    def is_host(self, end: End) -> bool:
        """It is the host itself, by name or by one of its addresses."""
        return self._home(end) == self.world.host

    def _home(self, end: End) -> str | None:
        """The namespace that is meant."""
        if family_of(end.text) == self.family:
            return owner(self.world, self.family, address_value(end.text, self.family))
        return self.world.aliases.get(end.text, end.text) if self._is_machine(end.text) else None

    def _doors(self, end: End) -> list[str]:
        """The devices by which its packets come, where that is known; [] if not."""
        if end.text == INTERNET:
            return self._ports(self._uplinks())
        home = self._home(end)
        return Asked(src=home).doors(self.world) or [] if home else []

    def _ports(self, names: Iterable[str]) -> list[str]:
        """A bridge is entered by its ports."""
        return [
            port for name in names for port in [p.name for p in self.host.ports(name)] or [name]
        ]

    @cached_property
    def _ways_back(self) -> Pred:
        """The packets that come in by a device that leads to their source; if it is a machine's
        that is known, by one to which that machine is joined."""
        ways: dict[str, list[Pred]] = {}
        for pred, sample in self.regions.sources:
            way = lookup(self.host, Flow(self.family, sample[self._src.name]))
            if way.kind == "unicast" and way.dev:
                ways.setdefault(way.dev, []).append(pred)
        near = self._joined
        known = negate(is_in(self._src, *(value for value, _ in near))) if near else TRUE
        return any_of(
            *(
                all_of(any_of(*preds), known, by_devices(self._ports([dev])))
                for dev, preds in ways.items()
            ),
            *(all_of(is_in(self._src, value), by_devices(doors)) for value, doors in near),
        )

    @cached_property
    def _joined(self) -> list[tuple[int, list[str]]]:
        """The addresses of machines that are known, with the devices by which they come."""
        others = [ns for ns in self.world.namespaces.values() if ns is not self.host]
        return [
            (a.value, doors)
            for ns in others
            for device, a in ns.addresses(self.family)
            if a.scope == "global" and (doors := joined(self.world, ns, device.name))
        ]

    # -- whom they reach ---------------------------------------------------------------------------

    def targets(self, ends: Iterable[End]) -> Pred:
        """The packets that are addressed to one of these."""
        dst = F.DST[self.family]
        return any_of(*(self.addresses(end, dst) for end in ends or [End(ANYWHERE)]))

    def found_by(self, end: End, who: End) -> Pred:
        """The packets to an end's address, as the one who sends them finds it."""
        dst = F.DST[self.family]
        if self.wide(end) or not self._is_machine(who.text):
            used = self._used(dst) if self.wide(end) else TRUE
            return all_of(self.addresses(end, dst), used)
        origin = sender(self.world, who.text, self.family)
        return is_in(dst, destination(self.world, end.text, self.family, origin.namespace).value)

    def _used(self, field: Field) -> Pred:
        """The addresses that somebody may have."""
        unused = [*_NOWHERE[self.family], *([_CLASS_E] if self.family == 4 else [])]
        return negate(any_of(*(prefix(field, *no) for no in unused)))

    def wide(self, end: End) -> bool:
        """It may stand for more than one machine."""
        network = end.text in self.world.networks and not self._is_machine(end.text)
        return network or end.wide

    def usual(self, end: End) -> list[int]:
        """Addresses that people would expect of it, where it is none itself."""
        if end.text in (INTERNET, ANYWHERE):
            return [BEYOND[self.family]]
        found = self.world.networks.get(end.text, ())
        there = [a.value for a in found if a.family == self.family]
        if there and not self._is_machine(end.text):
            return [value for value in there if value not in self._own]
        return [sender(self.world, end.text, self.family).value]
