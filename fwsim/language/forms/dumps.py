"""The dumps of iptables-save and ip6tables-save in a text, and whose rules each of them holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from fwsim.language.read import family_of_dump
from fwsim.language.ruleset import TABLES
from fwsim.model.tuples import NamedTuple

_TABLE = re.compile(
    rf"^(?:[ \t]*+>)*+[ \t]*+(?P<star>\*)[ \t]*({'|'.join(TABLES)})[ \t]*\r?$", re.M
)
_SAVE = re.compile(r"(ip6?tables)(?:-legacy|-nft)?-save")
_MOST = 2 * len(TABLES) + 1  # one more would be a second dump of one of them


class Section(NamedTuple):
    """One table of a dump: where its `*` stands, and its family."""

    start: int
    table: str
    family: int


class _Found(NamedTuple):
    start: int
    table: str
    program: str
    six: bool


def sections(text: str, default: int) -> list[Section]:
    """The tables that are dumped in a text, in order. The family shows in the command or comment
    before a dump, or in its addresses; else it is `default`."""
    told: list[Section] = []
    for dump in _dumps(list(_found(text))):
        program = dump[0].program
        six = any(one.six for one in dump)
        family = {"iptables": 4, "ip6tables": 6}.get(program, 6 if six else default)
        told += [Section(one.start, one.table, family) for one in dump]
    return told


def _found(text: str) -> Iterator[_Found]:
    before = 0
    for match in islice(_TABLE.finditer(text), _MOST):
        start = match.start("star")
        said = _SAVE.findall(text, before, start)
        end = text.find("COMMIT", start)
        before = len(text) if end < 0 else end
        six = family_of_dump(text[start:before]) == 6
        yield _Found(start, match[2], said[-1] if said else "", six)


def _dumps(found: list[_Found]) -> list[list[_Found]]:
    """The tables grouped by dump: a new one begins where its command or comment says so, or where a
    table comes again."""
    dumps: list[list[_Found]] = []
    for one in found:
        same = dumps and one.table not in (other.table for other in dumps[-1])
        if not same or (one.program and one.program != dumps[-1][0].program):
            dumps.append([])
        dumps[-1].append(one)
    return dumps
