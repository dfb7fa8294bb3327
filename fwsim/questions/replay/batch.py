"""Some thousands of a capture's frames in a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fwsim.questions.replay.frames import CaptureError, Frame, Interface

ETHERNET = 1
MOST = 1 << 12  # frames of a batch; it ends where a multiple of that has been read
_new = tuple.__new__  # a record without its constructor's call, for what many packets make


class Batch:
    """Frames as columns: of each where its record begins in the file, its time in nanoseconds,
    where its bytes begin in `buffer`, how many of them were captured, and how long it was on the
    wire. `first` is the first one's number. `frames`, where they have been made already."""

    def __init__(
        self,
        interface: Interface | None,
        buffer: bytes,
        first: int,
        frames: list[Frame] | None = None,
    ) -> None:
        """`interface` None: there are several, or the file says which way frames went."""
        self.interface, self.buffer, self.first, self.frames = interface, buffer, first, frames
        self.offsets: list[int] = []
        self.times: list[int] = []
        self.starts: list[int] = []
        self.sizes: list[int] = []
        self.lengths: list[int] = []
        self.cut = False  # any of them

    def __len__(self) -> int:
        return len(self.offsets)

    def add(self, offset: int, time: int, start: int, size: int, length: int) -> None:
        """One more."""
        self.offsets.append(offset)
        self.times.append(time)
        self.starts.append(start)
        self.sizes.append(size)
        self.lengths.append(length)

    def cut_of(self, places: Iterable[int]) -> int:
        """How many of those were cut off."""
        sizes, lengths = self.sizes, self.lengths
        return sum(sizes[place] < lengths[place] for place in places) if self.cut else 0

    def is_cut(self, place: int) -> bool:
        """Not all of it was captured."""
        return self.sizes[place] < self.lengths[place]

    def frame(self, place: int) -> Frame:
        """One of them."""
        if self.frames is not None:
            return self.frames[place]
        start = self.starts[place]
        data = self.buffer[start : start + self.sizes[place]]
        return _new(Frame, (
            self.first + place, self.offsets[place], self.times[place], self.interface, data,
            self.lengths[place], "",
        ))  # fmt: skip


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
        batch.add(frame.offset, frame.time, at, size, frame.length)
        at += size
    return batch
