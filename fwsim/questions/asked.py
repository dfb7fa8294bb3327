"""What a question about every packet asks: from where, to where, of which protocol and ports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwsim.machine.naming import INTERNET, destination, find_address
from fwsim.machine.topology import segment
from fwsim.model import fields as F
from fwsim.model.errors import QuestionError
from fwsim.model.names import STATES, address_value, family_of, iface_value
from fwsim.model.packet import proto_of
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in, negate, prefix
from fwsim.model.tuples import NamedTuple
from fwsim.questions.outside import STRANGE, nearer, uplinks

if TYPE_CHECKING:
    from fwsim.machine.world import Namespace, World

_PORTS = re.compile(r"(\d{1,5})(?:[-:](\d{1,5}))?")


class Asked(NamedTuple):
    """`in_` and `out` are devices of the host ("" any), `src` and `dst` addresses, networks or
    names ("" any; `internet` is all beyond the host's default route), `sport` and `dport` such
    as `80,8000-8010`; `state` is what conntrack says of the packets (of them that a rule of raw
    leaves alone, what it would say, where UNTRACKED is not asked for); `answered` asks for those
    whose answer comes back too; `only` narrows the packets of its families, and leaves out the
    others."""

    in_: str = ""
    out: str = ""
    src: str = ""
    dst: str = ""
    proto: str = ""
    sport: str = ""
    dport: str = ""
    state: str = "NEW"
    family: int = 0
    answered: bool = False
    only: tuple[tuple[int, Pred], ...] = ()

    def of_family(self, world: World) -> int:
        """The address family that is asked about: that of the addresses, else IPv4 where the host
        has rules of it."""
        for text in (self.src, self.dst):
            known = family_of(text.partition("/")[0])
            if known:
                return known
        if self.family:
            return self.family
        rulesets = world.namespaces[world.host].rulesets
        return 6 if 6 in rulesets and 4 not in rulesets else 4

    def pred(self, world: World, family: int) -> Pred:
        """The packets that are asked about, devices apart. QuestionError for what there is not."""
        parts = []
        if self.src:
            parts.append(who(world, self.src, F.SRC[family], family))
        if self.dst:
            parts.append(self._to(world, family))
        if self.proto:
            parts.append(is_in(F.PROTO, proto_of(self.proto, family)))
        parts += [
            ports(text, field)
            for text, field in ((self.sport, F.SPORT), (self.dport, F.DPORT))
            if text
        ]
        if self.only:
            parts.append(dict(self.only).get(family, FALSE))
        return all_of(*parts)

    def _to(self, world: World, family: int) -> Pred:
        """A name means what the sender would find by it, where the sender is named too."""
        origin = world.aliases.get(self.src, self.src)
        named = family_of(self.dst.partition("/")[0]) is None and self.dst != INTERNET
        if named and origin in world.namespaces:
            return is_in(F.DST[family], destination(world, self.dst, family, origin).value)
        return who(world, self.dst, F.DST[family], family)

    def states(self) -> tuple[int, ...]:
        """The states, as numbers. QuestionError for what there is not."""
        names = [name.strip() for name in self.state.upper().split(",")]
        for name in names:
            if name not in STATES:
                raise QuestionError(
                    f"--state {name}: there is no such state",
                    hint=f"Some of {', '.join(STATES)}, with commas.",
                )
        if self.answered and names != ["NEW"]:
            raise QuestionError(
                "--answered asks for first packets and what comes back to them: leave out --state"
            )
        return tuple(STATES.index(name) for name in names)

    def doors(self, world: World) -> list[str] | None:
        """The devices by which the packets come in; None for any. The host itself sends where
        `src` is one of its own names; the internet is met by the devices of default routes."""
        if self.in_:
            return _by_ports(world, self.in_)
        if self.src == INTERNET:
            host = world.namespaces[world.host]
            ways = (uplinks(host, f) for f in ((self.family,) if self.family else (4, 6)))
            found = dict.fromkeys(dev for way in ways for dev in way)
            return [port for dev in found for port in _by_ports(world, dev)] or None
        ns = world.namespaces.get(world.aliases.get(self.src, self.src))
        if ns is None or ns.name == world.host:
            return None
        return [door for own in ns.devices for door in joined(world, ns, own)] or None


def joined(world: World, ns: Namespace, own: str) -> list[str]:
    """The devices of the host to which a namespace's device is joined."""
    host = world.namespaces[world.host]
    beside = segment(world, ns, own)
    return [d.name for at, d in beside if at is host and d.peer and d.peer[0] == ns.name]


def _by_ports(world: World, name: str) -> list[str]:
    """A bridge is entered by its ports."""
    host = world.namespaces[world.host]
    return [port.name for port in host.ports(name)] or [name]


def who(world: World, text: str, field: F.Field, family: int) -> Pred:
    """As `network`; `internet` is everything outside."""
    if text != INTERNET or text in world.networks:
        return network(world, text, field, family)
    host = world.namespaces[world.host]
    own = (a.value for _, a in host.addresses(family))
    near = (prefix(field, *where) for where in (*nearer(host, family), *STRANGE[family]))
    return negate(any_of(is_in(field, *own), *near))


def network(world: World, text: str, field: F.Field, family: int) -> Pred:
    """An address, a network, or a name's addresses. QuestionError for what there is not."""
    address, slash, length = text.partition("/")
    if family_of(address) is None:
        ns = world.namespaces.get(world.aliases.get(text, text))
        found = (a.value for _, a in ns.addresses(family) if a.scope == "global") if ns else ()
        return is_in(field, find_address(world, text, family).value, *found)
    if family_of(address) != family:
        raise QuestionError(f"{text} is no IPv{family} address")
    value = address_value(address, family)
    if not slash:
        return is_in(field, value)
    if not (length.isascii() and length.isdecimal() and int(length) <= field.bits):
        raise QuestionError(f"{text!r} is no network: write it as 172.18.0.0/16")
    return prefix(field, value, int(length))


def ports(text: str, field: F.Field) -> Pred:
    """Such as `80,8000-8010`. QuestionError for what are no ports."""
    spans = []
    for part in text.split(","):
        found = _PORTS.fullmatch(part.strip())
        low, high = (int(n or 0) for n in found.groups(default="")) if found else (1, 0)
        high = high if found and found[2] else low
        if not found or not 0 <= low <= high <= field.top:
            raise QuestionError(
                f"{text!r} are no ports", hint="Such as 80, 8000-8010 or 22,80,443."
            )
        spans.append((low, high))
    return is_in(field, *spans)


def by_devices(names: Iterable[str]) -> Pred:
    """The packets that come in by one of these devices."""
    return is_in(F.IN, *map(iface_value, names))
