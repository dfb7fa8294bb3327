"""partly-accepted: some packets of a rule that drops or rejects are accepted by an earlier rule
that was made for others.

Neither rule is an exception to the other: each matches packets that the other does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.model import fields as F
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import all_of, is_in, negate
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.kinds import accepts, refuses
from fwsim.questions.lint.subject import Subject
from fwsim.questions.lint.survey import Row, Survey
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

TIDY = True
_WORK = 200_000  # the most pairs of rules that are compared in a chain
_LO = iface_value("lo")
_FROM_AFAR = all_of(
    is_in(F.CTSTATE, STATES.index("NEW")), negate(is_in(F.IN, _LO)), negate(is_in(F.OUT, _LO))
)


def find(subject: Subject) -> Iterator[Finding]:
    """Refusals of first packets that an earlier rule accepts, the loopback device apart."""
    if "filter" not in subject.ruleset.tables:
        return
    survey = subject.survey("filter")
    afar = survey.env.read(_FROM_AFAR)
    for row in survey.rows.values():
        yield from _in_chain(subject, survey, row, afar)


def _in_chain(subject: Subject, survey: Survey, row: Row, afar: BCDDFunction) -> Iterator[Finding]:
    accepting = {n for n, rule in enumerate(row.rules) if accepts(rule)}
    work = 0
    for number, rule in enumerate(row.rules, 1):
        if not accepting or not refuses(rule):
            continue
        earlier = []
        for n in row.overlaps.of(number - 1):
            if n >= number - 1 or work > _WORK:
                break
            work += 1
            if n in accepting and _crossing(row.own[n], row.own[number - 1], afar):
                earlier.append(n + 1)
        here = (row.chain.name, number)
        hits = [(n, survey.hits(row.chain.name, n) & row.own[number - 1] & afar) for n in earlier]
        sure = [(n, PacketSet(subject.space, both).must()) for n, both in hits]
        by = [(row.chain.name, n) for n, both in sure if not both.is_empty]
        if by and survey.some(*here).satisfiable():
            both = next(both.node for _, both in sure if not both.is_empty)
            yield Finding(
                "partly-accepted", "warning", subject.ref("filter", here),
                "does not refuse all that it says: an earlier rule, made for others, accepts some",
                subject.refs("filter", by[:20]), subject.witness(both, "filter", by[0]),
            )  # fmt: skip


def _crossing(one: BCDDFunction, other: BCDDFunction, among: BCDDFunction) -> bool:
    """They share packets, and each has others too."""
    one, other = one & among, other & among
    return (
        (one & other).satisfiable()
        and one.imp_strict(other).satisfiable()
        and other.imp_strict(one).satisfiable()
    )
