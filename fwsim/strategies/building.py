"""Packets of views: which views a packet can be made for, and the packet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fwsim.machine.opening import SYN_OPTIONS, opening
from fwsim.model import fields as F
from fwsim.model.exthdr import EXTENSIONS, NONE
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import TCP, WITH_PORTS, Packet
from fwsim.model.pred import Pred, all_of, any_of, is_in, negate
from fwsim.model.tcp_options import option_bits

if TYPE_CHECKING:
    from fwsim.readings.space import PacketSet

_MADE = (
    F.PROTO, F.DPORT, F.SPORT, F.ICMP_TYPE, F.ICMP_CODE, F.TCP_FLAGS, F.IN, F.LENGTH, F.TTL, F.TOS,
    F.TCP_OPTIONS, F.CTSTATE,
)  # fmt: skip
_LONE = {option_bits(bytes((kind, 2, 1, 1))): bytes((kind, 2, 1, 1)) for kind in range(2, 256)}
_OPTIONS = {0: b"", **_LONE, option_bits(SYN_OPTIONS): SYN_OPTIONS}
_TOLD = ("icmp_type", "icmp_code", "ttl", "tos")


def buildable(packets: PacketSet, family: int) -> PacketSet:
    """Those packets of a set that `packet_of` can make, and that are in it whatever nobody knows
    and whatever stands in headers of which views do not tell."""
    known = packets.whatever((*_MADE, F.SRC[family], F.DST[family]))
    return known & packets.space.read(_makeable(packets, family))


def _makeable(packets: PacketSet, family: int) -> Pred:
    """No protocol of which nothing but the number is told may be an extension header, which would
    be read; TCP options one by one, or a SYN's usual ones; long enough to hold them."""
    whole = negate(is_in(F.PROTO, *EXTENSIONS, NONE)) if family == 6 else all_of()
    if F.TCP_OPTIONS not in packets.space.fields:
        return whole
    least = (20 if family == 4 else 40) + 20 + len(SYN_OPTIONS)
    room = any_of(negate(is_in(F.PROTO, TCP)), is_in(F.LENGTH, (least, F.LENGTH.top)))
    sized = F.LENGTH in packets.space.fields
    return all_of(whole, is_in(F.TCP_OPTIONS, *_OPTIONS), *([room] if sized else []))


def view_of(packet: Packet) -> dict[str, int]:
    """What sets know of a packet, as far as it alone tells."""
    return {
        "proto": packet.proto, "src": packet.src, "dst": packet.dst, "sport": packet.sport,
        "dport": packet.dport, "icmp_type": packet.icmp_type, "icmp_code": packet.icmp_code,
        "tcp_flags": packet.flags, "length": packet.length, "ttl": packet.ttl, "tos": packet.tos,
        "tcp_options": option_bits(packet.tcp_options),
    }  # fmt: skip


def packet_of(view: Mapping[str, int], family: int) -> Packet:
    """The packet of a view; in what that does not tell, it is as `fwsim trace` would send it."""
    proto = view["proto"]
    ports = (view["sport"], view["dport"]) if proto in WITH_PORTS else (None, None)
    packet = opening(family, (view["src"], view["dst"]), proto, ports)
    packet = packet.but(**{name: view[name] for name in _TOLD if name in view})
    if proto == TCP:
        packet = packet.but(flags=view["tcp_flags"], tcp_options=_options(view))
    return _sized(packet, view["length"]) if "length" in view else packet


def _options(view: Mapping[str, int]) -> bytes:
    if "tcp_options" in view:
        return _OPTIONS[view["tcp_options"]]
    return SYN_OPTIONS if view["tcp_flags"] == TCP_FLAGS["SYN"] else b""


def _sized(packet: Packet, length: int) -> Packet:
    """The packet with as much data as the length leaves, or without what is too much."""
    if packet.length > length and packet.data_len < packet.length - length:
        packet = packet.but(tcp_options=b"")
    room = packet.data_len + length - packet.length
    if packet.payload:
        return packet.but(payload=packet.payload[:room].ljust(room, b"\0"))
    return packet.but(payload_len=room)
