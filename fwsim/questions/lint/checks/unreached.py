"""unreached: a chain with rules into which no packet comes."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject

TIDY = True


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each such chain, at its first rule; chains that only such ones lead to go
    with them."""
    for survey in subject.surveys():
        name = survey.table.name
        chains = survey.table.chains.values()
        calls = {chain.name: {r.jump.chain for r in chain.rules if r.jump} for chain in chains}
        dead = [c.name for c in chains if c.name not in survey.rows
                or not survey.rows[c.name].entry.satisfiable()]  # fmt: skip
        below = {callee for chain in dead for callee in calls[chain] if callee != chain}
        for chain in chains:
            row = survey.rows.get(chain.name)
            if not chain.rules or chain.name not in dead or chain.name in below:
                continue
            text = "the rules that lead to it never match" if row else "nothing leads to it"
            yield Finding(
                "unreached", "warning", subject.ref(name, (chain.name, 1)),
                f"no packet comes to its chain {chain.name}: {text}",
                subject.refs(name, row.callers[:20] if row else ()),
                also=subject.refs(name, ((chain.name, n) for n in range(2, len(chain.rules) + 1))),
            )  # fmt: skip
