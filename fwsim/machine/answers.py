"""What hosts send back: echo replies, SYN/ACKs, datagrams, and the errors that refuse a packet.

REJECT's errors are those of net/ipv4/netfilter/nf_reject_ipv4.c and its IPv6 twin; a router's own
those of net/ipv4/ip_forward.c and route.c.
"""

from __future__ import annotations

from fwsim.machine import routing
from fwsim.machine.policy import Flow
from fwsim.machine.world import Namespace
from fwsim.model.exthdr import AH, DEST, NONE, ROUTING
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import DCCP, ICMP, ICMP6, ICMP_ECHO, SCTP, TCP, UDP, UDPLITE, Packet
from fwsim.model.tcp_options import is_signed

_TIMESTAMP, _LAST_KNOWN = 13, 18
_SYN, _ACK, _RST = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"], TCP_FLAGS["RST"]

# name: (type, code) for IPv4 and for IPv6
ERRORS: dict[int, dict[str, tuple[int, int]]] = {
    4: {
        "icmp-net-unreachable": (3, 0), "icmp-host-unreachable": (3, 1),
        "icmp-proto-unreachable": (3, 2), "icmp-port-unreachable": (3, 3),
        "icmp-net-prohibited": (3, 9), "icmp-host-prohibited": (3, 10),
        "icmp-admin-prohibited": (3, 13),
        "net-unreachable": (3, 0), "host-unreachable": (3, 1), "admin-prohibited": (3, 13),
        "port-unreachable": (3, 3), "proto-unreachable": (3, 2), "ttl-exceeded": (11, 0),
        "too-big": (3, 4),
    },
    6: {
        "icmp6-no-route": (1, 0), "icmp6-adm-prohibited": (1, 1), "icmp6-addr-unreachable": (1, 3),
        "icmp6-port-unreachable": (1, 4), "icmp6-policy-fail": (1, 5), "icmp6-reject-route": (1, 6),
        "net-unreachable": (1, 0), "host-unreachable": (1, 3), "admin-prohibited": (1, 1),
        "port-unreachable": (1, 4), "proto-unreachable": (4, 1), "ttl-exceeded": (3, 0),
        "too-big": (2, 0), "beyond-scope": (1, 2),
    },
}  # fmt: skip


def answer(packet: Packet) -> Packet | None:
    """What a willing host answers: the echo, a SYN/ACK, a datagram; None if such a packet has no
    answer of its own."""
    back = Packet(
        packet.family, packet.dst, packet.src, packet.proto,
        sport=packet.dport, dport=packet.sport, payload_len=packet.data_len,
    )  # fmt: skip
    if packet.is_icmp:
        request, reply = ICMP_ECHO[packet.family]
        back = back.but(sport=0, dport=0, icmp_id=packet.icmp_id, tos=packet.tos)
        if packet.icmp_type == request:
            return back.but(icmp_type=reply, payload=packet.payload, payload_len=packet.payload_len)
        if (packet.family, packet.icmp_type) == (4, _TIMESTAMP) and packet.data_len >= 4:
            return back.but(icmp_type=_TIMESTAMP + 1, payload_len=12)
        return None
    if packet.proto == TCP:
        if packet.flags & (_SYN | _ACK) != _SYN:
            return None
        return back.but(
            flags=_SYN | _ACK, seq=5000, ack=(packet.seq + 1) % 2**32, payload_len=0,
            tcp_options=packet.tcp_options,
        )  # fmt: skip
    return back if packet.proto == UDP else None


_HANDLED = {
    4: frozenset({ICMP, 2, TCP, UDP, UDPLITE}),
    6: frozenset({ICMP6, TCP, UDP, UDPLITE, NONE, ROUTING, DEST}),
}
_MODULES = frozenset({4, 41, 47, 50, AH, DCCP, 108, SCTP})


def is_foreign(packet: Packet, loaded: bool = True) -> bool:
    """No part of the kernel takes its protocol (ip_protocol_deliver_rcu, net/ipv4/ip_input.c).
    `loaded`: a module does, where there is one for it."""
    if loaded and is_for_a_module(packet):
        return False
    return packet.proto not in _HANDLED[packet.family]


