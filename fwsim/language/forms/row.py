"""One row of a listing, cut into its cells."""

from __future__ import annotations

import re
from itertools import islice

from fwsim.language.forms.lines import Line
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.tuples import NamedTuple

_COLUMNS = re.compile(
    r"(?P<num>num\s+)?(?P<counters>pkts(?P<space>\s+)bytes\s+)?target\s+prot\s+opt\s+"
    r"(?P<devices>in\s+out\s+)?source\s+destination"
)
_CELL = re.compile(r"\S(?:(?!match bpf )\S)*")  # bpf's text follows without a blank
_OPT = ("--", "-f", "!f")
WRAPPED = "Is the line cut off, or wrapped? Each rule stands on one line."
_MOST = 10  # num pkts bytes target prot opt in out source destination


class Columns(NamedTuple):
    """Which columns a listing has, and how far its heading is indented."""

    numbered: bool
    verbose: bool
    exact: bool
    indent: int


class Row(NamedTuple):
    """A rule's cells; empty lists and None for what its columns do not have. The details begin at
    `end`."""

    number: Word | None
    counters: list[Word]
    target: Word | None
    proto: Word
    opt: Word | None
    devices: list[Word]
    addresses: list[Word]
    end: int


def columns(source: Source, line: Line) -> Columns | None:
    """The columns that a heading names; None if it is no such heading."""
    found = _COLUMNS.fullmatch(source.text, line.start, line.end)
    if not found or bool(found["counters"]) != bool(found["devices"]):
        return None
    exact = len(found["space"] or "") > 1
    return Columns(bool(found["num"]), bool(found["counters"]), exact, line.indent)


def cells(source: Source, line: Line) -> list[Word]:
    """The first words of a line, as many as a row can have cells."""
    found = islice(_CELL.finditer(source.text, line.start, line.end), _MOST)
    return [Word(m[0], Span(source, m.start(), m.end())) for m in found]


def row(source: Source, line: Line, heading: Columns) -> Row:
    """Cut a row. ReadError if it has too few cells."""
    words = cells(source, line)
    at = heading.numbered + 2 * heading.verbose
    number = words[0] if heading.numbered else None
    counters = words[heading.numbered : at]
    opt = next((n for n in (at + 1, at + 2) if n < len(words) and words[n].text in _OPT), None)
    targeted = opt == at + 2 if opt else _has_target(words, at, line, heading)
    target = words[at] if targeted and at < len(words) else None
    at += targeted
    proto = words[at : at + 1]
    at += 2 if opt else 1
    devices = words[at : at + 2 * heading.verbose]
    at += 2 * heading.verbose
    addresses = words[at : at + 2]
    if len(addresses) < 2:
        raise ReadError(
            "this is no row of a listing: cells are missing up to the destination",
            span=Span(source, line.start, line.end),
            hint=WRAPPED,
        )
    cell = words[opt] if opt else None
    return Row(number, counters, target, proto[0], cell, devices, addresses, addresses[1].span.end)


def _has_target(words: list[Word], at: int, line: Line, heading: Columns) -> bool:
    """Where an old ip6tables leaves `opt` empty, only blanks tell whether there is a target."""
    if not at or at >= len(words):
        return line.indent <= heading.indent
    return words[at].span.start - words[at - 1].span.end == 1
