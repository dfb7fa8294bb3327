"""Captures as files: pcap here, pcapng in its own module. Frames come one by one, as they are read.

dpkt knows the formats' numbers and headers. Its readers make objects of every record, take lengths
at their word and drop the frame's true length and interface, so records are taken apart here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from fwsim.model.errors import PacketError
from fwsim.model.tuples import NamedTuple

LONGEST = 1 << 18  # bytes of a frame; no tool captures longer ones (libpcap's MAXIMUM_SNAPLEN)
SECOND = 10**9  # times are nanoseconds
_CHUNK = 1 << 20


class Interface(NamedTuple):
    """Where frames were captured: the link's type, as the formats number it (LINKTYPE_…), and the
    device's name, "" where the file does not tell."""

    link: int
    name: str = ""


class Frame(NamedTuple):
    """A captured frame: its number counts from 1, `offset` is where its record begins, `time` in
    nanoseconds. `length` is how long it was on the wire; `direction` "in" or "out" if the file
    says so."""

    number: int
    offset: int
    time: int
    interface: Interface
    data: bytes
    length: int
    direction: str = ""


class CaptureError(PacketError):
    """A capture that is damaged, or no capture. What came before the damage has been told."""


class Stream:
    """A file's bytes in order, never more of them than somebody asks for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._buffer, self._at = file, b"", 0
        self.offset = 0

    def take(self, size: int) -> bytes:
        """So many bytes; fewer at the file's end."""
        if len(self._buffer) - self._at < size:
            rest = self._buffer[self._at :]
            self._buffer, self._at = rest + self._read(max(size - len(rest), _CHUNK)), 0
        taken = self._buffer[self._at : self._at + size]
        self._at += len(taken)
        self.offset += len(taken)
        return taken

    def skip(self, size: int) -> bool:
        """Leave so many bytes out; False where the file ends before."""
        while size and (taken := len(self.take(min(size, _CHUNK)))):
            size -= taken
        return not size

    def _read(self, size: int) -> bytes:
        parts = []
        while size and (part := self._file.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def frames_of(stream: Stream) -> Iterator[Frame]:
    """The frames of a capture. CaptureError where it is none, or once it turns out damaged."""
    from dpkt import pcap, pcapng

    from fwsim.questions.replay.blocks import blocks_of

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
    number, take, unpack = 0, stream.take, record.unpack_from
    while header := take(size):
        number += 1
        offset = stream.offset - len(header)
        if len(header) < size:
            raise cut(number, offset)
        seconds, fraction, captured, length = unpack(header)
        if captured > LONGEST:
            raise too_long(number, offset, captured)
        data = take(captured)
        if len(data) < captured:
            raise cut(number, offset)
        yield Frame(number, offset, seconds * SECOND + fraction * unit, interface, data, length)


def cut(number: int, offset: int) -> CaptureError:
    """The file ends within a packet."""
    return CaptureError(
        f"packet {number}, at byte {offset}: the capture ends within it",
        hint="What stands before it was read.",
    )


def too_long(number: int, offset: int, size: int) -> CaptureError:
    """A length that cannot be."""
    return CaptureError(
        f"packet {number}, at byte {offset}: it claims to be {size} bytes long, "
        f"and no capture has packets longer than {LONGEST}",
        hint="What stands before it was read; what follows cannot be found.",
    )
