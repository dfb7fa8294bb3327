"""Diagrams as text for people: a tree, what a row leads to beneath it, once."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.show.diagram import Box, Diagram, Row, Section
from fwsim.show.layout import PAD, Line, cells, segment
from fwsim.show.words import say

_STYLES = {"accept": "good", "drop": "bad"}
_INDENT = 4


def diagram_lines(diagram: Diagram) -> list[Line]:
    """The lines of a diagram."""
    lines: list[Line] = [[segment(text, "dim")] for text in diagram.remarks]
    lines += [[segment(text, "head")] for text in (diagram.title, diagram.lit) if text]
    for section in diagram.sections:
        lines += [[], *_section(section)]
    if diagram.legend:
        lines.append([])
    lines += [[segment(text, "dim")] for text in diagram.legend]
    return lines


def _section(section: Section) -> Iterator[Line]:
    if section.title:
        yield [segment(section.title, "head")]
    boxes = {box.name: box for box in section.boxes}
    led_to = {row.to for _, _, row in section.wires()}
    told: set[str] = set()
    for box in section.boxes:
        if box.name not in told and (box.name not in led_to or box.style == "host"):
            yield from _box(box, boxes, told, 0)


def _box(box: Box, boxes: dict[str, Box], told: set[str], depth: int) -> Iterator[Line]:
    """A box and what its rows lead to."""
    told.add(box.name)
    if not depth:
        yield [segment(box.title, "head"), *_note(box.note, "dim")]
    columns = zip(*((row.number, row.text, row.result) for row in box.rows), strict=True)
    widths = [max(map(cells, column)) for column in columns]
    for row in box.rows:
        led = boxes.get(row.to or "")
        again = led is not None and led.name in told
        yield _row(row, widths, depth, led, again)
        if led is not None and not again:
            yield from _box(led, boxes, told, depth + 1)


def _row(row: Row, widths: list[int], depth: int, led: Box | None, again: bool) -> Line:
    line: Line = [(" " * (2 + _INDENT * depth), "")]  # no PAD: it stays, however narrow it gets
    texts = [(row.number, "number"), (row.text, ""), (row.result, _STYLES.get(row.style, ""))]
    for (text, style), width in zip(texts, widths, strict=True):
        if width:
            line += [segment(text, style), (" " * (width - cells(text) + 2), PAD)]
    line += _note(row.note, "state")
    if led is not None:
        line += _note(say("graph.above"), "dim") if again and led.rows else _note(led.note, "dim")
    while line and not line[-1][0].strip():
        line.pop()
    return line


def _note(text: str, style: str) -> Line:
    return [("  ", PAD), segment(text, style)] if text else []
