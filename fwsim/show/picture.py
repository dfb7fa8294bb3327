"""The picture of an exchange: hosts as boxes with the devices at their edges, request and reply as
arrows through them, and where each ended. Lying for wide places, upright for narrow ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from fwsim.show import drawing as d
from fwsim.show.layout import cells
from fwsim.show.markup import Child
from fwsim.show.path import Lane, Path, Visit

_WIDEST = 1200  # a lying picture that is wider is hard to read on a screen
_ROOM, _NARROW_ROOM = 34, 16  # columns of what is said at a host
_PLATE = 17
_EDGE, _NAME, _ARROW, _INDENT = 12, 30, 34, 34
Lines = list[tuple[str, str]]


def picture(path: Path, name: str = "") -> Element:
    """The picture that stands alone: lying, unless that is too wide."""
    lying = _Lying(path)
    return (lying if lying.width <= _WIDEST else _Upright(path)).drawn(name)


def pictures(path: Path) -> tuple[Element | None, Element]:
    """Lying, unless that is too wide for any screen, and upright."""
    lying = _Lying(path)
    return lying.drawn("lying") if lying.width <= _WIDEST else None, _Upright(path).drawn("upright")


def _lines(visit: Visit, room: int) -> Lines:
    return [(line, kind) for text, kind in visit.said for line in d.wrapped(text, room)]


def _size(lines: Lines) -> float:
    return max((d.wide(line) for line, _ in lines), default=0)


def _starts(values: Sequence[float], begin: float, gaps: Sequence[float]) -> list[float]:
    """Where each of these begins, the gaps between them."""
    starts = [begin]
    for value, gap in zip(values, gaps, strict=False):
        starts.append(starts[-1] + value + gap)
    return starts[: len(values)]


class _Lying:
    """Hosts side by side, lanes below each other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        hosts = range(len(path.hosts))
        self.texts = {
            (row, v.column): _lines(v, _ROOM) for row, lane in enumerate(path.lanes)
            for v in lane.visits
        }  # fmt: skip
        self.widths = [self._width(at) for at in hosts]
        gaps = [self._gap(at) for at in hosts[1:]]
        margin = max(d.wide(lane.title) for lane in path.lanes) + 2 * _EDGE
        self.lefts = _starts(self.widths, margin, [*gaps, 0])
        self.width = self.lefts[-1] + self.widths[-1] + _EDGE
        heights = [self._height(row) for row in range(len(path.lanes))]
        self.tops = _starts(heights, _EDGE + _NAME, [0.0] * len(heights))
        self.bottom = self.tops[-1] + heights[-1]

    def _width(self, at: int) -> float:
        texts = [lines for (_, column), lines in self.texts.items() if column == at]
        name = d.wide(self.path.hosts[at])
        return max(80.0, name + 2 * _EDGE, *(_size(lines) + 2 * _EDGE for lines in texts))

    def _gap(self, right: int) -> float:
        """The gap left of a host: room for the plates at both its sides."""
        sides = [(v.column, _sides(v, lane)) for lane in self.path.lanes for v in lane.visits]
        before = [_plate(two).width for at, (_, two) in sides if at == right - 1]
        behind = [_plate(one).width for at, (one, _) in sides if at == right]
        return max(before, default=0) + max(behind, default=0) + _ARROW

    def _height(self, row: int) -> float:
        most = max((len(lines) for (r, _), lines in self.texts.items() if r == row), default=0)
        return 34 + most * d.LINE + 8

    def drawn(self, name: str) -> Element:
        """As SVG."""
        parts: list[Child] = [self._links(row, lane) for row, lane in enumerate(self.path.lanes)]
        hosts = zip(self.lefts, self.widths, self.path.hosts, self.path.known, strict=True)
        for left, width, host, known in hosts:
            kind = "host" if known else "host beyond"
            parts.append(d.box((left, _EDGE), width, self.bottom - _EDGE, kind))
            parts.append(d.label((left + _EDGE, _EDGE + 17), host, "name"))
        for row, lane in enumerate(self.path.lanes):
            parts += self._lane(row, lane)
        return d.canvas(
            self.width, self.bottom + _EDGE, *parts,
            label=self.path.label, description=self.path.description, name=name,
        )  # fmt: skip

    def _lane(self, row: int, lane: Lane) -> Iterator[Child]:
        y = self.tops[row] + 16
        yield d.label((_EDGE, y), lane.title, f"lane {lane.direction}")
        for visit in lane.visits:
            left, width = self.lefts[visit.column], self.widths[visit.column]
            middle, right = left + width / 2, left + width
            near, far = (left, right) if lane.onward else (right, left)
            first = visit is lane.visits[0] and not visit.enter
            start = middle if first else near
            stop = middle if visit.end else far
            yield from d.line((start, y), (stop, y), lane.direction)
            yield d.start_mark((middle, y), lane.direction) if first else None
            yield d.end_mark((middle, y), visit.end) if visit.end else None
            yield from d.block((left + _EDGE, y + 24), self.texts[row, visit.column])

    def _links(self, row: int, lane: Lane) -> Iterator[Child]:
        """What is between the hosts; it is drawn first, so that a way passes behind those that it
        does not come by."""
        for visit, onward in pairwise(lane.visits):
            yield from self._link(visit, onward, lane, self.tops[row] + 16)

    def _link(self, visit: Visit, onward: Visit, lane: Lane, y: float) -> Iterator[Child]:
        sign = 1 if lane.onward else -1
        edge = self.lefts[visit.column] + (self.widths[visit.column] if lane.onward else 0)
        goal = self.lefts[onward.column] + (0 if lane.onward else self.widths[onward.column])
        out, into = _plate(visit.leave), _plate(onward.enter)
        start, stop = edge + sign * out.width, goal - sign * into.width
        yield from d.line((start, y), (stop, y), lane.direction, head=True)
        yield out.drawn((min(edge, start), y))
        yield into.drawn((min(goal, stop), y))


