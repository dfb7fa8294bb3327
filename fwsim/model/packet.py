"""One packet as it stands on a wire or in a hook: an immutable record.

Numbers are host integers, addresses integers of their family's width, lengths in bytes, times in
seconds. The JSON form is INTERFACE's PACKET (`fwsim.model.packet_json`, `Packet.to_dict`).
"""

from __future__ import annotations

from typing import Any

from fwsim.model import exthdr
from fwsim.model.errors import PacketError
from fwsim.model.names import (
    PROTOCOLS,
    address_text,
    flags_text,
    proto_text,
)
from fwsim.model.tuples import NamedTuple

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
DCCP, SCTP, UDPLITE = 33, 132, 136
WITH_PORTS = frozenset({TCP, UDP, DCCP, SCTP, UDPLITE})
_BYTES = ("ip_options", "head")
HEADS = {SCTP: 4, DCCP: 8}  # bytes of `head`
L4_HEADERS = {TCP: 20, UDP: 8, UDPLITE: 8, ICMP: 8, ICMP6: 8, SCTP: 12, DCCP: 12}
ICMP_ERRORS = {4: frozenset({3, 4, 5, 11, 12}), 6: frozenset({1, 2, 3, 4})}
ICMP_ECHO = {4: (8, 0), 6: (128, 129)}  # request, reply


class Packet(NamedTuple):
    """A packet. `frag` is the fragment offset in units of 8 bytes, `more` the more-fragments bit;
    `inner` is what an ICMP error quotes; `uid` its sender on the host that sends it.

    `ip_options` are IPv4's, in the bytes of the header; `ext` IPv6's extension headers in order,
    each its protocol number and its bytes behind next header and length (fwsim.model.exthdr).
    `head` is what has no member of its own in a header with ports: SCTP's verification tag, the
    rest of DCCP's header. `truncated`: the transport header is not whole; what there is of it
    stands in `payload`. `df`: IPv4's don't-fragment bit, as far as it is told to be set."""

    family: int
    src: int
    dst: int
    proto: int = UDP
    sport: int = 0
    dport: int = 0
    icmp_type: int = 0
    icmp_code: int = 0
    icmp_id: int = 0
    ttl: int = 64
    tos: int = 0
    flags: int = 0
    seq: int = 0
    ack: int = 0
    window: int = 65535
    tcp_options: bytes = b""
    payload: bytes = b""
    payload_len: int = 0
    frag: int = 0
    more: bool = False
    uid: int | None = None
    mac_src: str | None = None
    mac_dst: str | None = None
    inner: Packet | None = None
    ip_options: bytes = b""
    ext: tuple[tuple[int, bytes], ...] = ()
    head: bytes = b""
    truncated: bool = False
    df: bool = False

    @property
    def vtag(self) -> int:
        """SCTP's verification tag."""
        return int.from_bytes(self.head, "big") if self.proto == SCTP else 0

    @property
    def l4_header(self) -> int:
        """Bytes of the transport header; 0 where it is not whole, or of an unknown protocol."""
        if self.frag or self.truncated:
            return 0
        return L4_HEADERS.get(self.proto, 0) + (len(self.tcp_options) if self.proto == TCP else 0)

    @property
    def data_len(self) -> int:
        """Bytes behind the transport header."""
        return self.inner.length if self.inner else len(self.payload) or self.payload_len

    @property
    def length(self) -> int:
        """The whole IP packet, in bytes."""
        return self.ip_header + self.l4_header + self.data_len

    @property
    def ip_header(self) -> int:
        """Bytes of the IP header, with options or extension headers."""
        if self.family == 4:
            return 20 + len(self.ip_options)
        return 40 + exthdr.size(self.ext) + 8 * exthdr.implied(self.ext, self.frag, self.more)

    @property
    def contents(self) -> bytes | None:
        """What stands behind the transport header; None where only its length was given."""
        return self.payload if len(self.payload) == self.data_len and not self.inner else None

    @property
    def has_ports(self) -> bool:
        """The transport header, with ports, is there to be read."""
        return self.proto in WITH_PORTS and not self.frag and not self.truncated

    @property
    def is_icmp(self) -> bool:
        """ICMP of the packet's own family, its header there to be read."""
        own = self.proto == (ICMP if self.family == 4 else ICMP6)
        return own and not self.frag and not self.truncated

    @property
    def is_icmp_error(self) -> bool:
        """An ICMP message that quotes the packet that it is about."""
        return self.is_icmp and self.icmp_type in ICMP_ERRORS[self.family]

    def but(self, **changes: Any) -> Packet:
        """The same packet with some fields changed."""
        return self._replace(**changes)

    def text(self, value: int) -> str:
        """An address of this packet's family, as people write it."""
        return address_text(value, 32 if self.family == 4 else 128)

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's PACKET: only what applies to the protocol, plus `length`."""
        out: dict[str, Any] = {
            "src": self.text(self.src),
            "dst": self.text(self.dst),
            "proto": proto_text(self.proto),
        }
        if self.has_ports:
            out |= {"sport": self.sport, "dport": self.dport}
        if self.proto == TCP and self.has_ports:
            out |= {"flags": flags_text(self.flags).split(",") if self.flags else []}
            out |= {"seq": self.seq, "ack": self.ack}
        if self.is_icmp:
            out |= {"icmp_type": self.icmp_type, "icmp_code": self.icmp_code}
            if not self.is_icmp_error:
                out["icmp_id"] = self.icmp_id
        out |= {"ttl": self.ttl, "tos": self.tos, "length": self.length}
        if self.frag or self.more:
            out |= {"frag": self.frag, "more": self.more}
        if self.df:
            out["df"] = True
        out |= {name: getattr(self, name).hex() for name in _BYTES if getattr(self, name)}
        if self.ext:
            out["ext"] = [[proto, data.hex()] for proto, data in self.ext]
        if self.truncated:
            out["truncated"] = True
        if self.inner is not None:
            out["inner"] = self.inner.to_dict()
        return out


def proto_of(word: object, family: int) -> int:
    """The protocol that people mean in an address family: IPv6's ICMP is ICMPv6. PacketError for
    what is none."""
    number = proto_number(word)
    return ICMP6 if family == 6 and number == ICMP else number


def proto_number(word: object) -> int:
    """A protocol by name or number (0 to 255). PacketError if it is neither."""
    if isinstance(word, int) and not isinstance(word, bool):
        number = word
    else:
        name = str(word).lower()
        known = PROTOCOLS.get({"icmpv6": "ipv6-icmp", "icmp6": "ipv6-icmp"}.get(name, name))
        if known is not None:
            return known
        number = int(name) if name.isdecimal() and len(name) < 9 else -1
    if not 0 <= number <= 255:
        raise PacketError(f"unknown protocol {word!r}: write icmp, tcp, udp or a number up to 255")
    return number
