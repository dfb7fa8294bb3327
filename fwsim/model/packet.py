"""One packet as it stands on a wire or in a hook: an immutable record.

Numbers are host integers, addresses integers of their family's width, lengths in bytes, times in
seconds. The JSON form is INTERFACE's PACKET (`packet_from_dict`, `Packet.to_dict`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fwsim.model.errors import PacketError
from fwsim.model.names import (
    PROTOCOLS,
    TCP_FLAGS,
    address_text,
    address_value,
    family_of,
    flags_text,
    proto_text,
)

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
DCCP, SCTP, UDPLITE = 33, 132, 136
WITH_PORTS = frozenset({TCP, UDP, DCCP, SCTP, UDPLITE})
L4_HEADERS = {TCP: 20, UDP: 8, UDPLITE: 8, ICMP: 8, ICMP6: 8, SCTP: 12, DCCP: 12}
ICMP_ERRORS = {4: frozenset({3, 4, 5, 11, 12}), 6: frozenset({1, 2, 3, 4})}
ICMP_ECHO = {4: (8, 0), 6: (128, 129)}  # request, reply


class Packet(NamedTuple):
    """A packet. `frag` is the fragment offset in units of 8 bytes, `more` the more-fragments bit;
    `inner` is what an ICMP error quotes; `uid` its sender on the host that sends it.

    `ip_options` are IPv4's, in the bytes of the header; `ext` IPv6's extension headers in order,
    each its protocol number and its bytes behind next header and length."""

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

    @property
    def l4_header(self) -> int:
        """Bytes of the transport header; 0 in a later fragment or an unknown protocol."""
        if self.frag:
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
        """Bytes of the IP header, with options or extension headers (not IPv6's for fragments)."""
        if self.family == 4:
            return 20 + len(self.ip_options)
        return 40 + sum(2 + len(data) for _, data in self.ext)

    @property
    def contents(self) -> bytes | None:
        """What stands behind the transport header; None where only its length was given."""
        return self.payload if len(self.payload) == self.data_len and not self.inner else None

    @property
    def has_ports(self) -> bool:
        """The transport header, with ports, is there to be read."""
        return self.proto in WITH_PORTS and not self.frag

    @property
    def is_icmp(self) -> bool:
        """ICMP of the packet's own family, its header there to be read."""
        return self.proto == (ICMP if self.family == 4 else ICMP6) and not self.frag

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
        if self.proto == TCP and not self.frag:
            out |= {"flags": flags_text(self.flags).split(",") if self.flags else []}
            out |= {"seq": self.seq, "ack": self.ack}
        if self.is_icmp:
            out |= {"icmp_type": self.icmp_type, "icmp_code": self.icmp_code}
            if not self.is_icmp_error:
                out["icmp_id"] = self.icmp_id
        out |= {"ttl": self.ttl, "tos": self.tos, "length": self.length}
        if self.frag or self.more:
            out |= {"frag": self.frag, "more": self.more}
        if self.ip_options:
            out["ip_options"] = self.ip_options.hex()
        if self.ext:
            out["ext"] = [[proto, data.hex()] for proto, data in self.ext]
        if self.inner is not None:
            out["inner"] = self.inner.to_dict()
        return out


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


_WIDTHS = {
    "sport": 16, "dport": 16, "icmp_type": 8, "icmp_code": 8, "icmp_id": 16, "ttl": 8, "tos": 8,
    "seq": 32, "ack": 32, "window": 16, "payload_len": 16, "frag": 13, "uid": 32,
}  # fmt: skip
_KNOWN = set(Packet._fields) | {"in", "time", "length", "dev", "mark"}


def packet_from_dict(data: Mapping[str, Any]) -> Packet:
    """Read INTERFACE's PACKET. Raises PacketError naming the member that is wrong; members that
    belong to the place and not to the packet (`in`, `time`) are left to the caller."""
    for name in data:
        if name not in _KNOWN:
            raise PacketError(
                f"a packet has no member {name!r}; known: {', '.join(sorted(_KNOWN))}"
            )
    family, src, dst = _addresses(data)
    proto = proto_number(data.get("proto", "icmp" if family == 4 else "ipv6-icmp"))
    values: dict[str, Any] = {
        name: _number(data, name, bits)
        for name, bits in _WIDTHS.items()
        if data.get(name) is not None
    }
    if proto in (ICMP, ICMP6) and "icmp_type" not in values:
        values["icmp_type"] = ICMP_ECHO[family][0]
    values |= _raw(data, family)
    if data.get("inner") is not None:
        if not isinstance(data["inner"], Mapping):
            raise PacketError("inner is a packet: an object with src and dst")
        values["inner"] = packet_from_dict(data["inner"])
    return Packet(
        family, src, dst, proto,
        flags=_tcp_flags(data.get("flags", ["SYN"] if proto == TCP else [])),
        more=bool(data.get("more", False)),
        mac_src=_mac(data.get("mac_src")), mac_dst=_mac(data.get("mac_dst")),
        **values,
    )  # fmt: skip


def _addresses(data: Mapping[str, Any]) -> tuple[int, int, int]:
    for name in ("src", "dst"):
        if not isinstance(data.get(name), str) or family_of(data[name]) is None:
            raise PacketError(f"{name} is an address such as 172.18.0.3, not {data.get(name)!r}")
    family = family_of(data["src"]) or 4
    if family_of(data["dst"]) != family:
        raise PacketError(f"src {data['src']} and dst {data['dst']} are of different families")
    return family, address_value(data["src"], family), address_value(data["dst"], family)


def _number(data: Mapping[str, Any], name: str, bits: int) -> int:
    value = data[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
        raise PacketError(f"{name} is a number from 0 to {(1 << bits) - 1}, not {value!r}")
    return value


def _hex(value: object, name: str) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise PacketError(
            f"{name} is written in hexadecimal, two digits a byte, not {value!r}"
        ) from None


def _raw(data: Mapping[str, Any], family: int) -> dict[str, Any]:
    """The members that are bytes."""
    values: dict[str, Any] = {
        name: _hex(data[name], name)
        for name in ("payload", "tcp_options", "ip_options")
        if data.get(name) is not None
    }
    for name in ("tcp_options", "ip_options"):
        if len(values.get(name, b"")) % 4 or len(values.get(name, b"")) > 40:
            raise PacketError(f"{name} is a multiple of 4 bytes, 40 at most, in hexadecimal")
    if values.get("ip_options") and family == 6:
        raise PacketError("ip_options are IPv4's; IPv6 has ext")
    if data.get("ext") is not None:
        values["ext"] = _ext(data["ext"], family)
    return values


def _ext(headers: object, family: int) -> tuple[tuple[int, bytes], ...]:
    """[[protocol, hexadecimal], …]: IPv6's extension headers."""
    if family == 4 or not isinstance(headers, (list, tuple)):
        raise PacketError(f"ext is a list of IPv6 extension headers, not {headers!r}")
    found = []
    for header in headers:
        if not isinstance(header, (list, tuple)) or len(header) != 2:
            raise PacketError(f"an extension header is [PROTOCOL, HEXADECIMAL], not {header!r}")
        data = _hex(header[1], "ext")
        if (len(data) + 2) % 8:
            raise PacketError("an extension header's data is 6 bytes long, or 14, 22, …")
        found.append((proto_number(header[0]), data))
    return tuple(found)


def _tcp_flags(names: object) -> int:
    if not isinstance(names, (list, tuple)):
        raise PacketError(f"flags is a list such as ['SYN', 'ACK'], not {names!r}")
    value = 0
    for name in names:
        bit = TCP_FLAGS.get(str(name).upper())
        if bit is None:
            raise PacketError(f"unknown TCP flag {name!r}; known: {', '.join(TCP_FLAGS)}")
        value |= bit
    return value


def _mac(value: object) -> str | None:
    if value is None:
        return None
    parts = str(value).lower().split(":")
    if len(parts) != 6 or any(len(p) != 2 or not set(p) <= set("0123456789abcdef") for p in parts):
        raise PacketError(f"a MAC address is six pairs of hexadecimal digits, not {value!r}")
    return ":".join(parts)
