"""pcapng: sections, interfaces, packets (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng).
Blocks of other kinds are passed over."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fwsim.model.tuples import NamedTuple
from fwsim.questions.replay.frames import (
    LONGEST,
    SECOND,
    CaptureError,
    Frame,
    Interface,
    Stream,
    cut,
    too_long,
)

_ROOM = 1 << 16  # bytes of a block beside its packet
_FLAGS_OPTION = 2
_DIRECTIONS = {1: "in", 2: "out"}  # the lowest two bits of epb_flags


class _Told(NamedTuple):
    """An interface, the nanoseconds of its clock's tick as a fraction, and its clock's offset."""

    interface: Interface
    up: int = 1000
    down: int = 1
    offset: int = 0
    snaplen: int = 0

    def time(self, high: int, low: int) -> int:
        """Nanoseconds."""
        return (high << 32 | low) * self.up // self.down + self.offset


def blocks_of(stream: Stream) -> Iterator[Frame]:
    """The frames of a pcapng file, of which the first four bytes have been taken."""
    from dpkt import pcapng

    order, told, number, time = "", list[_Told](), 0, 0
    first = True
    while True:
        offset = 0 if first else stream.offset
        kind_bytes = b"\x0a\x0d\x0d\x0a" if first else stream.take(4)
        first = False
        if not kind_bytes:
            return
        sizes = stream.take(4)
        if kind_bytes == b"\x0a\x0d\x0d\x0a":
            order, told = _section(stream, sizes, offset), []
            continue
        kind, size = _pair(order, kind_bytes + sizes, number, offset)
        body_size = size - 12
        if kind in (pcapng.PCAPNG_BT_EPB, pcapng.PCAPNG_BT_PB, pcapng.PCAPNG_BT_SPB):
            number += 1
            body = _body(stream, body_size, number, offset)
            frame = _packet(order, kind, body, told, Frame(number, offset, time, _NOWHERE, b"", 0))
            time = frame.time
            yield frame
        elif kind == pcapng.PCAPNG_BT_IDB and body_size <= _ROOM:
            told.append(_interface(order, _body(stream, body_size, number, offset), offset))
        elif not stream.skip(body_size):
            raise cut(number, offset)
        if len(stream.take(4)) < 4:
            raise cut(number, offset)


_NOWHERE = Interface(-1)


def _section(stream: Stream, sizes: bytes, offset: int) -> str:
    magic = stream.take(4)
    order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(magic, "")
    if not order or len(sizes) < 4:
        raise CaptureError(f"byte {offset}: this section of a pcapng file has no byte order")
    (size,) = struct.unpack(f"{order}I", sizes)
    if size < 28 or size % 4 or not stream.skip(size - 12):
        raise CaptureError(f"byte {offset}: the capture ends within a section's header")
    return order


def _pair(order: str, head: bytes, number: int, offset: int) -> tuple[int, int]:
    """A block's kind and size."""
    if len(head) < 8:
        raise cut(number + 1, offset)
    kind, size = struct.unpack(f"{order}II", head)
    if size < 12 or size % 4:
        raise CaptureError(
            f"byte {offset}, behind packet {number}: a block cannot be {size} bytes long",
            hint="What stands before it was read; what follows cannot be found.",
        )
    return kind, size


def _body(stream: Stream, size: int, number: int, offset: int) -> bytes:
    if size > LONGEST + _ROOM:
        raise too_long(number, offset, size)
    body = stream.take(size)
    if len(body) < size:
        raise cut(number, offset)
    return body


def _packet(order: str, kind: int, body: bytes, told: list[_Told], at: Frame) -> Frame:
    """The frame of a packet's block; a simple one has no time of its own."""
    from dpkt import pcapng

    try:
        if kind == pcapng.PCAPNG_BT_SPB:
            (length,) = struct.unpack_from(f"{order}I", body)
            captured = min(length, len(body) - 4, told[0].snaplen or LONGEST)
            return at._replace(
                interface=told[0].interface, data=body[4 : 4 + captured], length=length
            )
        number, high, low, captured, length = struct.unpack_from(f"{order}IIIII", body)
        if kind == pcapng.PCAPNG_BT_PB:
            number = number >> 16 if order == ">" else number & 0xFFFF
        here = told[number]
    except (struct.error, IndexError):
        raise CaptureError(
            f"packet {at.number}, at byte {at.offset}: it names no interface of this capture"
        ) from None
    if captured > len(body) - 20:
        raise too_long(at.number, at.offset, captured)
    end = 20 + captured + -captured % 4
    direction = _direction(order, body[end:]) if len(body) > end else ""
    time, data = here.time(high, low), body[20 : 20 + captured]
    return Frame(at.number, at.offset, time, here.interface, data, length, direction)


def _direction(order: str, options: bytes) -> str:
    for code, value in _options(order, options):
        if code == _FLAGS_OPTION and len(value) == 4:
            return _DIRECTIONS.get(struct.unpack(f"{order}I", value)[0] & 3, "")
    return ""


def _interface(order: str, body: bytes, offset: int) -> _Told:
    """An interface's name, and how its clock ticks (if_tsresol, if_tsoffset)."""
    from dpkt import pcapng

    if len(body) < 8:
        raise CaptureError(f"byte {offset}: an interface's block is too short")
    link, snaplen = struct.unpack_from(f"{order}HxxI", body)
    name, up, down, begin = "", 1000, 1, 0
    for code, value in _options(order, body[8:]):
        if code == pcapng.PCAPNG_OPT_IF_NAME:
            name = value.rstrip(b"\0").decode("utf-8", "replace")
        elif code == pcapng.PCAPNG_OPT_IF_TSRESOL and value:
            power = value[0] & 0x7F
            up, down = SECOND, 1 << power if value[0] & 0x80 else 10**power
        elif code == pcapng.PCAPNG_OPT_IF_TSOFFSET and len(value) == 8:
            begin = struct.unpack(f"{order}q", value)[0] * SECOND
    return _Told(Interface(link, name), up, down, begin, snaplen)


def _options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from(f"{order}HH", data, at)
        if not code:
            return
        yield code, data[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4
