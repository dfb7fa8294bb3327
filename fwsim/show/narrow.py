"""The same words in a terminal that is narrower than they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fwsim.model.tuples import NamedTuple
from fwsim.show.layout import PAD, Line, Segment, cells, length

_CHINESE = r" *(?:[^ \u2e80-\uffef]+|[\u2e80-\uffef])[，。、：；）]*| +"
_RUNS_ON = ("where", "number", "rule", "state")  # cells that are cut where they stand


def fit(lines: Iterable[Line], width: int) -> list[Line]:
    """Lines of at most `width` columns, where words are short enough. Rules go below the name of
    their table, columns move together, what came of a rule goes below it, then words go below.
    Commands stay whole, to be copied."""
    lines = [*lines]
    leads = [len(line[0][0]) for line in lines if _is_inside(line)]
    long = [line for line in lines if length(line) > width]
    column = min(min(leads, default=2), width // 3)
    room = _Room(width, column, any(_last_style(line) == "why" for line in long))
    if any(map(_is_rule, long)):
        lines = [part for line in lines for part in _below_its_table(line, column)]
    return [
        cut
        for line in lines
        for cut in ([line] if _last_style(line) == "command" else room.parts(line))
    ]


def _is_inside(line: Line) -> bool:
    """It belongs to the host that a line above it names."""
    return bool(line) and line[0][1] == PAD and len(line[0][0]) > 2


def _is_of_host(line: Line) -> bool:
    return _is_inside(line) or any(style == "host" for _, style in line)


def _is_rule(line: Line) -> bool:
    return _is_of_host(line) and any(style == "rule" for _, style in line)


def _last_style(line: Line) -> str:
    return line[-1][1] if line else ""


def _below_its_table(line: Line, column: int) -> list[Line]:
    """A rule's row, without the name of its table, which goes before it."""
    at = next((n for n, (_, style) in enumerate(line) if style in ("number", "rule")), 0)
    named = at > 1
    if not at or not _is_of_host(line) or (named and not _is_rule(line)):
        return [line]
    return [*([line[: at - 1]] if named else ()), [(" " * (column + 2), PAD), *line[at:]]]


class _Room(NamedTuple):
    """How wide lines may be, where a host's rows begin, and whether reasons stand below."""

    width: int
    column: int
    apart: bool

    def parts(self, line: Line) -> list[Line]:
        """The line, in as many as it takes."""
        below = self.apart and _last_style(line) == "why"
        line = _closer(line, self.width)
        return [line] if length(line) <= self.width and not below else self._cut(line, below)

    def _cut(self, line: Line, reason_below: bool) -> list[Line]:
        lead, margin = self._margins(line)
        lines: list[Line] = [[(" " * lead, PAD)] if lead else []]
        begins = lead
        for cell in _cells(line):
            there = length(lines[-1])
            gap = 2 if there > begins else 0
            fits = there + gap + length(cell) <= self.width
            below = reason_below if cell[0][1] == "why" else not fits
            if gap and below and cell[0][1] not in _RUNS_ON:
                lines.append([(" " * margin, PAD)])
                begins = margin
            elif gap:
                lines[-1].append((" " * gap, PAD))
            for word, style in _words(cell):
                there = length(lines[-1])
                full = there + cells(word.rstrip()) > self.width and there > begins
                if full:
                    lines.append([(" " * margin, PAD)])
                    begins = margin
                lines[-1].append((word.lstrip() if full else word, style))
        return lines

    def _margins(self, line: Line) -> tuple[int, int]:
        """Where a line that is cut begins, and where it goes on."""
        if _is_inside(line):
            return min(len(line[0][0]), self.column + 2), self.column + 4
        lead = len(line[0][0]) if line[0][1] == PAD else 0
        return lead, self.column + 2 if _is_of_host(line) else lead + 4


def _closer(line: Line, width: int) -> Line:
    """The line with what fills its columns made shorter, the last first, as far as it has to be."""
    line, excess = [*line], length(line) - width
    for at in range(len(line) - 1, 0, -1):
        text, style = line[at]
        if style == PAD and excess > 0:
            shorter = max(2, len(text) - excess)
            excess -= len(text) - shorter
            line[at] = (" " * shorter, PAD)
    return line


def _cells(line: Line) -> list[Line]:
    """The line's cells, without what fills the columns between them."""
    cells: list[Line] = [[]]
    for text, style in line:
        if style != PAD:
            cells[-1].append((text, style))
        elif cells[-1]:
            cells.append([])
    return [cell for cell in cells if cell]


def _words(line: Line) -> Iterable[Segment]:
    for text, style in line:
        yield from ((word, style) for word in (_by_space if text.isascii() else _anywhere)(text))


def _by_space(text: str) -> Iterable[str]:
    start = 0
    while (at := text.find(" ", start + 1)) > 0:
        yield text[start:at]
        start = at
    yield text[start:]


def _anywhere(text: str) -> Iterable[str]:
    """Words; of Chinese each character, with the punctuation that must not begin a line."""
    return re.findall(_CHINESE, text)
