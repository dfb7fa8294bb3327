"""contradictory: a rule asks for what no packet can be, or for what never comes into its chain."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.never import CONTRADICTORY, UNMET
from fwsim.questions.lint.subject import Subject

TIDY = True
_SAID = {
    CONTRADICTORY: "never matches: no packet can be all that it asks for",
    UNMET: "never matches: the rules that lead to its chain let no such packet in",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Rules that no packet can match, whatever other rules do."""
    for survey in subject.surveys():
        name = survey.table.name
        for found in subject.never(survey):
            if found.why in _SAID:
                yield Finding(
                    "contradictory", "error", subject.ref(name, found.at), _SAID[found.why],
                    subject.refs(name, found.by),
                )  # fmt: skip
