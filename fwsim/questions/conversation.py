"""A packet of a known connection, with the one that begins it: both are sent before they are told.

Sets know such packets as if nothing had been translated; what is sent here are a request and what
answers it, so that translations of real connections are met on the way."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fwsim.machine.answers import answer
from fwsim.machine.naming import owner
from fwsim.machine.policy import Flow
from fwsim.machine.response import Start
from fwsim.machine.routing import lookup, own_address
from fwsim.model.names import STATES, TCP_FLAGS
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, Packet
from fwsim.model.tuples import NamedTuple
from fwsim.questions.witness import device_of, packet_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Leg, Ref
    from fwsim.readings.space import PacketSet

_MOST_TRIES = 6
_ESTABLISHED = STATES.index("ESTABLISHED")
_SYN_ACK = TCP_FLAGS["SYN"] | TCP_FLAGS["ACK"]
_LIKED = {"sport": 80, "dport": 40000, "ttl": 64, "ctstate": _ESTABLISHED}


class Expected(NamedTuple):
    """A place, the fates that a packet may come to there, and what decides, if it is told."""

    place: Simulation
    fates: frozenset[str]
    ref: Ref | None


class Conversation(NamedTuple):
    """The packet that begins a connection and the one that answers it, each with the device that
    it comes in by; `leg` is the answer's, at the first place."""

    before: Packet
    before_dev: str
    packet: Packet
    dev: str
    leg: Leg

    def to_dict(self) -> dict[str, Any]:
        """The answer, as INTERFACE's PACKET."""
        return {"in": self.dev or None, **self.packet.to_dict()}

    def before_dict(self) -> dict[str, Any]:
        """What begins it, as INTERFACE's PACKET."""
        return {"in": self.before_dev or None, **self.before.to_dict()}


def conversation(
    packets: PacketSet,
    family: int,
    sides: tuple[Expected, ...],
    likes: Iterable[Mapping[str, int]] = (),
) -> Conversation | None:
    """One whose answer comes to what is expected everywhere; None if none of a few does. `likes`
    are the ends of requests that people would expect."""
    echo = {"proto": ICMP if family == 4 else ICMP6, "icmp_type": ICMP_ECHO[family][1]}
    kinds = ({"proto": TCP, "tcp_flags": _SYN_ACK}, echo)
    ends = [{"src": like["dst"], "dst": like["src"]} for like in likes]
    views = (_view(packets, {**kind, **two}) for two in (*ends, {}) for kind in kinds)
    tries = islice((view for view in views if view), _MOST_TRIES)
    held = (_held(packet_of(view, family), device_of(view), sides) for view in tries)
    return next((found for found in held if found), None)


def _view(packets: PacketSet, wanted: Mapping[str, int]) -> dict[str, int] | None:
    """An answer in the set that has all that is wanted."""
    view = packets.witness({**_LIKED, **wanted})
    asked = {**wanted, "ctstate": _ESTABLISHED}
    return view if view and all(view.get(n) == value for n, value in asked.items()) else None


def _held(reply: Packet, dev: str, sides: tuple[Expected, ...]) -> Conversation | None:
    before = _opening(reply)
    came_by = _door(sides[0].place, before)
    found = [_carried(side.place, before, came_by, dev) for side in sides]
    for side, one in zip(sides, found, strict=True):
        if one is None or one[1].fate not in side.fates or one[1].ctstate != "ESTABLISHED":
            return None
        if side.ref is not None and one[1].decided_by != side.ref:
            return None
    first = found[0]
    return Conversation(before, came_by, first[0], dev, first[1]) if first else None


def _opening(reply: Packet) -> Packet:
    packet = Packet(reply.family, reply.dst, reply.src, reply.proto, payload_len=20)
    if packet.is_icmp:
        return packet.but(icmp_type=ICMP_ECHO[reply.family][0], icmp_id=1)
    packet = packet.but(sport=reply.dport, dport=reply.sport)
    return packet.but(flags=TCP_FLAGS["SYN"], seq=1000) if packet.proto == TCP else packet


def _door(simulation: Simulation, packet: Packet) -> str:
    """The device by which a packet comes to the host; "" if it sends that itself."""
    world = simulation.world
    host = world.namespaces[world.host]
    if own_address(host, packet.family, packet.src):
        return ""
    home = owner(world, packet.family, packet.src)
    if home is not None:
        passages = simulation.fork().carry(packet, Start(home))[1]
        inside = next((p.buffer for p in passages if p.host == world.host), None)
        if inside is not None:
            return inside.physin or inside.in_
    return lookup(host, Flow(packet.family, packet.src)).dev


def _carried(
    place: Simulation, before: Packet, came_by: str, dev: str
) -> tuple[Packet, Leg] | None:
    """The answer to what begins the connection, and what becomes of it."""
    simulation, host = place.fork(), place.world.host
    leg = simulation.carry(before, Start(host, came_by), follow=False)[0]
    reply = answer(leg.arrived) if leg.verdict == "ACCEPT" and leg.arrived else None
    if reply is None:
        return None
    return reply, simulation.carry(reply, Start(host, dev), follow=False)[0]
