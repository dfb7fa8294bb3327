"""IP packets as on the wire and back, checksums and lengths in order.

What `Packet` has no field for is zero on the wire and lost on reading: the IP identification, the
IPv6 flow label, an ICMP sequence number, the next-hop MTU of an ICMP error; DF is written and not
read. Contents of which only the length is known are zeros. fwsim.model.hidden tells which bits
nobody told.
"""

from __future__ import annotations

import struct
from typing import Any

from fwsim.model import exthdr
from fwsim.model.chain import whole
from fwsim.model.packet import (
    DCCP,
    HEADS,
    ICMP,
    ICMP6,
    ICMP_ERRORS,
    L4_HEADERS,
    SCTP,
    TCP,
    UDP,
    UDPLITE,
    WITH_PORTS,
    Packet,
)

_NO_HEAD = {SCTP: bytes(4), DCCP: bytes((3, *bytes(7)))}
_CHECKSUM_AT = {TCP: 16, UDP: 6, UDPLITE: 6, ICMP: 2, ICMP6: 2}


def to_bytes(packet: Packet, ident: int = 0) -> bytes:
    """The packet from its IP header on. `ident` is the IP identification, which fragments share."""
    return with_header(packet, transport(packet), ident)


def with_header(packet: Packet, body: bytes, ident: int = 0) -> bytes:
    """The IP header of a packet before a body of one's own."""
    return _ipv4(packet, body, ident) if packet.family == 4 else _ipv6(packet, body, ident)


def from_bytes(data: bytes) -> Packet:
    """Read an IP packet; what follows its length (Ethernet's padding) is left out. ValueError if
    it is neither IPv4 nor IPv6, or too short for its headers."""
    version = data[0] >> 4 if data else 0
    try:
        if len(data) >= {4: 20, 6: 40}[version]:
            return _parse_ipv4(data) if version == 4 else _parse_ipv6(data)
    except (struct.error, IndexError, KeyError):
        pass
    raise ValueError(f"not a whole IP packet: {data.hex()}")


# writing


def _ipv4(p: Packet, body: bytes, ident: int) -> bytes:
    offset = p.frag | (0x2000 if p.more else 0) | (0x4000 if p.df else 0)
    head = 20 + len(p.ip_options)
    fixed = struct.pack(
        "!BBHHHBBH4s4s", 0x40 | head // 4, p.tos, head + len(body), ident, offset, p.ttl, p.proto,
        0, p.src.to_bytes(4, "big"), p.dst.to_bytes(4, "big"),
    ) + p.ip_options  # fmt: skip
    return _with_checksum(fixed, 10, checksum(fixed)) + body


def _ipv6(p: Packet, body: bytes, ident: int) -> bytes:
    kind, headers = exthdr.written(whole(p, ident), p.proto)
    body = headers + body
    ends = p.src.to_bytes(16, "big") + p.dst.to_bytes(16, "big")
    return struct.pack("!IHBB", 6 << 28 | p.tos << 20, len(body), kind, p.ttl) + ends + body


def transport(p: Packet) -> bytes:
    """What stands behind the IP header."""
    data = to_bytes(p.inner) if p.inner else p.payload or bytes(p.payload_len)
    if p.frag or p.truncated:
        return data
    body = _header(p, len(data)) + data
    if p.proto == SCTP:
        return body[:8] + struct.pack("<I", crc32c(body)) + body[12:]
    if p.proto not in _CHECKSUM_AT:
        return body
    value = checksum((b"" if p.proto == ICMP else pseudo(p, len(body))) + body)
    return _with_checksum(body, _CHECKSUM_AT[p.proto], value or 0xFFFF)


def _header(p: Packet, data: int) -> bytes:
    ports = struct.pack("!HH", p.sport, p.dport)
    if p.proto == TCP:
        words = 5 + len(p.tcp_options) // 4
        rest = struct.pack("!IIBBHHH", p.seq, p.ack, words << 4, p.flags, p.window, 0, 0)
        return ports + rest + p.tcp_options
    if p.proto in (UDP, UDPLITE):
        return ports + struct.pack("!HH", 8 + data, 0)
    if p.proto in (ICMP, ICMP6):
        return struct.pack("!BBHHH", p.icmp_type, p.icmp_code, 0, p.icmp_id, 0)
    if p.proto in HEADS:
        return ports + (p.head or _NO_HEAD[p.proto]) + bytes(4 if p.proto == SCTP else 0)
    return b""


