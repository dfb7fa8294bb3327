"""Lines of styled text: rows set in columns. Styles are names of meanings (good, bad, head, dim,
rule, note); fwsim.show.terminal gives them colours."""

from __future__ import annotations

from collections.abc import Iterable

from fwsim.model.errors import harmless
from fwsim.model.tuples import NamedTuple

Segment = tuple[str, str]
Line = list[Segment]

PAD = "pad"  # the style of what only fills columns
RIGHT = 96  # states stand no further right than this
_NARROW = "\u1100"  # no character before this one is wide
_WIDEST = (24, 22, 6, 64)  # a longer cell pushes what follows, on its own line only


class Row(NamedTuple):
    """One row of a host's part: where, number, text, result; `mark` follows them. The last of
    `where`, `number` and `text` that a row has may run on over the columns that follow."""

    host: str = ""
    where: str = ""
    number: str = ""
    text: str = ""
    result: str = ""
    mark: str = ""
    style: str = ""


class Header(NamedTuple):
    """A section's title, with something at the right."""

    title: str
    right: str = ""


def one_line(text: str) -> str:
    """The text without anything that could drive a terminal, newlines included."""
    return harmless(text).replace("\n", "\\n")


def segment(text: str, style: str = "") -> Segment:
    """A piece of a line."""
    return one_line(text), style


def cells(text: str) -> int:
    """How many columns a text takes: two for each wide character (East Asian Width W or F)."""
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return len(text) + sum(east_asian_width(char) in "WF" for char in text if char > _NARROW)


def plain(lines: Iterable[Line]) -> str:
    """The lines without their styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


def lay_out(items: Iterable[Row | Header | Line]) -> list[Line]:
    """Rows in columns that are as wide as all of them need; headers across; lines as they are."""
    items = [Row(*map(one_line, item)) if isinstance(item, Row) else item for item in items]
    rows = [item for item in items if isinstance(item, Row)]
    widths = _widths(rows)
    set_rows = {id(row): _row(row, widths) for row in rows}
    right = min(RIGHT, max((length(line) for line in set_rows.values()), default=0))
    lines = []
    for item in items:
        if isinstance(item, Row):
            lines.append(set_rows[id(item)])
        elif isinstance(item, Header):
            lines.append(_header(item, right))
        else:
            lines.append(item)
    return lines


def _widths(rows: list[Row]) -> list[int]:
    columns = [
        [row.host for row in rows],
        [row.where for row in rows if row.number or row.text or row.result],
        [row.number for row in rows if row.text],
        [row.text for row in rows],
    ]
    return [
        min(widest, max(map(cells, column), default=0))
        for column, widest in zip(columns, _WIDEST, strict=True)
    ]


def _row(row: Row, widths: list[int]) -> Line:
    line: Line = []
    column = 2
    styles = ("host", "where", "number", "rule", row.style)
    for text, width, style in zip(row[:5], [*widths, 0], styles, strict=True):
        if text:
            _go_to(line, column)
            line.append((text, style))
        column += width + 2
    if row.mark:
        _go_to(line, column + 1 - 2)
        line.append((row.mark, "mark"))
    return line


def _go_to(line: Line, column: int) -> None:
    """Fill up to a column; two spaces where the line is there already."""
    there = length(line)
    line.append((" " * (column - there if column > there else 2), PAD))


def _header(header: Header, right: int) -> Line:
    gap = max(2, right - cells(header.title) - cells(header.right))
    line: Line = [(header.title, "head")]
    return [*line, (" " * gap, PAD), (header.right, "state")] if header.right else line


def length(line: Line) -> int:
    """How many columns it takes."""
    return sum(cells(text) for text, _ in line)
