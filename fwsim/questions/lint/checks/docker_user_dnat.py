"""docker-user-dnat: a DOCKER-USER rule speaks of a published port as it was before DNAT."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.dnat import for_host, published
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.kinds import final
from fwsim.questions.lint.subject import Subject

CHAIN = "DOCKER-USER"


def find(subject: Subject) -> Iterator[Finding]:
    """Rules that would match what comes for a published port, but not once it is translated."""
    if "filter" not in subject.ruleset.tables:
        return
    survey = subject.survey("filter")
    row = survey.rows.get(CHAIN)
    taken = published(subject) if row else []
    for number, rule in enumerate(row.chain.rules if row else (), 1):
        if not final(rule):
            continue
        own = survey.rows[CHAIN].own[number - 1]
        for each in taken:
            before = for_host(subject, each, own)
            moved = each.env(survey.env, subject.family)
            if not before.satisfiable() or (moved.read(rule.pred) & each.packets).satisfiable():
                continue
            yield Finding(
                "docker-user-dnat", "error", subject.ref("filter", (CHAIN, number)),
                f"does not match what comes for the published port: by then it is sent to"
                f" {each.target(subject.family)}; ask for -m conntrack --ctorigdstport instead",
                subject.refs("nat", [each.at]), subject.witness(before, "nat", each.at),
            )  # fmt: skip
