"""no-such-set: a rule asks for an address set that the host does not have."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.ruleset import Rule
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject

_OPTIONS = ("match-set", "add-set", "del-set", "map-set")


def find(subject: Subject) -> Iterator[Finding]:
    """Where the place tells the host's sets."""
    if not subject.ns.sets:
        return
    for survey in subject.surveys():
        for row, number, rule in survey.rules():
            for name in dict.fromkeys(_named(rule)):
                if name not in subject.ns.sets:
                    yield Finding(
                        "no-such-set", "error",
                        subject.ref(survey.table.name, (row.chain.name, number)),
                        f"cannot be loaded: the host has no set {name}",
                    )  # fmt: skip


def _named(rule: Rule) -> Iterator[str]:
    for use in rule.uses:
        if use.ext.name in ("set", "SET"):
            yield from (use.options[name][0] for name in _OPTIONS if name in use.options)
