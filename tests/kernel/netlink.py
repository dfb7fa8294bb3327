"""Netlink messages, as far as tests need them: attributes in and out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator


def attribute(kind: int, body: bytes) -> bytes:
    """One attribute, padded."""
    return struct.pack("=HH", 4 + len(body), kind) + body + bytes(-len(body) % 4)


def nested(kind: int, body: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | 0x8000, body)


def attributes(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """Several attributes."""
    return b"".join(attribute(kind, body) for kind, body in pairs)


def read_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of a message, by kind."""
    while data:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[length + 3 & ~3 :]
