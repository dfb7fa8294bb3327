"""What is true of packets of which only some members are told: the value of any field for those
of one kind, the others of its packet at the defaults of INTERFACE's PACKET.

A field is projected as for a single packet (fwsim.machine.view), but off a packet that refuses to
tell what its kind does not know; so one meaning serves both, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

from fwsim.machine.buffer import Buffer
from fwsim.machine.chance import Chance
from fwsim.machine.connection import ESTABLISHED, NEW, RELATED, Connection, Found
from fwsim.machine.conntrack import Conntrack, Told
from fwsim.machine.l4 import Settings
from fwsim.machine.moment import Given, Moment, Script
from fwsim.machine.tuples import EVERYWHERE, Tuple
from fwsim.machine.view import View
from fwsim.machine.world import Namespace
from fwsim.model.fields import Field
from fwsim.model.names import TCP_FLAGS, iface_text
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, Packet
from fwsim.model.tuples import NamedTuple

MEMBERS = {
    "proto": "proto", "frag": "frag", "icmp_type": "icmp_type", "icmp_code": "icmp_code",
    "tcp_flags": "flags", "ttl": "ttl", "tos": "tos",
}  # fmt: skip
"""Fields that are members of a packet, small enough to tell kinds apart."""
KINDS = (*MEMBERS, "ctstate", "ct_dir", "in", "out")
_NEVER = frozenset({"src", "dst", "sport", "dport"})
_NAMES = {**MEMBERS, "in": "in_", "ctstate": "found", "ct_dir": "found"}
_OF_BUFFERS = frozenset({"in_", "out", "found", "mark", "priority", "physin", "physout"})
_CONNECTED = (NEW, ESTABLISHED, RELATED)


class UntoldError(Exception):
    """A member was asked for that the kind does not know."""


class Place(NamedTuple):
    """Where the packets are: `hook`, and whether conntrack has seen them by then."""

    ns: Namespace
    family: int
    hook: str
    tracked: bool


def value(place: Place, field: Field, kind: Mapping[str, int], hidden: frozenset[str]) -> int:
    """The field's value in every packet of a kind, which gives some of KINDS their values; of what
    is `hidden` nothing is known, of other members nothing but their default. UntoldError if it
    takes more."""
    members = {MEMBERS[name]: told for name, told in kind.items() if name in MEMBERS}
    concealed = _NEVER | {_NAMES.get(name, name) for name in hidden}
    if "ctstate" not in kind and concealed & set(MEMBERS.values()):
        concealed |= {"found"}
    packet = _packet(place.family, members, concealed)
    buffer = _buffer(place, packet, kind, concealed)
    given, chance = Given(), Chance(0)  # nobody is told of it
    moment = Moment(0.0, chance, {}, Conntrack(Settings()), given, Script())
    return View(buffer, place.ns, place.hook, moment)[field.key]


def _packet(family: int, members: dict[str, int], hidden: frozenset[str]) -> Packet:
    proto = members.get("proto", ICMP if family == 4 else ICMP6)
    usual: dict[str, int] = {"proto": proto}
    if proto == TCP:
        usual["flags"] = TCP_FLAGS["SYN"]
    if proto in (ICMP, ICMP6):
        usual["icmp_type"] = ICMP_ECHO[family][0]
    made: Packet = _concealing(Packet, hidden)(family, 0, 0, **{**usual, **members})
    return made


def _buffer(
    place: Place, packet: Packet, kind: Mapping[str, int], hidden: frozenset[str]
) -> Buffer:
    buffer: Buffer = _concealing(Buffer, hidden & _OF_BUFFERS)(packet)
    buffer.in_, buffer.out = (iface_text(kind[n]) if kind.get(n) else "" for n in ("in", "out"))
    if "found" not in hidden:
        buffer.found = _found(place, packet, kind)
    return buffer


def _found(place: Place, packet: Packet, kind: Mapping[str, int]) -> Found | None:
    """What conntrack says of it; of a packet of which nobody told, what it says of a first one."""
    if "ctstate" not in kind and not place.tracked:
        return None
    plain = Packet(*packet)
    state = kind.get("ctstate")
    if state is None:
        told = Told(EVERYWHERE, "", True)
        state = Conntrack(Settings()).track(plain, 0.0, told).state
    reply = bool(kind.get("ct_dir"))
    if state not in _CONNECTED:
        return Found(state, None, reply)
    both = _concealing(Tuple, _NEVER)(place.family, 0, 0, plain.proto)
    return Found(state, Connection(both, both), reply)


@lru_cache(maxsize=64)
def _concealing(kind: type[Any], names: frozenset[str]) -> Any:
    """The class, of whose members nobody may ask for these."""

    def refuse(_: object) -> NoReturn:
        raise UntoldError

    def ignore(_: object, __: object) -> None:
        return None

    return type(kind.__name__, (kind,), {name: property(refuse, ignore) for name in names})
