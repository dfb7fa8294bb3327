"""Captures as files: pcap here, pcapng in its own module. Frames come some thousands at once, as
they are read.

dpkt knows the formats' numbers and headers. Its readers make objects of every record, take lengths
at their word and drop the frame's true length and interface, so records are taken apart here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fwsim.model.tuples import NamedTuple
from fwsim.questions.replay.batch import MOST, Batch, gathered
from fwsim.questions.replay.blocks import blocks_of
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

_AHEAD = 1 << 24  # bytes of a batch, at least, where there are so many


def frames_of(stream: Stream) -> Iterator[Frame]:
    """The frames of a capture, one by one."""
    return (batch.frame(place) for batch in batches_of(stream) for place in range(len(batch)))


def batches_of(stream: Stream, most: int = MOST) -> Iterator[Batch]:
    """The frames of a capture, no more than that many at once. CaptureError where it is none, or
    once it turns out damaged."""
    from dpkt import pcap, pcapng

    magic = stream.take(4)
    number = int.from_bytes(magic, "big")
    if number == pcapng.PCAPNG_BT_SHB:
        return gathered(blocks_of(stream), most)
    little = number in (pcap.PMUDPCT_MAGIC, pcap.PMUDPCT_MAGIC_NANO, pcap.PACPDOM_MAGIC)
    if number not in pcap.MAGIC_TO_PKT_HDR:
        what = "it is compressed" if magic[:2] == b"\x1f\x8b" else "it is none"
        raise CaptureError(
            f"this begins as no capture does: {what}",
            hint="pcap and pcapng are read, as tcpdump -w and Wireshark write them.",
        )
    header = magic + stream.take(pcap.FileHdr.__hdr_len__ - 4)
    if len(header) < pcap.FileHdr.__hdr_len__:
        raise CaptureError("this capture ends within its first header")
    nano = number in (pcap.TCPDUMP_MAGIC_NANO, pcap.PMUDPCT_MAGIC_NANO)
    link = (pcap.LEFileHdr if little else pcap.FileHdr)(header).linktype & 0xFFFF
    record = struct.Struct(("<" if little else ">") + "IIII")
    size = pcap.MAGIC_TO_PKT_HDR[number].__hdr_len__
    return _records(stream, _Form(record, size, 1 if nano else 1000), Interface(link), most)


class _Form(NamedTuple):
    """A pcap file's records: what their headers begin with, how long these are (those of a patched
    format are longer), and the nanoseconds of a fraction."""

    record: struct.Struct
    size: int
    unit: int


def _records(stream: Stream, form: _Form, interface: Interface, most: int) -> Iterator[Batch]:
    """The frames of a pcap file."""
    number, buffer, at = 1, b"", 0
    while True:
        if len(buffer) - at < _AHEAD // 2:
            buffer, at = stream.more(buffer, at, _AHEAD), 0
        if at == len(buffer):
            return
        batch = Batch(interface, buffer, number)
        room = most - (number - 1) % most
        try:
            at = _fill(batch, at, stream.offset - len(buffer), form, room)
        except CaptureError:
            yield from [batch] if len(batch) else ()
            raise
        yield batch
        number += len(batch)


def _fill(batch: Batch, at: int, base: int, form: _Form, room: int) -> int:
    """Add records, which begin there, as many as there is room for; where the next one begins.
    `base` is where the buffer begins in the file."""
    (record, size, unit), buffer, first = form, batch.buffer, batch.first
    unpack, add, there = record.unpack_from, batch.records.append, len(batch.buffer)
    for number in range(first, first + room):
        if at == there:
            break
        begin = end = at + size
        if begin <= there:
            seconds, fraction, captured, length = unpack(buffer, at)
            if captured > LONGEST:
                raise too_long(number, base + at, captured)
            end += captured
        if end > there:
            if number == first:  # and there is no more of it
                raise cut(number, base + at)
            break
        add((base + at, seconds * SECOND + fraction * unit, begin, captured, length))
        at = end
    return at
