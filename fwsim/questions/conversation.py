"""A packet of a known connection, with those that go before it: all are sent before they are told.

Sets know such packets as if nothing had been translated; what is sent here are a request, what
answers it, what follows on that or refuses it, so that translations of real connections are met on
the way."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fwsim.machine.answers import answer
from fwsim.machine.naming import owner
from fwsim.machine.policy import Flow
from fwsim.machine.response import Start
from fwsim.machine.routing import lookup, own_address
from fwsim.model.names import STATES, TCP_FLAGS
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, UDP, Packet
from fwsim.model.tuples import NamedTuple
from fwsim.questions.witness import device_of, packet_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fwsim.machine.buffer import Buffer
    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Leg, Ref
    from fwsim.readings.space import PacketSet

_MOST_TRIES = 12
_ESTABLISHED, _RELATED = (STATES.index(name) for name in ("ESTABLISHED", "RELATED"))
_SYN, _ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]
_LIKED = {"sport": 80, "dport": 40000, "ttl": 64, "ctstate": _ESTABLISHED}
_UNREACHABLE = {4: (ICMP, 3, 1), 6: (ICMP6, 1, 3)}


class Expected(NamedTuple):
    """A place, the fates that a packet may come to there, what decides, and the device that it
    leaves by, if these are told."""

    place: Simulation
    fates: frozenset[str]
    ref: Ref | None = None
    out: str = ""


class Sent(NamedTuple):
    """A packet, and the device that it comes in by ("": the host sends it)."""

    packet: Packet
    dev: str

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's PACKET."""
        return {"in": self.dev or None, **self.packet.to_dict()}


class Conversation(NamedTuple):
    """The packets that go before, in order, and the one that it is about; `leg` is that one's, at
    the first place."""

    before: tuple[Sent, ...]
    packet: Packet
    dev: str
    leg: Leg

    def to_dict(self) -> dict[str, Any]:
        """The packet that it is about, as INTERFACE's PACKET."""
        return Sent(self.packet, self.dev).to_dict()

    def before_list(self) -> list[dict[str, Any]]:
        """What goes before, as INTERFACE's PACKETs."""
        return [sent.to_dict() for sent in self.before]


def conversation(
    packets: PacketSet,
    family: int,
    sides: tuple[Expected, ...],
    likes: Iterable[Mapping[str, int]] = (),
) -> Conversation | None:
    """One whose last packet comes to what is expected everywhere; None if none of a few does.
    `likes` are the ends of requests that people would expect."""
    tries = islice(_views(packets, family, list(likes)), _MOST_TRIES)
    held = (_held(view, family, sides) for view in tries)
    return next((found for found in held if found), None)


