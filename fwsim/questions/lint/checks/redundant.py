"""redundant: without the rule, the same would become of all of its packets.

All rules that are found may be removed, each alone or together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.language.ruleset import VERDICTS, Rule
from fwsim.model.actions import RETURN
from fwsim.questions.lint.after import After
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.kinds import final
from fwsim.questions.lint.subject import Subject
from fwsim.questions.lint.survey import Survey, Where

if TYPE_CHECKING:
    from fwsim.questions.witness import Witness

TIDY = True


def find(subject: Subject) -> Iterator[Finding]:
    """Those that the policy makes needless are told together, a finding a chain."""
    for survey in subject.surveys():
        found = _redundant(subject, survey)
        for row in survey.rows.values():
            own = {at: by for at, by in found.items() if at[0] == row.chain.name}
            by_policy = sorted(at for at, by in own.items() if by and not any(n for _, n in by))
            if by_policy:
                yield _by_policy(subject, survey, by_policy, own[by_policy[0]])
            for at in sorted(own.keys() - set(by_policy)):
                yield Finding(
                    "redundant", "warning", subject.ref(survey.table.name, at),
                    "changes nothing: without it, later rules do the same with all of its packets",
                    subject.refs(survey.table.name, own[at][:20]), _witness(subject, survey, at),
                )  # fmt: skip


def _by_policy(
    subject: Subject, survey: Survey, places: list[Where], policies: tuple[Where, ...]
) -> Finding:
    name, first = survey.table.name, places[0]
    return Finding(
        "redundant", "info", subject.ref(name, first),
        "changes nothing: without it, the policy does the same with all of its packets",
        subject.refs(name, policies), _witness(subject, survey, first),
        also=subject.refs(name, places[1:]),
    )  # fmt: skip


def _witness(subject: Subject, survey: Survey, at: Where) -> Witness | None:
    return subject.witness(survey.hits(*at), survey.table.name, at)


def _redundant(subject: Subject, survey: Survey) -> dict[Where, tuple[Where, ...]]:
    """Those rules, each with what does the same without it. Each is asked for with all others in
    place, and without those that never match or were found before it."""
    dead = [never.at for never in subject.never(survey)]
    alone, together = After(survey, ()), After(survey, dead)
    found: dict[Where, tuple[Where, ...]] = {}
    ends = Counter(final(rule) for _, _, rule in survey.rules())
    ends.update(VERDICTS.values())  # a policy may do the same
    for row in survey.rows.values():
        for number in range(len(row.own), 0, -1):
            at, rule = (row.chain.name, number), row.rules[number - 1]
            end = final(rule)
            if (
                end is None
                or ends[end] < 2
                or not _judged(rule)
                or not survey.some(*at).satisfiable()
            ):
                continue
            if alone.same(at, end) and (not together.gone or together.same(at, end)):
                found[at] = tuple(alone.by)
                together.gone.add(at)
    return found


def _judged(rule: Rule) -> bool:
    """A RETURN at a chain's end is good manners; a rule with a memory changes it by being there."""
    return final(rule) != RETURN and not rule.open and not rule.sharing
