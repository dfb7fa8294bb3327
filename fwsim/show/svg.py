"""Diagrams as SVG: boxes as fwsim.show.layered lays them, as wide as their texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from fwsim.show import columns
from fwsim.show.diagram import Box, Diagram, Row, Section
from fwsim.show.layered import lay
from fwsim.show.layout import cells, one_line
from fwsim.show.markup import SVG, element
from fwsim.show.page import styled_svg
from fwsim.show.words import say

STYLES = ("diagram.css",)
MARGIN = 16.0
HEAD, LINE = 30.0, 19.0
_PAD, _GAP = 11.0, 13.0
_CELL, _BOLD = 7.25, 7.9  # a character of 12 and of 13 pixels, in a font whose characters are alike
_FALL = 22.0  # a section's title
_ARROW = 8.0


def svg(diagram: Diagram, links: Mapping[tuple[str, str], str] | None = None) -> Element:
    """The picture; `links` tells for (section, box) the id of what its title leads to, which tells
    the same as text, so that the picture itself is for the eye only."""
    parts: list[Element] = []
    width, at = 0.0, MARGIN
    for section in diagram.sections:
        made, wide, high = _section(section, at, links or {})
        parts.append(made)
        width, at = max(width, wide), at + high + MARGIN
    lit = [say("graph.lit", asked=diagram.lit)] if diagram.lit else []
    for text in (*diagram.legend, *lit):
        at += LINE
        parts.append(_text(text, MARGIN, at - 5, "legend"))
        width = max(width, 2 * MARGIN + _long(text))
    size = (round(width), round(at + MARGIN / 2))
    for_all = {"role": "img", "aria_label": diagram.title}
    return element(
        "svg", element("title", diagram.title) if links is None else None, parts,
        xmlns=SVG, class_="diagram", viewBox=f"0 0 {size[0]} {size[1]}",
        width=size[0], height=size[1], **(for_all if links is None else {"aria_hidden": "true"}),
    )  # fmt: skip


def svg_alone(diagram: Diagram) -> Element:
    """The picture as a file of its own."""
    return styled_svg(svg(diagram), *STYLES)


def _section(
    section: Section, top: float, links: Mapping[tuple[str, str], str]
) -> tuple[Element, float, float]:
    """What is drawn of a section, its width and its height."""
    sizes = {box.name: columns.Box(_width(box), _height(box)) for box in section.boxes}
    wires = list(section.wires())
    laid = lay(sizes, [_wire(*wire) for wire in wires])
    below = top + (_FALL if section.title else 0.0)
    drawn = [
        _curve(row, points, below, section.directed)
        for (_, _, row), points in zip(wires, laid.wires, strict=True)
    ]
    for box in section.boxes:
        x, y, height = laid.boxes[box.name]
        where = (MARGIN + x, below + y, sizes[box.name].width, height)
        drawn.append(_box(box, where, links.get((section.name, box.name))))
    title = _text(section.title, MARGIN, top + 12, "section") if section.title else None
    width = max(laid.width, _long(section.title) * 1.2) + 2 * MARGIN
    return element("g", title, drawn), width, below - top + laid.height


def _wire(box: Box, at: int, row: Row) -> columns.Wire:
    assert row.to is not None
    into = None if row.into is None else _middle(row.into)
    return columns.Wire(box.name, row.to, _middle(at), into)


def _middle(row: int) -> float:
    return HEAD + LINE * row + LINE / 2


def _height(box: Box) -> float:
    return HEAD + LINE * len(box.rows) + (5 if box.rows else 0)


def _long(text: str) -> float:
    return cells(one_line(text)) * _CELL


def _columns(rows: Sequence[Row]) -> list[float]:
    """How wide each of the four columns is."""
    return [
        max((_long(text) for text in column), default=0.0)
        for column in zip(*((r.number, r.text, r.result, r.note) for r in rows), strict=True)
    ] or [0.0] * 4


def _width(box: Box) -> float:
    head = cells(one_line(box.title)) * _BOLD + (_GAP + _long(box.note) if box.note else 0)
    columns = [width for width in _columns(box.rows) if width]
    body = sum(columns) + _GAP * (len(columns) - 1)
    return 2 * _PAD + max(head, body, 60.0)


def _box(box: Box, where: tuple[float, float, float, float], link: str | None) -> Element:
    x, y, width, height = where
    title = _text(box.title, x + _PAD, y + 19.5, "name")
    right = x + width - _PAD
    return element(
        "g",
        element("title", box.full or box.title),
        element("rect", class_="box", x=x, y=y, width=width, height=height, rx=5),
        _shade(0, bool(box.lit), (x, y, width, HEAD - 4)),
        element("a", title, href=f"#{link}", tabindex=-1) if link else title,
        _text(box.note, right, y + 19.5, "note", anchor="end") if box.note else None,
        [
            _row(row, (x, y + HEAD + LINE * at, width), _columns(box.rows))
            for at, row in enumerate(box.rows)
        ],
        class_=f"node {box.style}",
    )


def _shade(heat: int, lit: bool, where: tuple[float, float, float, float]) -> Iterator[Element]:
    """What lies behind a row or a title: how much was counted, and whether the trace came by."""
    x, y, width, height = where
    style = " ".join([*(["heat", f"heat{heat}"] if heat else []), *(["lit"] if lit else [])])
    if style:
        yield element("rect", class_=style, x=x + 2, y=y + 2, width=width - 4, height=height, rx=3)
    if heat:
        gauge = f"gauge gauge{heat}"
        yield element("rect", class_=gauge, x=x + 2, y=y + 2, width=4, height=height, rx=2)


def _row(row: Row, where: tuple[float, float, float], columns: list[float]) -> Element:
    x, y, width = where
    at, line = x + _PAD, y + 13.5
    texts = []
    for text, wide, style in zip((row.number, row.text), columns, ("number", "cond"), strict=False):
        if text:
            texts.append(_text(text, at, line, style))
        at += wide + _GAP if wide else 0
    if row.result:
        texts.append(_text(row.result, at, line, f"result {row.style}".strip()))
    if row.note:
        texts.append(_text(row.note, x + width - _PAD, line, "note", anchor="end"))
    return element(
        "g",
        element("title", row.full) if row.full else None,
        _shade(row.heat, bool(row.lit), (x, y - 2, width, LINE - 1)),
        texts,
        class_="row hot" if row.heat or row.lit else "row",
    )


def _text(text: str, x: float, y: float, style: str, anchor: str | None = None) -> Element:
    return element("text", text, x=x, y=y, class_=style, text_anchor=anchor)


def _curve(
    row: Row, points: Sequence[tuple[float, float]], below: float, directed: bool
) -> Element:
    """A wire: straight across columns, bent between them, and an arrowhead at its end."""
    moved = [(MARGIN + x, below + y) for x, y in points]
    x, y = moved[-1]
    moved[-1] = (x - _ARROW * directed, y)
    path = [f"M{moved[0][0]:.1f} {moved[0][1]:.1f}"]
    for n, ((from_x, from_y), (to_x, to_y)) in enumerate(pairwise(moved)):
        if n % 2 == 0 or abs(from_y - to_y) < 0.05:
            path.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            half = (from_x + to_x) / 2
            path.append(f"C{half:.1f} {from_y:.1f} {half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
    styles = ["wire", *(["dashed"] if row.dashed else []), *(f"on {leg}" for leg in row.lit)]
    style = " ".join([*styles, *([f"hot{row.heat}"] if row.heat else [])])
    head = f"{x:.1f},{y:.1f} {x - _ARROW:.1f},{y - 4:.1f} {x - _ARROW:.1f},{y + 4:.1f}"
    return element(
        "g",
        element("title", row.full) if row.full else None,
        element("path", d=" ".join(path), class_="line", fill="none"),
        element("polygon", points=head, class_="head") if directed else None,
        class_=style,
    )
