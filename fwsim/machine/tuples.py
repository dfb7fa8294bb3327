"""Connection tuples: what a packet shows of its connection, and the tuple of the answer
(net/netfilter/nf_conntrack_core.c nf_ct_get_tuple, nf_ct_invert_tuple)."""

from __future__ import annotations

from fwsim.model.packet import ICMP, ICMP6, WITH_PORTS, Packet
from fwsim.model.tuples import NamedTuple

# Which ICMP message answers which; those that may begin a connection are in OPENS.
_ANSWERS = {
    ICMP: {8: 0, 13: 14, 15: 16, 17: 18},
    ICMP6: {128: 129, 139: 140},
}
OPENS = {proto: frozenset(pairs) for proto, pairs in _ANSWERS.items()}
_INVERSE = {p: {**d, **{v: k for k, v in d.items()}} for p, d in _ANSWERS.items()}


class Tuple(NamedTuple):
    """One direction of a connection. For ICMP, `sport` is the id and `dport` holds type and code
    (type << 8 | code)."""

    family: int
    src: int
    dst: int
    proto: int
    sport: int = 0
    dport: int = 0
    zone: int = 0

    @property
    def is_icmp(self) -> bool:
        """The ports are an ICMP message's id, type and code."""
        return self.proto == (ICMP if self.family == 4 else ICMP6)

    def inverted(self) -> Tuple | None:
        """The tuple of the answer; None for an ICMP message that has none."""
        sport, dport = self.dport, self.sport
        if self.is_icmp:
            answer = _INVERSE[self.proto].get(self.dport >> 8)
            if answer is None:
                return None
            sport, dport = self.sport, answer << 8 | self.dport & 0xFF
        return Tuple(self.family, self.dst, self.src, self.proto, sport, dport, self.zone)


def tuple_of(packet: Packet, zone: int = 0) -> Tuple:
    """The packet's own tuple."""
    sport = dport = 0
    if packet.proto in WITH_PORTS:
        sport, dport = packet.sport, packet.dport
    elif packet.proto == (ICMP if packet.family == 4 else ICMP6):
        sport, dport = packet.icmp_id, packet.icmp_type << 8 | packet.icmp_code
    return Tuple(packet.family, packet.src, packet.dst, packet.proto, sport, dport, zone)


def rewritten(packet: Packet, target: Tuple, source: bool) -> Packet:
    """The packet with its source (or destination) as `target` has it (nf_nat_proto.c)."""
    changes: dict[str, int] = {"src": target.src} if source else {"dst": target.dst}
    if packet.has_ports:
        changes |= {"sport": target.sport} if source else {"dport": target.dport}
    elif packet.is_icmp and not packet.is_icmp_error:
        changes["icmp_id"] = target.sport
    return packet.but(**changes)
