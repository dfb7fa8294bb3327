"""Captures as files: pcap here, pcapng in its own module. Frames come one by one, as they are read.

dpkt knows the formats' numbers and headers. Its readers make objects of every record, take lengths
at their word and drop the frame's true length and interface, so records are taken apart here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

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

_new = tuple.__new__  # a record without its constructor's call, for what every packet makes


def frames_of(stream: Stream) -> Iterator[Frame]:
    """The frames of a capture. CaptureError where it is none, or once it turns out damaged."""
    from dpkt import pcap, pcapng

    magic = stream.take(4)
    number = int.from_bytes(magic, "big")
    if number == pcapng.PCAPNG_BT_SHB:
        return blocks_of(stream)
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
    return _records(stream, record, size, Interface(link), 1 if nano else 1000)


def _records(
    stream: Stream, record: struct.Struct, size: int, interface: Interface, unit: int
) -> Iterator[Frame]:
    """The frames of a pcap file, whose records' headers are of that size; those of a patched
    format are longer. `unit`: nanoseconds of a fraction."""
    number, unpack, read = 0, record.unpack_from, stream.more
    buffer, at = b"", 0
    while True:
        if len(buffer) - at < size + LONGEST:
            buffer, at = read(buffer, at), 0
        if at == len(buffer):
            return
        number += 1
        offset = stream.offset - len(buffer) + at
        if len(buffer) - at < size:
            raise cut(number, offset)
        seconds, fraction, captured, length = unpack(buffer, at)
        if captured > LONGEST:
            raise too_long(number, offset, captured)
        begin, at = at + size, at + size + captured
        if at > len(buffer):
            raise cut(number, offset)
        time = seconds * SECOND + fraction * unit
        yield _new(Frame, (number, offset, time, interface, buffer[begin:at], length, ""))
