"""On which rules no line of a policy depends: without such a rule, alone, every line comes to the
same. Of these, some have no packet of any line; others have, and what else there is does as they
do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from fwsim.machine.account import reference
from fwsim.model.trace import Ref
from fwsim.questions.placing import PROGRAMS, shell
from fwsim.questions.policy.check import Check
from fwsim.questions.policy.model import UNCHANGED
from fwsim.questions.policy.outcome import Spare
from fwsim.questions.policy.prepared import Traced, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fwsim.questions.policy.model import Line, Policy

Progress = Callable[[int, int], None]


class Changeable(Traced, Protocol):
    """A place that commands change."""

    def apply(self, *commands: str) -> Changeable:
        """As `Net.apply`."""
        ...


def spare(
    place: Changeable, check: Check, results: Mapping[Line, str], progress: Progress
) -> Spare:
    """Of a place's rules; `check` was made with `rules`, and came to these results. Only rules that
    some packet of a line matches, or its answer, are taken away and tried; with `unchanged_since`,
    which speaks of more, every rule is."""
    rules = [*_rules(check)]
    met = check.lines_at()
    always = [line for line in check.policy.lines if line.kind == UNCHANGED]
    unmet: list[Ref] = []
    same: list[Ref] = []
    for done, where in enumerate(rules):
        progress(done, len(rules))
        lines = [line for line in check.policy.lines if line in met.get(where, always)]
        asked = check.policy._replace(lines=tuple(dict.fromkeys([*lines, *always])))
        if asked.lines and _differs(check, place, where, asked, results):
            continue
        found = same if where in met else unmet
        found.append(_ref(check, where))
    progress(len(rules), len(rules))
    return Spare(len(rules), tuple(unmet), tuple(same))


def _rules(check: Check) -> Iterator[Where]:
    for family, walked in check.walked.items():
        tables = walked.ruleset.tables if walked.ruleset else {}
        for table in tables.values():
            for chain in table.chains.values():
                yield from (
                    (family, table.name, chain.name, number)
                    for number in range(1, len(chain.rules) + 1)
                )


def _differs(
    check: Check, place: Changeable, where: Where, asked: Policy, results: Mapping[Line, str]
) -> bool:
    """Without that rule, one of the lines comes to something else."""
    family, table, chain, number = where
    command = f"{PROGRAMS[family]} -t {table} -D {shell(chain)} {number}"
    without = Check(place.apply(command), asked, before=check, explain=False)
    return any(without.outcome(line).result != results[line] for line in asked.lines)


def _ref(check: Check, where: Where) -> Ref:
    family, table, chain, number = where
    ruleset = check.walked[family].ruleset
    assert ruleset is not None
    return reference(check.simulation.world.host, ruleset, table, chain, number)
