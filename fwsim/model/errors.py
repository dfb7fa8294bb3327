"""What can go wrong, and where in the text it went wrong.

    FwsimError                  everything that fwsim refuses, with exit status 2
    ├── ReadError               a ruleset or command that cannot be read
    ├── PlaceError              a file, directory, archive or example that cannot be opened
    ├── PacketError             a packet that cannot exist, or a field of one that is malformed
    └── QuestionError           a question that this place cannot be asked (an unknown name, say)

Every message says what was found, what was expected and what to do; where there is a text, a
`Span` adds file, line, column and a caret.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate

from fwsim.model.tuples import NamedTuple


class Source(NamedTuple):
    """A text and the name people know it by (a path, `standard input`, `--with`)."""

    name: str
    text: str


_BLOCK = 1 << 14


@lru_cache(maxsize=4)  # a trace asks for the lines of many rules of one large text
def _lines_before(text: str) -> list[int]:
    """The line ends before each block of a text."""
    counts = (text.count("\n", at, at + _BLOCK) for at in range(0, len(text), _BLOCK))
    return list(accumulate(counts, initial=0))


class Span(NamedTuple):
    """A stretch of a source, as character offsets: start inclusive, end exclusive."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line number, counting from 1."""
        text, block = self.source.text, self.start // _BLOCK
        return _lines_before(text)[block] + text.count("\n", block * _BLOCK, self.start) + 1

    @property
    def column(self) -> int:
        """Column, in characters, counting from 1."""
        return self.start - (self.source.text.rfind("\n", 0, self.start) + 1) + 1

    @property
    def text(self) -> str:
        """The words that the span covers."""
        return self.source.text[self.start : self.end]

    def caret(self, width: int = 96) -> str:
        """The line with carets under the span, two lines of text, long lines cut around it."""
        text = self.source.text
        begin = text.rfind("\n", 0, self.start) + 1
        stop = text.find("\n", self.start)
        line = text[begin : stop if stop >= 0 else len(text)].rstrip("\r")
        offset = self.start - begin
        cut = max(0, offset - width // 2)
        length = max(1, min(self.end, begin + len(line)) - self.start)
        shown = harmless(line[cut : cut + width])
        return f"    {shown}\n    {' ' * (offset - cut)}{'^' * min(length, width)}"


class FwsimError(Exception):
    """A refusal. `str()` is the whole message as people read it."""

    def __init__(self, message: str, *, span: Span | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = harmless(message)
        self.span = span
        self.hint = hint

    def __str__(self) -> str:
        where = ""
        if self.span is not None:
            where = f"{harmless(self.span.source.name)}:{self.span.line}:{self.span.column}: "
        lines = [where + self.message]
        if self.span is not None:
            lines.append(self.span.caret())
        if self.hint:
            lines.append(harmless(self.hint))
        return "\n".join(lines)


class ReadError(FwsimError):
    """A ruleset or a command that iptables would refuse, or that fwsim does not understand yet."""


class PlaceError(FwsimError):
    """A place that cannot be opened or does not hold what its name promises."""


class PacketError(FwsimError):
    """A packet whose description cannot be true."""


class QuestionError(FwsimError):
    """A question that names something unknown or leaves out what this place cannot tell."""


_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


def harmless(text: str) -> str:
    """The text with control characters and direction marks written out, so that a hostile dump
    cannot drive the terminal it is shown on. Newlines and printable characters stay."""
    if text.isprintable():
        return text
    return "".join(
        c if c == "\n" or (c.isprintable() and ord(c) not in _BIDI) else _escaped(c) for c in text
    )


def _escaped(char: str) -> str:
    code = ord(char)
    if char == "\t":
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