def pseudo(p: Packet, length: int) -> bytes:
    """What a transport checksum covers besides the transport."""
    width = 4 if p.family == 4 else 16
    ends = p.src.to_bytes(width, "big") + p.dst.to_bytes(width, "big")
    return ends + struct.pack(
        "!HH" if p.family == 4 else "!II",
        *((p.proto, length) if p.family == 4 else (length, p.proto)),
    )


def _with_checksum(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + struct.pack("!H", value) + data[at + 2 :]


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def crc32c(data: bytes) -> int:
    """SCTP's checksum (RFC 3309): CRC-32 of Castagnoli, reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF


# reading


def _parse_ipv4(data: bytes) -> Packet:
    start, length = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    offset = int.from_bytes(data[6:8], "big")
    packet = Packet(
        4, int.from_bytes(data[12:16], "big"), int.from_bytes(data[16:20], "big"),
        proto=data[9], ttl=data[8], tos=data[1], frag=offset & 0x1FFF, more=bool(offset & 0x2000),
        ip_options=data[20:start],
    )  # fmt: skip
    return _with_transport(packet, data[start:length])


def _parse_ipv6(data: bytes) -> Packet:
    first, length, kind, ttl = struct.unpack("!IHBB", data[:8])
    packet = Packet(
        6, int.from_bytes(data[8:24], "big"), int.from_bytes(data[24:40], "big"),
        proto=kind, ttl=ttl, tos=first >> 20 & 0xFF,
    )  # fmt: skip
    chain = exthdr.parse(kind, data[40 : 40 + length])
    packet = packet.but(
        proto=chain.proto, ext=chain.ext, frag=chain.frag, more=chain.more,
    )  # fmt: skip
    return _with_transport(packet, chain.rest)


def _with_transport(p: Packet, body: bytes) -> Packet:
    """The packet with what its transport header tells, and with its data."""
    told, data = _transport(p, body)
    if "inner" not in told:
        told |= _data(data)
    return p._replace(**told)


def _transport(p: Packet, body: bytes) -> tuple[dict[str, Any], bytes]:
    """The fields of a header, and what stands behind it."""
    if p.frag or p.proto not in L4_HEADERS:
        return {}, body
    told: dict[str, Any] = {}
    if p.proto in WITH_PORTS and len(body) >= 4:
        told["sport"], told["dport"] = struct.unpack_from("!HH", body)
    if len(body) < L4_HEADERS[p.proto]:
        return {**told, "truncated": True}, body
    if p.proto == TCP:
        seq, ack, words, flags, window = struct.unpack_from("!IIBBH", body, 4)
        end = (words >> 4) * 4
        told |= {"seq": seq, "ack": ack, "flags": flags, "window": window}
        return {**told, "tcp_options": body[20:end]}, body[end:]
    if p.proto in (ICMP, ICMP6):
        return _icmp(p, body), body[8:]
    if p.proto in HEADS:
        head = body[4 : 4 + HEADS[p.proto]]
        told["head"] = head if head != _NO_HEAD[p.proto] else b""
    return told, body[L4_HEADERS[p.proto] :]


def _icmp(p: Packet, body: bytes) -> dict[str, Any]:
    kind, code, _, ident = struct.unpack_from("!BBHH", body)
    told: dict[str, Any] = {"icmp_type": kind, "icmp_code": code}
    own = p.proto == (ICMP if p.family == 4 else ICMP6)
    inner = _quoted(body[8:]) if own and kind in ICMP_ERRORS[p.family] else None
    return {**told, "inner": inner} if inner else {**told, "icmp_id": ident}


def _quoted(data: bytes) -> Packet | None:
    try:
        return from_bytes(data)
    except ValueError:
        return None


def _data(data: bytes) -> dict[str, Any]:
    """Data of nothing but zeros is told by its length, as a packet without payload is built."""
    return {"payload": data} if any(data) else {"payload_len": len(data)}
