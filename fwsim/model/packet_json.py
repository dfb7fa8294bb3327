"""INTERFACE's PACKET, a JSON object, into a packet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fwsim.model import exthdr
from fwsim.model.errors import PacketError
from fwsim.model.names import TCP_FLAGS, address_value, family_of, flags_text, proto_text
from fwsim.model.packet import HEADS, ICMP, ICMP6, ICMP_ECHO, TCP, Packet, proto_number

_WIDTHS = {
    "sport": 16, "dport": 16, "icmp_type": 8, "icmp_code": 8, "icmp_id": 16, "ttl": 8, "tos": 8,
    "seq": 32, "ack": 32, "window": 16, "payload_len": 16, "frag": 13, "uid": 32,
}  # fmt: skip
KNOWN = (set(Packet._fields) - {"family"}) | {"in", "time", "length", "dev"}
_LONGEST = {4: 0xFFFF, 6: 40 + 0xFFFF}
_MOST_QUOTES = 2  # an error quotes a packet, which may be an error that quotes one


def packet_from_dict(data: Mapping[str, Any], quotes: int = 0) -> Packet:
    """Read INTERFACE's PACKET; `quotes` is how many errors it is quoted in. Members that are null
    are as good as missing. Raises PacketError naming the member that is wrong; members that belong
    to the place and not to the packet (`in`, `time`) are left to the caller."""
    for name in data:
        if name not in KNOWN:
            raise PacketError(f"a packet has no member {name!r}; known: {', '.join(sorted(KNOWN))}")
    data = {name: value for name, value in data.items() if value is not None}
    family, src, dst = _addresses(data)
    proto = proto_number(data.get("proto", "icmp" if family == 4 else "ipv6-icmp"))
    values: dict[str, Any] = {
        name: _number(data, name, bits) for name, bits in _WIDTHS.items() if name in data
    }
    if proto in (ICMP, ICMP6):
        values.setdefault("icmp_type", ICMP_ECHO[family][0])
    values |= _raw(data, family)
    if "head" in values and len(values["head"]) != HEADS.get(proto):
        raise PacketError("head is for sctp, 4 bytes, and dccp, 8 bytes")
    packet = Packet(
        family, src, dst, proto,
        flags=_tcp_flags(data.get("flags", ["SYN"] if proto == TCP else [])),
        more=_truth(data, "more"), truncated=_truth(data, "truncated"), df=_truth(data, "df"),
        mac_src=_mac(data.get("mac_src")), mac_dst=_mac(data.get("mac_dst")),
        inner=_inner(data, quotes),
        **values,
    )  # fmt: skip
    return _sized(packet, data)


def packet_to_dict(packet: Packet) -> dict[str, Any]:
    """The INTERFACE PACKET that reads back as exactly that packet, without what goes without
    saying."""
    ends = {"src": packet.text(packet.src), "dst": packet.text(packet.dst)}
    out: dict[str, Any] = {**ends, "proto": proto_text(packet.proto)}
    usual = packet_from_dict({**ends, "proto": packet.proto})
    for name, value, default in zip(Packet._fields, packet, usual, strict=True):
        if name in out or (value == default and not (packet.has_ports and name in _PORTS)):
            continue
        out[name] = _TOLD.get(name, lambda same: same)(value)
    if packet.payload:
        out.pop("payload_len", None)
    return out


_PORTS = ("sport", "dport")
_TOLD: Mapping[str, Callable[[Any], Any]] = {
    "flags": lambda flags: flags_text(flags).split(",") if flags else [],
    "inner": packet_to_dict,
    "ext": lambda headers: [[proto, data.hex()] for proto, data in headers],
    **dict.fromkeys(("payload", "tcp_options", "ip_options", "head"), bytes.hex),
}


def _inner(data: Mapping[str, Any], quotes: int) -> Packet | None:
    if "inner" not in data:
        return None
    if not isinstance(data["inner"], Mapping):
        raise PacketError("inner is a packet: an object with src and dst")
    if quotes == _MOST_QUOTES:
        raise PacketError("inner is in inner too often: an error quotes one packet")
    return packet_from_dict(data["inner"], quotes + 1)


def _sized(packet: Packet, data: Mapping[str, Any]) -> Packet:
    """The packet with the payload that `length` leaves, where nothing else tells how much."""
    if packet.payload and packet.payload_len not in (0, len(packet.payload)):
        raise PacketError(f"payload has {len(packet.payload)} bytes, not {packet.payload_len}")
    if "length" in data:
        length = _number(data, "length", 17)
        if not {"payload", "payload_len", "inner"} & data.keys() and length > packet.length:
            packet = packet.but(payload_len=length - packet.length)
        if packet.length != length:
            raise PacketError(f"length is {length}, but such a packet has {packet.length} bytes")
    if packet.length > _LONGEST[packet.family]:
        raise PacketError(
            f"an IPv{packet.family} packet has up to {_LONGEST[packet.family]} bytes, "
            f"and this has {packet.length}"
        )
    return packet


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


def _truth(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name, False)
    if not isinstance(value, bool):
        raise PacketError(f"{name} is true or false, not {value!r}")
    return value


def _hex(value: object, name: str) -> bytes:
    try:
        if isinstance(value, str):
            return bytes.fromhex(value)
        raise ValueError
    except ValueError:
        raise PacketError(
            f"{name} is written in hexadecimal, two digits a byte, not {value!r}"
        ) from None


def _raw(data: Mapping[str, Any], family: int) -> dict[str, Any]:
    """The members that are bytes."""
    values: dict[str, Any] = {
        name: _hex(data[name], name)
        for name in ("payload", "tcp_options", "ip_options", "head")
        if name in data
    }
    for name in ("tcp_options", "ip_options"):
        if len(values.get(name, b"")) % 4 or len(values.get(name, b"")) > 40:
            raise PacketError(f"{name} is a multiple of 4 bytes, 40 at most, in hexadecimal")
    if values.get("ip_options") and family == 6:
        raise PacketError("ip_options are IPv4's; IPv6 has ext")
    if "ext" in data:
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
        proto = proto_number(header[0])
        if not exthdr.fits(proto, len(data)):
            raise PacketError(
                "an extension header's data is 6 bytes long, or 14, 22, …; a fragment header's "
                "7, an AH's 10, 14, …"
            )
        found.append((proto, data))
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
