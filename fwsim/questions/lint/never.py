"""The rules that never match, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.model.tuples import NamedTuple
from fwsim.questions.lint.survey import Row, Survey, Where

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

_LISTED = 20  # the most rules that are named as those that take a rule's packets

CONTRADICTORY, SHADOWED, UNMET = "contradictory", "shadowed", "unmet"


class Never(NamedTuple):
    """A rule that never matches: no packet is such (CONTRADICTORY), the rules `by` take all such
    packets before (SHADOWED), or none comes by the rules `by` that lead to its chain (UNMET).
    `packets` are those that it would have matched."""

    at: Where
    why: str
    by: tuple[Where, ...]
    packets: BCDDFunction


def never(survey: Survey) -> tuple[Never, ...]:
    """All of them, but for those of chains into which nothing comes at all."""
    return tuple(
        _why(survey, row, number)
        for row, number, _ in survey.rules()
        if row.entry.satisfiable() and not survey.some(row.chain.name, number).satisfiable()
    )


def _why(survey: Survey, row: Row, number: int) -> Never:
    at, own = (row.chain.name, number), row.own[number - 1]
    if not own.satisfiable():
        return Never(at, CONTRADICTORY, (), own)
    here = own & row.entry
    if here.satisfiable():
        return Never(at, SHADOWED, tuple(takers(row, number, here)), here)
    taken: dict[Where, None] = {}
    could = survey.diagrams.false
    for name, k in row.callers:
        caller = survey.rows[name]
        came = own & caller.own[k - 1] & caller.entry
        if came.satisfiable():
            could |= came
            taken.update(dict.fromkeys(takers(caller, k, came)))
    if taken:
        return Never(at, SHADOWED, tuple(taken)[:_LISTED], could)
    return Never(at, UNMET, tuple(row.callers[:_LISTED]), own)


def takers(row: Row, number: int, packets: BCDDFunction) -> Iterator[Where]:
    """The rules before one that take these packets."""
    found = 0
    for earlier in row.overlaps.of(number - 1):
        if earlier >= number - 1 or found == _LISTED or not packets.satisfiable():
            return
        takes = row.takes[earlier]
        if (takes & packets).satisfiable():
            packets = takes.imp_strict(packets)
            found += 1
            yield row.chain.name, earlier + 1
