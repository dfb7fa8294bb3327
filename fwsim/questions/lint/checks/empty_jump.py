"""empty-jump: a jump to a chain that has no rules."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject

TIDY = True


def find(subject: Subject) -> Iterator[Finding]:
    """Jumps that packets come back from as they were. A goto ends its own chain all the same."""
    for survey in subject.surveys():
        name = survey.table.name
        for row, number, rule in survey.rules():
            jump = rule.jump
            if jump and jump.come_back and not survey.table.chains[jump.chain].rules:
                yield Finding(
                    "empty-jump", "info", subject.ref(name, (row.chain.name, number)),
                    f"does nothing: the chain {jump.chain} is empty",
                )  # fmt: skip