def _views(
    packets: PacketSet, family: int, likes: list[Mapping[str, int]]
) -> Iterator[dict[str, int]]:
    """Packets of the set that a conversation may come to: answers, what follows on them, errors."""
    proto, kind, code = _UNREACHABLE[family]
    request, reply = ({"proto": proto, "icmp_type": n} for n in ICMP_ECHO[family])
    datagram = {"proto": UDP}
    answers = ({"proto": TCP, "tcp_flags": _SYN | _ACK}, reply, datagram)
    onward = ({"proto": TCP, "tcp_flags": _ACK}, request, datagram)
    error = {"proto": proto, "icmp_type": kind, "icmp_code": code}
    turned = [{"src": like["dst"], "dst": like["src"]} for like in likes]
    for ways, dir_, state, kinds in (
        ([*turned, *likes, {}], 1, _ESTABLISHED, answers),
        ([*likes, {}], 0, _ESTABLISHED, onward),
        ([*turned, {}], 0, _RELATED, (error,)),
    ):
        told = {"ctstate": state, **({"ct_dir": dir_} if state == _ESTABLISHED else {})}
        found = (_view(packets, {**k, **ends, **told}) for ends in ways for k in kinds)
        yield from islice((view for view in found if view), _MOST_TRIES // 2)


def _view(packets: PacketSet, wanted: Mapping[str, int]) -> dict[str, int] | None:
    """A packet in the set that has all that is wanted."""
    view = packets.witness({**_LIKED, **wanted})
    return view if view and all(view.get(n) == value for n, value in wanted.items()) else None


def _held(view: Mapping[str, int], family: int, sides: tuple[Expected, ...]) -> Conversation | None:
    last, dev = packet_of(view, family), device_of(view)
    lead = _replied if view.get("ct_dir") else _followed
    lead = _refused if view["ctstate"] == _RELATED else lead
    found = [_Carried(side.place).come_to(lead, last, dev) for side in sides]
    for side, one in zip(sides, found, strict=True):
        if one is None or one.leg.ctstate != STATES[view["ctstate"]]:
            return None
        if one.leg.fate not in side.fates or side.ref not in (None, one.leg.decided_by):
            return None
        if side.out and side.out not in (one.ended.out, one.ended.physout):
            return None
    sent = {one.sent for one in found if one}
    if len(sent) != 1 or found[0] is None:
        return None
    *before, (packet, came_by) = found[0].sent
    return Conversation(tuple(before), packet, came_by, found[0].leg)


class _Came(NamedTuple):
    sent: tuple[Sent, ...]
    leg: Leg
    ended: Buffer


class _Carried:
    """Packets that go through a place one after another."""

    def __init__(self, place: Simulation) -> None:
        self.place = place.fork()
        self.sent: list[Sent] = []

    def come_to(
        self, lead: Callable[[_Carried, Packet, str], Packet | None], last: Packet, dev: str
    ) -> _Came | None:
        """The packets that lead to the last one, and the way of that."""
        packet = lead(self, last, dev)
        if packet is None:
            return None
        leg, ended = self.go(packet, dev)
        return _Came(tuple(self.sent), leg, ended)

    def go(self, packet: Packet, dev: str) -> tuple[Leg, Buffer]:
        """What becomes of a packet that comes in by a device."""
        self.sent.append(Sent(packet, dev))
        start = Start(self.place.world.host, dev)
        leg, passages = self.place.carry(packet, start, follow=False)
        return leg, passages[0].buffer

    def opened(self, first: Packet, dev: str) -> tuple[Packet, str] | None:
        """What began a connection as it got through, and the device by which it left."""
        leg, ended = self.go(first, dev)
        if leg.verdict != "ACCEPT" or leg.arrived is None:
            return None
        return leg.arrived, ended.physout or ended.out if leg.fate != "delivered" else ""


def _replied(carried: _Carried, last: Packet, dev: str) -> Packet | None:
    """The answer to a request that begins the connection."""
    first = _opening(last.but(src=last.dst, dst=last.src, sport=last.dport, dport=last.sport))
    opened = carried.opened(first, door(carried.place, first))
    return answer(opened[0]) if opened else None


def _followed(carried: _Carried, last: Packet, dev: str) -> Packet | None:
    """What the sender of a request sends once it is answered."""
    first = _opening(last)
    opened = carried.opened(first, dev)
    reply = answer(opened[0]) if opened else None
    if opened is None or reply is None:
        return None
    carried.go(reply, opened[1])
    if last.proto != TCP:
        return first
    return first.but(flags=_ACK, seq=first.seq + 1, ack=reply.seq + 1, payload_len=0)


def _refused(carried: _Carried, last: Packet, dev: str) -> Packet | None:
    """An error that quotes a request as it got through."""
    first = _opening(last.but(src=last.dst, dst=last.src, proto=UDP, sport=40000, dport=53))
    opened = carried.opened(first, door(carried.place, first))
    if opened is None:
        return None
    return last.but(dst=opened[0].src, inner=opened[0], icmp_id=0, payload_len=0)


def _opening(like: Packet) -> Packet:
    """The packet that begins a connection between these ends."""
    packet = Packet(like.family, like.src, like.dst, like.proto, payload_len=20)
    if packet.is_icmp:
        return packet.but(icmp_type=ICMP_ECHO[like.family][0], icmp_id=1)
    packet = packet.but(sport=like.sport, dport=like.dport)
    return packet.but(flags=_SYN, seq=1000) if packet.proto == TCP else packet


def door(simulation: Simulation, packet: Packet) -> str:
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
