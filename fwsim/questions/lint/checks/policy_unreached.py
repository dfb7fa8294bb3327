"""policy-unreached: a built-in chain's rules decide about every packet, its policy about none."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject

TIDY = True


def find(subject: Subject) -> Iterator[Finding]:
    """Policies that never decide."""
    for survey in subject.surveys():
        name = survey.table.name
        for chain in filter(survey.base, survey.table.chains):
            row = survey.rows[chain]
            if row.rules and not survey.some(chain, 0).satisfiable():
                last = len(row.rules)
                because = [(chain, n) for n in range(last, 0, -1)
                           if row.takes[n - 1].satisfiable()][:1]  # fmt: skip
                yield Finding(
                    "policy-unreached", "info", subject.ref(name, (chain, 0)),
                    "never decides: the rules decide about every packet before it",
                    subject.refs(name, because),
                )  # fmt: skip
