"""Some thousands of a capture's frames in a row."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.replay.frames import CaptureError, Frame, Interface

ETHERNET = 1
MOST = 1 << 14  # frames of a batch; it ends where a multiple of that has been read
_new = tuple.__new__  # a record without its constructor's call, for what many packets make

Record = tuple[int, int, int, int, int]
"""Where it begins in the file, its frame's time in nanoseconds, where its bytes begin in the
batch's buffer, how many of them were captured, and how long it was on the wire."""


class Batch:
    """Frames, by their records. `first` is the first one's number. `frames`, where they have been
    made already."""

    def __init__(
        self,
        interface: Interface | None,
        buffer: bytes,
        first: int,
        frames: list[Frame] | None = None,
    ) -> None:
        """`interface` None: there are several, or the file says which way frames went."""
        self.interface, self.buffer, self.first, self.frames = interface, buffer, first, frames
        self.records: list[Record] = []

    def __len__(self) -> int:
        return len(self.records)

    def frame(self, place: int) -> Frame:
        """One of them."""
        if self.frames is not None:
            return self.frames[place]
        offset, time, start, size, length = self.records[place]
        data = self.buffer[start : start + size]
        number = self.first + place
        return _new(Frame, (number, offset, time, self.interface, data, length, ""))


def gathered(frames: Iterator[Frame], most: int) -> Iterator[Batch]:
    """Frames that come one by one."""
    waiting: list[Frame] = []
    try:
        for frame in frames:
            waiting.append(frame)
            if not frame.number % most:
                yield _batch(waiting)
                waiting = []
    except CaptureError:
        yield from [_batch(waiting)] if waiting else ()
        raise
    if waiting:
        yield _batch(waiting)


def _batch(frames: list[Frame]) -> Batch:
    interface = frames[0].interface
    plain = all(f.interface == interface and not f.direction for f in frames)
    buffer = b"".join(f.data for f in frames)
    batch, at = Batch(interface if plain else None, buffer, frames[0].number, frames), 0
    for frame in frames:
        size = len(frame.data)
        batch.records.append((frame.offset, frame.time, at, size, frame.length))
        at += size
    return batch
