"""What pictures are drawn of: texts of a known width, boxes, arrows, marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from fwsim.show.layout import cells, one_line
from fwsim.show.markup import SVG, Child, element

SIZE = 13  # of all text, in pixels; of a fixed width, so that it can be measured without a font
CHAR = 8.0  # a little more than the widest of the fonts (0.602 of the size)
LINE = 17
_SIGNS = {"good": "✓", "bad": "✗", "unsure": "?"}
Point = tuple[float, float]


def wide(text: str) -> float:
    """A text's width in a picture."""
    return CHAR * cells(text)


def wrapped(text: str, room: int) -> Iterator[str]:
    """The text in lines of at most so many columns, broken between words where that can be."""
    line = ""
    for word in one_line(text).split(" "):
        longer = f"{line} {word}" if line else word
        if cells(longer) <= room:
            line = longer
            continue
        if line:
            yield line
        *whole, line = _pieces(word, room)
        yield from whole
    yield line


def _pieces(word: str, room: int) -> Iterator[str]:
    piece = ""
    for char in word:
        if cells(piece + char) > room:
            yield piece
            piece = ""
        piece += char
    yield piece


def canvas(
    width: float, height: float, *children: Child, label: str, description: str = "", name: str = ""
) -> Element:
    """A picture with its label and its description, for those who do not see it. `name` tells its
    parts from those of other pictures in the same page."""
    name = name or "picture"
    return element(
        "svg",
        element("title", label, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        element("rect", class_="paper", width=width, height=height),
        *children,
        xmlns=SVG, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height, role="img",
        aria_labelledby=f"{name}-title {name}-desc", class_="picture",
    )  # fmt: skip


def label(at: Point, text: str, kind: str = "", anchor: str = "start") -> Element:
    """A line of text whose middle is at this height."""
    x, y = at
    return element(
        "text", one_line(text), x=x, y=y + SIZE * 0.35, text_anchor=anchor, class_=kind or None,
        direction="ltr", unicode_bidi="isolate",
    )  # fmt: skip


def block(at: Point, lines: Sequence[tuple[str, str]]) -> Iterator[Element]:
    """Lines below each other, the middle of the first at this height; each with its kind."""
    for nth, (text, kind) in enumerate(lines):
        yield label((at[0], at[1] + nth * LINE), text, kind)


def box(at: Point, width: float, height: float, kind: str, round_: float = 8) -> Element:
    """A rectangle."""
    return element(
        "rect", x=at[0], y=at[1], width=width, height=height, rx=round_, class_=kind
    )  # fmt: skip


class Plate:
    """A small name plate: of no size if there is no name."""

    def __init__(self, text: str, room: int = 99) -> None:
        self.lines = [*wrapped(text, room)] if text else []
        self.width = max(map(wide, self.lines), default=-12) + 12
        self.height = max(0, len(self.lines) * (LINE - 1) + 4)

    def drawn(self, at: Point) -> Iterator[Element]:
        """With the middle of its left edge here."""
        x, y = at
        if self.lines:
            yield box((x, y - self.height / 2), self.width, self.height, "plate", 5)
        for nth, text in enumerate(self.lines):
            middle = y + (nth - (len(self.lines) - 1) / 2) * (LINE - 1)
            yield label((x + self.width / 2, middle), text, "device", "middle")


def line(start: Point, end: Point, kind: str, *, head: bool = False) -> Iterator[Element]:
    """A straight line, horizontal or upright, with an arrow's head where it ends if wanted."""
    (x, y), (to_x, to_y) = start, end
    across, down = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
    stop_x, stop_y = (to_x - 8 * across, to_y - 8 * down) if head else end
    yield element("line", x1=x, y1=y, x2=stop_x, y2=stop_y, class_=f"way {kind}")
    if head:
        back_x, back_y = to_x - 10 * across, to_y - 10 * down
        points = (
            f"{to_x:g},{to_y:g} {back_x + 5 * down:g},{back_y + 5 * across:g} "
            f"{back_x - 5 * down:g},{back_y - 5 * across:g}"
        )
        yield element("polygon", points=points, class_=f"head {kind}")


def start_mark(at: Point, kind: str) -> Element:
    """Where a way begins."""
    return element("circle", cx=at[0], cy=at[1], r=5, class_=f"head {kind}")


def end_mark(at: Point, end: str) -> Element:
    """How a way ended: a sign in a circle."""
    return element(
        "g", element("circle", cx=at[0], cy=at[1], r=11, class_=f"end {end}"),
        label(at, _SIGNS[end], f"sign {end}", "middle"),
    )  # fmt: skip
