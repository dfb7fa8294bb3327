"""What comes back: who answers or refuses a packet that arrived, or failed to; and what that means
to the one who asked."""

from __future__ import annotations

from fwsim.machine import answers, linkfacts
from fwsim.machine.buffer import Buffer
from fwsim.machine.connection import ESTABLISHED, RELATED, TEMPLATE, Found
from fwsim.machine.passage import Passage
from fwsim.machine.routing import bound_to
from fwsim.machine.sockets import listening
from fwsim.machine.sums import sums_up
from fwsim.machine.wires import TUNNELS
from fwsim.machine.world import World
from fwsim.model.names import KERNEL_SOCKET, NO_SOCKET, PROCESS, proto_text
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP, UDPLITE, Packet
from fwsim.model.trace import PASSED, Leg
from fwsim.model.tuples import NamedTuple

_LATE = ("reset", "port-unreachable")


class Start(NamedTuple):
    """Where a packet begins: sent by a namespace itself (`dev` "", `sender` of names.SENDERS), or
    coming in by a device; `leaves` is a port by which the host puts it out at once, past all
    hooks; `bound` the device that it must leave by."""

    namespace: str
    dev: str = ""
    mac_dst: str | None = None
    found: Found | None = None
    leaves: str = ""
    sender: int = PROCESS
    bound: str = ""


class Response(NamedTuple):
    """A packet that another one calls forth; `direction` is reply or error."""

    direction: str
    packet: Packet
    start: Start


def response(world: World, leg: Leg, passages: list[Passage], notes: list[str]) -> Response | None:
    """What answers a request, None if nothing does. What was assumed is added to `notes`."""
    if any(passage.record.reject or passage.error for passage in passages):
        return refused(world, passages)
    for passage in passages:
        reply = passage.record.answered
        if reply is not None:
            notes.append("answered_for")
            return Response("reply", reply, _in_place_of(passage))
    if leg.arrived is None or leg.fate not in PASSED:
        return None
    if leg.fate == "delivered":
        last = next(p for p in reversed(passages) if p.host == leg.where)
        return _at_home(world, leg.arrived, last, notes)
    sent = leg.emitted[-1]
    device = world.namespaces[sent.host].devices.get(sent.dev)
    kind = device.kind if device else ""
    if kind == "dummy":
        notes.append("lost")
        return None
    reply = _willing(leg.arrived, notes)
    if reply is None:
        return None
    notes += ["far_end_assumed", *(["carried"] if kind in TUNNELS else [])]
    return Response("reply", reply, Start(sent.host, sent.dev))


def _in_place_of(passage: Passage) -> Start:
    """synproxy_send_tcp: the answer is one of the connection of what it answers."""
    found, attached = passage.buffer.found, None
    if (
        found is not None
        and found.connection is not None
        and not found.connection.status & TEMPLATE
    ):
        attached = Found(ESTABLISHED, found.connection, not found.reply)
    return Start(passage.host, found=attached, sender=NO_SOCKET)


def refused(world: World, passages: list[Passage], sent: Response | None = None) -> Response | None:
    """The error or reset that tells the sender of a packet that it was refused on its way. `sent`
    is the response whose way that was: while a host sends an ICMP message of its own it sends no
    other (icmp_xmit_lock)."""
    for passage in passages:
        error = passage.record.reject or passage.error
        busy = (
            sent is not None
            and sent.packet.is_icmp
            and (sent.start.namespace, sent.start.dev) == (passage.host, "")
        )
        if error:
            return None if busy else _refused(world, passage, error)
    return None


def _at_home(world: World, packet: Packet, last: Passage, notes: list[str]) -> Response | None:
    """What a host of this world does with a packet that is for itself."""
    ns = world.namespaces[last.host]
    if answers.ignores(ns, packet) or (packet.proto == TCP and _to_many(world, last)):
        notes.append("ignored")
        return None
    if answers.is_foreign(packet, loaded=_module_takes(packet, last, notes)):
        return _refused(world, last, "proto-unreachable")
    if packet.truncated or last.buffer.is_wrong:
        notes.append("ignored")
        return None
    if packet.proto == UDPLITE and ns.listeners is not None:
        return _refused(world, last, "port-unreachable")  # ss would list none
    if listening(ns.listeners, last.buffer.diverted or packet, last.buffer.in_) is False:
        notes.append("nobody_listens")
        return _refused(world, last, "reset" if packet.proto == TCP else "port-unreachable")
    known: list[str] = []
    reply = _willing(packet, known)
    notes += (note for note in known if note != "listener_assumed" or ns.listeners is None)
    sender = KERNEL_SOCKET if packet.is_icmp else PROCESS
    if reply is None:
        return None
    bound = bound_to(reply.family, reply.dst, last.buffer.in_)
    return Response("reply", reply, Start(last.host, sender=sender, bound=bound))


