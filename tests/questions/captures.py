"""Captures as tests want them, written by dpkt or by hand."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from dpkt import pcap, pcapng

from fwsim.model.names import address_value
from fwsim.model.packet import Packet
from fwsim.model.wire import to_bytes

ETHERNET, COOKED, COOKED2, RAW, LOOPBACK = 1, 113, 276, 101, 0
BEGIN = 1_700_000_000
OUTER, INNER = "02:00:00:00:00:aa", "02:00:00:00:00:bb"


def packet(src: str, dst: str, **fields: Any) -> Packet:
    family = 6 if ":" in src else 4
    return Packet(family, address_value(src, family), address_value(dst, family), **fields)


def ethernet(made: Packet, src: str = OUTER, dst: str = INNER, vlan: int = 0) -> bytes:
    tag = struct.pack("!HH", 0x8100, vlan) if vlan else b""
    kind = 0x0800 if made.family == 4 else 0x86DD
    macs = bytes.fromhex((dst + src).replace(":", ""))
    return macs + tag + struct.pack("!H", kind) + to_bytes(made)


def cooked(made: Packet, whose: int = 0) -> bytes:
    kind = 0x0800 if made.family == 4 else 0x86DD
    return struct.pack("!HHH8sH", whose, 1, 6, bytes(8), kind) + to_bytes(made)


def cooked2(made: Packet, index: int, whose: int = 0) -> bytes:
    kind = 0x0800 if made.family == 4 else 0x86DD
    return struct.pack("!HHIHBB8s", kind, 0, index, 1, whose, 6, bytes(8)) + to_bytes(made)


def written(frames: Iterable[bytes], link: int = ETHERNET, nano: bool = False) -> bytes:
    """A pcap file, a millisecond between two frames."""
    out = BytesIO()
    writer = pcap.Writer(out, snaplen=1 << 16, linktype=link, nano=nano)
    for number, frame in enumerate(frames):
        writer.writepkt(frame, BEGIN + number / 1000)
    return out.getvalue()


def big_endian(frames: Iterable[bytes], link: int = ETHERNET) -> bytes:
    records = (struct.pack(">IIII", BEGIN, 0, len(f), len(f)) + f for f in frames)
    return struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, link) + b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(pcapng.PCAPNG_BT_SHB, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(name: str = "", link: int = ETHERNET, order: str = "<", tick: int = 6) -> bytes:
    said = name.encode()
    options = struct.pack(f"{order}HH", 2, len(said)) + said + bytes(-len(said) % 4)
    options += struct.pack(f"{order}HHBxxxHH", 9, 1, tick, 0, 0)
    return block(pcapng.PCAPNG_BT_IDB, struct.pack(f"{order}HHI", link, 0, 0) + options, order)


def enhanced(
    data: bytes, number: int = 0, ticks: int = BEGIN * 10**6, order: str = "<", flags: int = 0
) -> bytes:
    head = struct.pack(
        f"{order}IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    options = struct.pack(f"{order}HHIHH", 2, 4, flags, 0, 0) if flags else b""
    return block(
        pcapng.PCAPNG_BT_EPB, head + data + bytes(-len(data) % 4) + options, order
    )  # fmt: skip
