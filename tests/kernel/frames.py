"""Ethernet frames from packets and back; the IP part is fwsim's own (fwsim/model/wire.py)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from fwsim.model.packet import Packet
from fwsim.model.wire import checksum, crc32c, from_bytes, to_bytes, transport, with_header

__all__ = ["Frame", "build", "build_ip", "checksum", "crc32c", "fragment", "parse", "parse_ip"]

build_ip, parse_ip = to_bytes, from_bytes
ETHERTYPES = {4: 0x0800, 6: 0x86DD}


class Frame(NamedTuple):
    """An Ethernet frame; `packet` is None where it carries no IP (ARP, say)."""

    eth_src: str
    eth_dst: str
    packet: Packet | None


def build(packet: Packet, eth_src: str, eth_dst: str, ident: int = 0) -> bytes:
    """The frame of a packet. `ident` is the IP identification, which fragments share."""
    addresses = _mac_bytes(eth_dst) + _mac_bytes(eth_src)
    return addresses + struct.pack("!H", ETHERTYPES[packet.family]) + build_ip(packet, ident)


def parse(frame: bytes) -> Frame:
    """Read a frame. ValueError as `parse_ip`."""
    eth_dst, eth_src, kind = frame[:6].hex(":"), frame[6:12].hex(":"), frame[12:14]
    is_ip = int.from_bytes(kind, "big") in ETHERTYPES.values()
    return Frame(eth_src, eth_dst, parse_ip(frame[14:]) if is_ip else None)


def fragment(frame: bytes, size: int, ident: int = 1) -> list[bytes]:
    """Cut a frame's packet into fragments of at most `size` (a multiple of 8) bytes of data."""
    packet = parse_ip(frame[14:])
    body = transport(packet)
    starts = range(0, len(body), size)
    pieces = (packet.but(frag=n // 8, more=n + size < len(body)) for n in starts)
    cuts = (body[n : n + size] for n in starts)
    return [frame[:14] + with_header(p, cut, ident) for p, cut in zip(pieces, cuts, strict=True)]


def _mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
