"""Large dumps, without looking twice at what was seen before.

Lines are told apart in bulk by a key: what is left of them without quoted texts, digits, capitals
and other characters that names and addresses consist of. Lines of one key are of few shapes
(fwsim.language.shapes); a line of a known shape is only noted down (fwsim.language.rules). Every
other line, and every error, is the ordinary reader's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from fwsim.language.builder import Builder
from fwsim.language.rules import Dump, Entries, Entry, Shape, rule_of
from fwsim.language.ruleset import VERDICTS
from fwsim.language.shapes import Plain, shape_of
from fwsim.language.words import Statement, statement
from fwsim.model.errors import Source, Span
from fwsim.model.keeping import Keeping

_ASIDE = b"0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZ./:"
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"')
_CHAIN_LINE = re.compile(r":([!-~]{1,28}) (-) \[[0-9]+:[0-9]+\]")
FEW_LINES = 4  # of one key: less are read by themselves in the time that their shape would take
_MOST_SHAPES = 32  # of one key: more are lines that only look alike


class Reader(Protocol):
    """The ordinary reader: one line after the other into a builder's open table."""

    builder: Builder
    table: str | None

    def line(self, line: Statement) -> None:
        """Read a line."""
        ...


def read_lines(reader: Reader, source: Source) -> None:
    """Read all lines of a dump as the reader does. ReadError at the first that it refuses."""
    with Keeping():
        _Quick(reader, source).run()


def keys(text: str) -> list[bytes]:
    """A key for each line."""
    pieces = text.split('"')
    odd = "\n" in "".join(pieces[1::2])  # an open quote somewhere, or one with a \\ before it
    outside = _QUOTED.sub('"', text) if odd else '"'.join(pieces[::2])
    return outside.encode("utf-8", "surrogateescape").translate(None, _ASIDE).split(b"\n")


_FullMatch = Callable[[str, int, int], re.Match[str] | None]


class _Quick:
    def __init__(self, reader: Reader, source: Source) -> None:
        self.reader, self.source = reader, source
        self.dump = Dump(source, reader.builder.family)
        self.shapes: dict[bytes, list[tuple[_FullMatch, Shape | None]]] = {}
        self.keys = keys(source.text)
        self.counts = Counter(self.keys)
        self.plain = Plain()
        self._open()

    def run(self) -> None:
        text, shapes, start = self.source.text, self.shapes, 0
        rules, targets = self.rules, self.targets
        for key in self.keys:
            end = text.find("\n", start)
            if end < 0:
                end = len(text)
            for fullmatch, shape in shapes.get(key, ()):
                if not (found := fullmatch(text, start, end)):
                    continue
                chain, jump = found.groups()
                held, target = rules.get(chain), targets.get(jump)
                if held is not None and target is not None and shape is not None:
                    held.append((shape, start, target))
                    break
                if self._noted(shape, start, chain, jump):
                    break
            else:
                self._look(start, end, key)
                rules, targets = self.rules, self.targets
            start = end + 1

    def _open(self) -> None:
        """See the table that is open now. `targets` are chains where jumps were seen to lead."""
        builder, table = self.reader.builder, self.reader.table or ""
        self.rules, self.heads = builder.rules.get(table, {}), builder.heads.get(table, {})
        self.targets = {"": ""}

    def _noted(self, shape: Shape | None, start: int, chain: str, jump: str) -> bool:
        """Note down a line that declares a chain, or is the first to jump somewhere. False if that
        cannot be without a look at it."""
        if shape is None:
            if chain in self.heads or chain in VERDICTS or not self.reader.table:
                return False
            held = Entries()
            self.heads[chain], self.rules[chain] = (self.dump, start, held), held
            return True
        if chain not in self.rules or jump not in self.heads:
            return False
        if len(jump) <= self.plain.longest and not self.plain[jump]:
            return False
        self.targets[jump] = jump
        self.rules[chain].append((shape, start, jump))
        return True

    def _look(self, start: int, end: int, key: bytes) -> None:
        """Read a line as every reader does, and learn its shape if there are more like it."""
        if start == end:
            return
        line = statement(self.source, start, end)
        self.reader.line(line)
        self._open()
        known = self.shapes.setdefault(key, [])
        if self.counts[key] >= FEW_LINES and len(known) < _MOST_SHAPES:
            known.extend(self._learned(line, start, end))

    def _learned(
        self, line: Statement, start: int, end: int
    ) -> Iterator[tuple[_FullMatch, Shape | None]]:
        """How to find lines like one that made a user chain or appended one rule."""
        first = line.words[0]
        if line.kind == "chain" and _CHAIN_LINE.fullmatch(self.source.text, start, end):
            yield _CHAIN_LINE.fullmatch, None
        if first.text == "-A" and len(line.words) > 1:
            held = self.rules.get(line.words[1].text, ())
            made = [entry for entry in held[-2:] if _is_at(entry, first.span)]
            if len(made) == 1:
                shape = shape_of(self.dump, line, start, end, rule_of(made[0]))
                yield shape.match.fullmatch, shape


def _is_at(entry: Entry, begin: Span) -> bool:
    span = None if isinstance(entry, tuple) else entry.span
    return span is not None and span.source is begin.source and span.start == begin.start
