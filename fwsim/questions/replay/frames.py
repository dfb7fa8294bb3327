"""Captured frames, and a capture's bytes as they are asked for."""

from __future__ import annotations

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

    def more(self, buffer: bytes, at: int, size: int) -> bytes:
        """The bytes of `buffer` from there on, with those behind them that nobody has taken yet, so
        that they are that many; fewer at the file's end."""
        own = self._buffer[self._at :]
        self._buffer, self._at = b"", 0
        own += self._read(max(0, size - (len(buffer) - at) - len(own)))
        self.offset += len(own)
        return buffer[at:] + own

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