def _plate(device: str) -> d.Plate:
    return d.Plate(device, _PLATE)


def _sides(visit: Visit, lane: Lane) -> tuple[str, str]:
    """The devices at its left and right."""
    return (visit.enter, visit.leave) if lane.onward else (visit.leave, visit.enter)


class _Upright:
    """Hosts below each other, lanes side by side."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts = {
            (row, v.column): _lines(v, _NARROW_ROOM) for row, lane in enumerate(path.lanes)
            for v in lane.visits
        }  # fmt: skip
        self.names = [[(n, "name") for n in d.wrapped(h, _NARROW_ROOM)] for h in path.hosts]
        self.lane = self._lane_width()
        self.width = max(2 * _EDGE + self.lane * len(path.lanes) + 4, 200.0)
        self.heights = [self._height(at) for at in range(len(path.hosts))]
        gaps = [self._gap(at) for at in range(1, len(path.hosts))]
        self.tops = _starts(self.heights, _EDGE + 28, [*gaps, 0])

    def _lane_width(self) -> float:
        texts = [_size(lines) for lines in (*self.texts.values(), *self.names)]
        plates = [_plate(dev).width for _, v in self._visits() for dev in (v.enter, v.leave)]
        return max(_INDENT + max(texts) + 8, max(plates) + _EDGE, d.wide(self._longest()) + _EDGE)

    def _gap(self, lower: int) -> float:
        """The gap above a host: room for the plates at both its sides."""
        sides = [(v.column, _sides(v, lane)) for lane, v in self._visits()]
        above = [_plate(two).height for at, (_, two) in sides if at == lower - 1]
        below = [_plate(one).height for at, (one, _) in sides if at == lower]
        return max(above, default=0) + max(below, default=0) + _ARROW - 6

    def _visits(self) -> Iterator[tuple[Lane, Visit]]:
        return ((lane, visit) for lane in self.path.lanes for visit in lane.visits)

    def _longest(self) -> str:
        return max((lane.title for lane in self.path.lanes), key=cells)

    def _height(self, at: int) -> float:
        texts = (lines for (_, column), lines in self.texts.items() if column == at)
        most = max(map(len, texts), default=0)
        return 14 + len(self.names[at]) * d.LINE + max(most * d.LINE, 18) + 10

    def drawn(self, name: str) -> Element:
        """As SVG."""
        parts: list[Child] = [self._links(row, lane) for row, lane in enumerate(self.path.lanes)]
        hosts = zip(self.tops, self.heights, self.names, self.path.known, strict=True)
        for top, height, names, known in hosts:
            kind = "host" if known else "host beyond"
            parts.append(d.box((_EDGE, top), self.width - 2 * _EDGE, height, kind))
            parts += d.block((_EDGE + _INDENT, top + 15), names)
        for row, lane in enumerate(self.path.lanes):
            parts += self._lane(row, lane)
        return d.canvas(
            self.width, self.tops[-1] + self.heights[-1] + _EDGE, *parts,
            label=self.path.label, description=self.path.description, name=name,
        )  # fmt: skip

    def _lane(self, row: int, lane: Lane) -> Iterator[Child]:
        left = _EDGE + row * self.lane
        x = left + 16
        yield d.label((left + 4, _EDGE + 8), lane.title, f"lane {lane.direction}")
        for visit in lane.visits:
            top, height = self.tops[visit.column], self.heights[visit.column]
            middle, bottom = top + height / 2, top + height
            near, far = (top, bottom) if lane.onward else (bottom, top)
            first = visit is lane.visits[0] and not visit.enter
            yield from d.line(
                (x, middle if first else near), (x, middle if visit.end else far), lane.direction
            )
            yield d.start_mark((x, middle), lane.direction) if first else None
            yield d.end_mark((x, middle), visit.end) if visit.end else None
            below = top + 15 + len(self.names[visit.column]) * d.LINE
            yield from d.block((left + _INDENT, below), self.texts[row, visit.column])

    def _links(self, row: int, lane: Lane) -> Iterator[Child]:
        left = _EDGE + row * self.lane
        for visit, onward in pairwise(lane.visits):
            yield from self._link(visit, onward, lane, (left + 4, left + 16))

    def _link(
        self, visit: Visit, onward: Visit, lane: Lane, at: tuple[float, float]
    ) -> Iterator[Child]:
        left, x = at
        sign = 1 if lane.onward else -1
        edge = self.tops[visit.column] + (self.heights[visit.column] if lane.onward else 0)
        goal = self.tops[onward.column] + (0 if lane.onward else self.heights[onward.column])
        out, into = _plate(visit.leave), _plate(onward.enter)
        start, stop = edge + sign * out.height, goal - sign * into.height
        yield from d.line((x, start), (x, stop), lane.direction, head=True)
        yield out.drawn((left, (edge + start) / 2))
        yield into.drawn((left, (goal + stop) / 2))