def is_for_a_module(packet: Packet) -> bool:
    """Whether its protocol is taken depends on the modules that are loaded."""
    return packet.proto in _MODULES


def ignores(ns: Namespace, packet: Packet) -> bool:
    """An echo request that the host was told not to answer (icmp_echo, net/ipv4/icmp.c), or what
    came to a shared address, to which nothing but datagrams and pings go."""
    if packet.is_icmp and packet.icmp_type == ICMP_ECHO[packet.family][0]:
        family = "ipv4.icmp_echo" if packet.family == 4 else "ipv6.icmp.echo"
        if ns.number(f"net.{family}_ignore_all"):
            return True
        return shared(ns, packet) and bool(ns.number(f"net.{family}_ignore_broadcasts", 1))
    return packet.proto == TCP and shared(ns, packet)


def shared(ns: Namespace, packet: Packet) -> bool:
    """The destination is a multicast or a broadcast address."""
    return _is_shared(packet) or (
        packet.family == 4 and routing.lookup(ns, Flow(4, packet.dst)).kind == "broadcast"
    )


def refusal(ns: Namespace, packet: Packet, error: str, dev: str) -> Packet | None:
    """The packet by which a host refuses another; None where it stays silent: no error answers an
    error, a later fragment, or what went to many, and no reset answers a reset or what is signed
    (__icmp_send, net/ipv4/icmp.c; icmp6_send, net/ipv6/icmp.c; tcp_v4_send_reset). `dev` is the
    device it came in by."""
    if error == "tcp-reset":
        return _reset(packet)
    if error == "reset":  # the stack's own keeps the TOS but for ECN, REJECT's does not
        reset = None if is_signed(packet.tcp_options) else _reset(packet)
        return reset.but(tos=packet.tos & 0xFC) if reset else None
    if not error or _is_error(packet) or packet.frag or shared(ns, packet):
        return None
    kind, code = ERRORS[packet.family][error]
    source = _speaks_as(ns, packet, dev)
    if source is None:
        return None
    return Packet(
        packet.family, source, packet.src, ICMP if packet.family == 4 else ICMP6,
        icmp_type=kind, icmp_code=code, inner=_quoted(packet),
        tos=packet.tos & 0x1E | 0xC0 if packet.family == 4 else 0,
    )  # fmt: skip


def _is_shared(packet: Packet) -> bool:
    return routing.is_multicast(packet.family, packet.dst) or packet.dst == 0xFFFFFFFF


def _is_error(packet: Packet) -> bool:
    """An ICMP error, or in IPv4 a message that the kernel does not know and so may be one."""
    unknown = packet.family == 4 and packet.is_icmp and packet.icmp_type > _LAST_KNOWN
    return packet.is_icmp_error or unknown


def _quoted(packet: Packet) -> Packet:
    """An error quotes up to 576 bytes in all (IPv4), or the smallest MTU (IPv6)."""
    room = 576 - 28 if packet.family == 4 else 1280 - 48
    over = packet.length - room
    if over <= 0:
        return packet
    return packet.but(payload=b"", payload_len=max(0, packet.data_len - over))


def _speaks_as(ns: Namespace, packet: Packet, dev: str) -> int | None:
    """The address an error comes from: the one that was asked for if it is the host's own, else
    that of the way back, in IPv6 one of the device that the packet came in by."""
    if routing.own_address(ns, packet.family, packet.dst):
        return packet.dst
    way = routing.lookup(ns, Flow(packet.family, packet.src))
    if way.kind == "local":
        return packet.src
    if packet.family == 6 and dev:
        return routing.source_address(ns, 6, dev, packet.src)
    return way.source or routing.source_address(ns, packet.family, way.dev, way.hop)


def _reset(packet: Packet) -> Packet | None:
    if packet.proto != TCP or packet.flags & _RST or packet.frag:
        return None
    acked = packet.flags & _ACK
    end = packet.seq + packet.data_len + bool(packet.flags & _SYN) + (packet.flags & 1)
    return Packet(
        packet.family, packet.dst, packet.src, TCP, packet.dport, packet.sport,
        flags=_RST if acked else _RST | _ACK, window=0,
        seq=packet.ack if acked else 0, ack=0 if acked else end % 2**32,
    )  # fmt: skip
