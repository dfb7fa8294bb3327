"""Rules that come too late: earlier ones take all of their packets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Rule
from fwsim.model.tuples import NamedTuple
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.kinds import accepts, logs, refuses
from fwsim.questions.lint.never import SHADOWED, Never
from fwsim.questions.lint.subject import Subject

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction


class Late(NamedTuple):
    """A rule, and those that take its packets."""

    rule: Rule
    earlier: tuple[Rule, ...]

    @property
    def logs(self) -> bool:
        """What comes too late is a line in the log."""
        return logs(self.rule)

    @property
    def accepted(self) -> bool:
        """What was to be refused has been accepted by then."""
        return refuses(self.rule) and all(map(accepts, self.earlier))


def late(
    subject: Subject, code: str, chosen: Callable[[Late], bool],
    said: Callable[[Late], tuple[str, str]],
) -> Iterator[Finding]:  # fmt: skip
    """The chosen ones of them as findings; `said` gives severity and message."""
    for survey in subject.surveys():
        name = survey.table.name
        for found in subject.never(survey):
            if found.why != SHADOWED:
                continue
            what = Late(survey.rule(found.at), tuple(map(survey.rule, found.by)))
            if chosen(what):
                severity, message = said(what)
                refs = subject.refs(name, found.by)
                shown = subject.witness(_taken(subject, name, found), name, found.by[0])
                yield Finding(code, severity, subject.ref(name, found.at), message, refs, shown)


def _taken(subject: Subject, table: str, found: Never) -> BCDDFunction:
    """The packets that the first of the others takes."""
    chain, number = found.by[0]
    return found.packets & subject.survey(table).rows[chain].takes[number - 1]
