"""What is wrong with the rules themselves, found out from the sets of packets that they match.

A check is a file of fwsim.questions.lint.checks, named for its code (`never_met.py`: never-met),
and found by its name, as extensions are. It has `find(subject)`, which yields the findings in one
family's rules, or `across(subjects)`, which compares the families. Its page is docs/lint/CODE.md.
With `TIDY = True` what it finds is untidy, no more, and left out of chains that Docker and its like
write themselves: nobody mends those by hand.

What depends on facts that nobody knows is found only if it holds whatever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fwsim.model.errors import QuestionError
from fwsim.model.frozen import Frozen
from fwsim.model.printing import Printed
from fwsim.questions.lint.finding import SEVERITIES, Finding
from fwsim.questions.lint.subject import Subject
from fwsim.readings.space import too_large

if TYPE_CHECKING:
    from fwsim.language.ruleset import Ruleset
    from fwsim.machine.simulate import Simulation

_CHECKS = "fwsim.questions.lint.checks"
Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""


class Lint(Printed, Frozen):
    """What was found, in the order of the text; truth says whether there is anything.
    `sources` are the names of the texts that each family's rules were read from, `left_out` is how
    much else was found in chains that software writes itself."""

    title: str
    findings: tuple[Finding, ...]
    sources: Mapping[int, str]
    left_out: int = 0

    def to_list(self) -> list[dict[str, Any]]:
        """INTERFACE's JSON of lint."""
        return [finding.to_dict() for finding in self.findings]

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


@cache
def codes() -> tuple[str, ...]:
    """The codes of all checks, sorted; imports none of them."""
    from os import listdir

    names = (name.partition(".") for folder in import_module(_CHECKS).__path__
             for name in listdir(folder))  # fmt: skip
    return tuple(sorted(
        name.replace("_", "-") for name, _, ending in names if ending == "py" and name[0] != "_"
    ))  # fmt: skip


def lint(
    simulation: Simulation,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    *,
    everywhere: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Lint:
    """All that the checks find (`select`: only these codes, `ignore`: not these; `everywhere`: what
    is untidy in chains that software writes itself too). QuestionError for a code that there is
    not, or where the sets are too large."""
    chosen = _chosen(tuple(select), tuple(ignore))
    rulesets = simulation.world.namespaces[simulation.world.host].rulesets
    try:
        subjects = {family: Subject(simulation, family) for family in rulesets}
        found = [*_found(subjects, chosen, progress)]
    except MemoryError:
        raise too_large() from None
    kept = [f for f, own in found if everywhere or not own]
    kept.sort(key=_place)
    sources = {family: name for family, rules in rulesets.items() if (name := source_name(rules))}
    return Lint(simulation.world.title, tuple(kept), sources, len(found) - len(kept))


def _chosen(select: tuple[str, ...], ignore: tuple[str, ...]) -> list[str]:
    for code in (*select, *ignore):
        if code not in codes():
            known = ", ".join(codes())
            raise QuestionError(f"there is no check {code!r}", hint=f"There are: {known}.")
    return [code for code in codes() if code not in ignore and (not select or code in select)]


def _found(
    subjects: Mapping[int, Subject], chosen: list[str], progress: Progress
) -> Iterator[tuple[Finding, bool]]:
    """The findings, and of each whether it is only untidy in what software writes itself."""
    steps = len(chosen) * len(subjects)
    for done, code in enumerate(chosen):
        check = import_module(f"{_CHECKS}.{code.replace('-', '_')}")
        for nth, subject in enumerate(subjects.values()):
            progress(done * len(subjects) + nth, steps)
            if hasattr(check, "find"):
                for finding in check.find(subject):
                    yield finding, hasattr(check, "TIDY") and subject.generated(finding.rule)
        if hasattr(check, "across"):
            yield from ((finding, False) for finding in check.across(subjects))
    progress(steps, steps)


def _place(finding: Finding) -> tuple[Any, ...]:
    ref = finding.rule
    number = ref.rule if isinstance(ref.rule, int) else 0
    return ref.family, ref.line, ref.table, ref.chain, number, SEVERITIES.index(finding.severity)


def source_name(ruleset: Ruleset) -> str:
    """The name of the text that rules were read from."""
    spans = (rule.span for table in ruleset.tables.values() for rule in table.samples)
    return next((span.source.name for span in spans if span), "")