def _module_takes(packet: Packet, last: Passage, notes: list[str]) -> bool:
    """--assume 'protocol sctp=no'"""
    if not answers.is_for_a_module(packet):
        return False
    takes = last.moment.assumed(f"protocol {proto_text(packet.proto)}")
    if takes is None:
        notes.append("module_assumed")
    return takes is not False


def _willing(packet: Packet, notes: list[str]) -> Packet | None:
    """The answer of a host on which everything that may answer does."""
    reply = answers.answer(packet)
    if reply is None:
        notes.append("no_answer_expected")
    elif packet.proto in (TCP, UDP):
        notes.append("listener_assumed")
    return reply


def _is_answered(packet: Packet, buffer: Buffer, error: Packet) -> bool:
    """REJECT answers what sums up as it sees it."""
    return sums_up(packet, buffer.is_wrong) if error.is_icmp else not buffer.is_wrong


def _refused(world: World, passage: Passage, error: str) -> Response | None:
    """An error, and REJECT's reset, belong to the connection of what they refuse (nf_ct_attach);
    TCP and UDP, which refuse what has no socket, are not told of it (ip_protocol_deliver_rcu).
    REJECT's reset of what came by a bridge port that br_netfilter sees goes straight back out of
    that port (nf_send_reset)."""
    buffer = passage.buffer
    came_by = buffer.speaks_by or buffer.in_
    packet = answers.refusal(world.namespaces[passage.host], passage.packet, error, came_by)
    if packet is None or (packet.is_icmp and _to_many(world, passage)):
        return None
    if passage.record.reject and not _is_answered(passage.packet, buffer, packet):
        return None
    if passage.record.reject == "tcp-reset" and buffer.physin:
        return Response("error", packet, Start(passage.host, leaves=buffer.physin))
    found, attached = buffer.found, None
    if error not in _LATE and found is not None and found.connection is not None:
        attached = Found(RELATED, found.connection, not found.reply)
    sender = _refuser(packet, bool(passage.record.reject))
    bound = bound_to(packet.family, packet.dst, buffer.in_)
    return Response(
        "error", packet, Start(passage.host, found=attached, sender=sender, bound=bound)
    )


def _to_many(world: World, passage: Passage) -> bool:
    """Its frame was addressed to more than this host, which no error answers (icmp_send)."""
    buffer, ns = passage.buffer, world.namespaces[passage.host]
    kind = linkfacts.packet_type(ns, buffer)
    return kind != linkfacts.UNICAST


def _refuser(packet: Packet, by_rule: bool) -> int:
    """By which socket an error or a reset is sent: none by nf_send_reset, tcp_v6_send_response."""
    if packet.proto == TCP and (by_rule or packet.family == 6):
        return NO_SOCKET
    return KERNEL_SOCKET


def outcome_of(legs: list[Leg], start: Start, one_way: bool, held_back: bool) -> str:
    """What ping, curl or nc on the source would have reported. `held_back`: the sender's own host
    did not let the request out, which its socket is told of."""
    request, last = legs[0], legs[:2][-1]
    if any(leg.verdict == "UNKNOWN" for leg in legs):
        return "unknown"
    # whoever asked from beyond the world is reached by what leaves it
    arrived = last.fate == "delivered" or (start.dev and last.verdict == "ACCEPT")
    if last.direction == "reply":
        return "answered" if arrived else "timeout"
    if last.direction == "error":
        return _complaint(request.packet, last) if arrived else "timeout"
    if held_back and request.reason == "too_big":
        return "unreachable"
    if held_back and request.reason.startswith("route_"):
        return "no-route"
    if held_back:
        return "denied" if request.packet.proto in (ICMP, ICMP6, UDP) else "timeout"
    if one_way and request.verdict == "ACCEPT":
        return "answered"
    return "timeout"


def _complaint(request: Packet, error: Leg) -> str:
    if error.packet.proto == TCP:
        return "refused"
    port = (3, 3) if error.packet.family == 4 else (1, 4)
    is_port = (error.packet.icmp_type, error.packet.icmp_code) == port
    return "refused" if is_port and request.proto in (TCP, UDP) else "unreachable"
