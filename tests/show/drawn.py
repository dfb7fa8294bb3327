"""What is drawn in a picture, and what is wrong with it: boxes that lie on each other, wires behind
boxes, arrowheads that another wire crosses."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree

Point = tuple[float, float]
_SAMPLES, _ROUNDED = 24, 0.06


class Frame(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def holds(self, point: Point) -> bool:
        """The point is inside, and not only by what numbers in a path are rounded to."""
        x, y = point[0] - self.x, point[1] - self.y
        return _ROUNDED < x < self.width - _ROUNDED and _ROUNDED < y < self.height - _ROUNDED

    def meets(self, other: Frame) -> bool:
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return across > _ROUNDED and down > _ROUNDED


class Drawn(NamedTuple):
    boxes: list[Frame]
    wires: list[list[Point]]
    texts: list[str]
    tips: list[Point]


def drawn(svg: str) -> Drawn:
    """The parts of a picture."""
    root = ElementTree.fromstring(svg)
    parts = [(e.tag.rpartition("}")[2], e.get("class", ""), e) for e in root.iter()]
    boxes = [
        Frame(*(float(e.get(name, "")) for name in ("x", "y", "width", "height")))
        for tag, style, e in parts
        if (tag, style) == ("rect", "box")
    ]
    wires = [_points(e.get("d", "")) for tag, style, e in parts if (tag, style) == ("path", "line")]
    tips = [
        tuple(map(float, e.get("points", "").split()[0].split(",")))
        for tag, style, e in parts
        if (tag, style) == ("polygon", "head")
    ]
    texts = ["".join(e.itertext()) for tag, _, e in parts if tag == "text"]
    return Drawn(boxes, wires, texts, tips)  # type: ignore[arg-type]


def _points(path: str) -> list[Point]:
    """Points along a path, close to each other."""
    points: list[Point] = []
    for kind, numbers in re.findall(r"([MLC])([^MLC]*)", path):
        values = [*map(float, numbers.split())]
        ends = [*zip(values[::2], values[1::2], strict=True)]
        if kind == "M":
            points += ends
            continue
        start, steps = points[-1], [n / _SAMPLES for n in range(1, _SAMPLES + 1)]
        points += [_at(start, ends, t) for t in steps]
    return points


def _at(start: Point, ends: list[Point], t: float) -> Point:
    """A point of a line or of a cubic curve."""
    corners = [start, *ends]
    while corners[1:]:
        corners = [
            (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in pairwise(corners)
        ]
    return corners[0]


def faults(picture: Drawn) -> list[str]:
    """What hides what."""
    found = [f"{a} on {b}" for a, b in combinations(picture.boxes, 2) if a.meets(b)]
    found += [
        f"a wire behind {box} at {point}"
        for box in picture.boxes
        for wire in picture.wires
        for point in wire
        if box.holds(point)
    ]
    heads = [Frame(x - 8, y - 4, 8, 8) for x, y in picture.tips]
    found += [f"{a} on {b}, arrowheads" for a, b in combinations(heads, 2) if a.meets(b)]
    for own, (head, (x, y)) in enumerate(zip(heads, picture.tips, strict=True)):
        others = (wire for n, wire in enumerate(picture.wires) if n != own)
        found += [f"an arrowhead at {(x, y)} crossed" for w in others if any(map(head.holds, w))]
        found += [f"an arrowhead at {(x, y)} hidden" for b in picture.boxes if b.meets(head)]
        before, last = picture.wires[own][-2:]
        if not (before[0] < last[0] < x and before[1] == last[1]):
            found.append(f"an arrowhead at {(x, y)} askew")
    return found
