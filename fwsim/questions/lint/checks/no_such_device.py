"""no-such-device: a rule names a device that the host does not have."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.ruleset import Rule
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject

TIDY = True


def find(subject: Subject) -> Iterator[Finding]:
    """Where the place tells the host's devices. Names that end in + may wait for devices."""
    if subject.world.inferred:
        return
    for survey in subject.surveys():
        for row, number, rule in survey.rules():
            for name, negated in _named(rule):
                if name not in subject.ns.devices:
                    what = "holds for every packet" if negated else "never matches"
                    yield Finding(
                        "no-such-device", "warning",
                        subject.ref(survey.table.name, (row.chain.name, number)),
                        f"{what}: the host has no device {name}",
                    )  # fmt: skip


def _named(rule: Rule) -> Iterator[tuple[str, bool]]:
    for option in (rule.in_, rule.out):
        if option and not option.value.endswith("+"):
            yield option.value, option.negated
