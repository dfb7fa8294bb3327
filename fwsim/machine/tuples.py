"""Connection tuples: what a packet shows of its connection, and the tuple of the answer
(net/netfilter/nf_conntrack_core.c nf_ct_get_tuple, nf_ct_invert_tuple), and zones, which keep
tuples apart (include/net/netfilter/nf_conntrack_zones.h)."""

from __future__ import annotations

from fwsim.model.chain import final
from fwsim.model.exthdr import EXTENSIONS, NONE
from fwsim.model.names import address_text, proto_text
from fwsim.model.packet import DCCP, ICMP, ICMP6, SCTP, TCP, UDP, UDPLITE, Packet
from fwsim.model.tuples import NamedTuple

_new = tuple.__new__  # a record without its constructor's call, for what many packets make
GRE = 47
_NO_TRANSPORT = EXTENSIONS | {NONE}
# DCCP has ports, but Linux 6.18 does not look at them: it tracks DCCP by its addresses.
PORTED = frozenset({TCP, UDP, UDPLITE, SCTP})
# Which ICMP message answers which; those that may begin a connection are in OPENS.
_ANSWERS = {
    ICMP: {8: 0, 13: 14, 15: 16, 17: 18},
    ICMP6: {128: 129, 139: 140},
}
OPENS = {proto: frozenset(pairs) for proto, pairs in _ANSWERS.items()}
_PORTS = 4  # bytes
_PPTP = b"\x88\x0b"  # what enhanced GRE says that it carries
_INVERSE = {p: {**d, **{v: k for k, v in d.items()}} for p, d in _ANSWERS.items()}


class Zone(NamedTuple):
    """A conntrack zone: in which directions it counts; in the others a connection is in zone 0."""

    number: int = 0
    original: bool = True
    reply: bool = True

    def of(self, reply: bool) -> int:
        """The zone of one direction."""
        return self.number if (self.reply if reply else self.original) else 0


EVERYWHERE = Zone()  # where connections are unless a rule says otherwise


class Tuple(NamedTuple):
    """One direction of a connection. For ICMP, `sport` is the id and `dport` holds type and code
    (type << 8 | code)."""

    family: int
    src: int
    dst: int
    proto: int
    sport: int = 0
    dport: int = 0

    @property
    def is_icmp(self) -> bool:
        """The ports are an ICMP message's id, type and code."""
        return self.proto == (ICMP if self.family == 4 else ICMP6)

    @property
    def text(self) -> str:
        """For people; a source or port of 0 is any."""
        bits = 32 if self.family == 4 else 128
        source = address_text(self.src, bits) if self.src else "*"
        where = f"{source} → {address_text(self.dst, bits)}"
        return f"{where}, {proto_text(self.proto)} port {self.dport}"

    def inverted(self) -> Tuple | None:
        """The tuple of the answer; None for an ICMP message that has none."""
        family, src, dst, proto, dport, sport = self
        if proto in _INVERSE and self.is_icmp:
            answer = _INVERSE[proto].get(self.dport >> 8)
            if answer is None:
                return None
            sport, dport = self.sport, answer << 8 | self.dport & 0xFF
        return _new(Tuple, (family, dst, src, proto, sport, dport))


def tuple_of(packet: Packet) -> Tuple | None:
    """The packet's own tuple; None for GRE of version 1 that carries no PPTP, and in IPv6 where no
    transport header is to be found (ipv6_get_l4proto)."""
    sport = dport = 0
    if packet.family == 6 and (packet.frag or packet.proto in _NO_TRANSPORT):
        return _behind(packet)
    if packet.proto == GRE and packet.contents and packet.contents[1:2] and packet.contents[1] & 7:
        return _pptp(packet)
    if packet.proto in PORTED:
        sport, dport = packet.sport, packet.dport
    elif packet.proto == (ICMP if packet.family == 4 else ICMP6):
        sport, dport = packet.icmp_id, packet.icmp_type << 8 | packet.icmp_code
    return Tuple(packet.family, packet.src, packet.dst, packet.proto, sport, dport)


def shows_tuple(packet: Packet) -> bool:
    """There is enough of it for its tuple; of ports, the first four bytes (nf_ct_get_tuple)."""
    ported = packet.proto in PORTED and packet.data_len >= _PORTS
    return not packet.frag and (not packet.truncated or ported or packet.proto == DCCP)


def _behind(packet: Packet) -> Tuple | None:
    """Where an extension header is cut off: what it says comes next, if that has no ports."""
    proto = -1 if packet.frag else final(packet)
    if proto < 0 or proto in (*PORTED, ICMP6, NONE):
        return None
    return Tuple(packet.family, packet.src, packet.dst, proto)


def _pptp(packet: Packet) -> Tuple | None:
    """gre_pkt_to_tuple: the far end's call ID; one's own would be known from PPTP's talk alone."""
    data = packet.contents or b""
    if data[1] & 7 != 1 or len(data) < 8:
        return Tuple(packet.family, packet.src, packet.dst, GRE)
    if data[2:4] != _PPTP:
        return None
    return Tuple(packet.family, packet.src, packet.dst, GRE, 0, int.from_bytes(data[6:8], "big"))


def rewritten(packet: Packet, target: Tuple, source: bool) -> Packet:
    """The packet with its source (or destination) as `target` has it (nf_nat_proto.c)."""
    changes: dict[str, int] = {"src": target.src} if source else {"dst": target.dst}
    if packet.proto in PORTED and not packet.frag:
        changes |= {"sport": target.sport} if source else {"dport": target.dport}
    elif packet.is_icmp and not packet.is_icmp_error:
        changes["icmp_id"] = target.sport
    return packet.but(**changes)
