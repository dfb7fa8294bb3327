"""Lines of styled text: rows set in columns, lines cut to a width. Styles are names of meanings
(good, bad, head, dim, rule, note); fwsim.show.terminal gives them colours."""

from __future__ import annotations

from collections.abc import Iterable

from fwsim.model.errors import harmless
from fwsim.model.tuples import NamedTuple

Segment = tuple[str, str]
Line = list[Segment]

PAD = "pad"  # the style of what only fills columns
RIGHT = 96  # states stand no further right than this
_WIDEST = (24, 22, 6, 64)  # a longer cell pushes what follows, on its own line only
_HANG = 14


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


def plain(lines: Iterable[Line]) -> str:
    """The lines without their styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


def lay_out(items: Iterable[Row | Header | Line]) -> list[Line]:
    """Rows in columns that are as wide as all of them need; headers across; lines as they are."""
    items = [Row(*map(one_line, item)) if isinstance(item, Row) else item for item in items]
    rows = [item for item in items if isinstance(item, Row)]
    widths = _widths(rows)
    set_rows = {id(row): _row(row, widths) for row in rows}
    right = min(RIGHT, max((_length(line) for line in set_rows.values()), default=0))
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
        min(widest, max(map(len, column), default=0))
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
    there = _length(line)
    line.append((" " * (column - there if column > there else 2), PAD))


def _header(header: Header, right: int) -> Line:
    gap = max(2, right - len(header.title) - len(header.right))
    line: Line = [(header.title, "head")]
    return [*line, (" " * gap, PAD), (header.right, "state")] if header.right else line


def _length(line: Line) -> int:
    return sum(len(text) for text, _ in line)


# -- narrow terminals ------------------------------------------------------------------------------


def fit(lines: Iterable[Line], width: int) -> list[Line]:
    """The same words in lines of at most `width` columns where words are short enough: columns
    move together first, then lines go on below, indented. Commands stay whole, to be copied."""
    return [
        cut
        for line in lines
        for cut in ([line] if _length(line) <= width or _is_command(line) else _cut(line, width))
    ]


def _is_command(line: Line) -> bool:
    return any(style == "command" for _, style in line)


def _cut(line: Line, width: int) -> list[Line]:
    first = min(len(line[0][0]), width // 5) if line[0][1] == PAD else 0
    below = max(min(_HANG, width // 4), first + 2)
    line = [("  ", PAD) if style == PAD and text else (text, style) for text, style in line]
    lines: list[Line] = [[(" " * first, PAD)] if first else []]
    begins = first
    for word, style in _words(line[1:] if first else line):
        full = _length(lines[-1]) + len(word.rstrip()) > width and _length(lines[-1]) > begins
        if full:
            lines.append([(" " * below, PAD)])
            begins = below
        lines[-1].append((word.lstrip() if full else word, style))
    return lines


def _words(line: Line) -> Iterable[Segment]:
    for text, style in line:
        start = 0
        while (at := text.find(" ", start + 1)) > 0:
            yield text[start:at], style
            start = at
        yield text[start:], style
