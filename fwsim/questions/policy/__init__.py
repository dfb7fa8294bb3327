"""A policy: who must reach what, who must not, what must stay as it was; read from a file that
people write, and held against a place, by proof."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from fwsim.questions.policy.model import Policy

if TYPE_CHECKING:
    from fwsim.questions.policy.coverage import Changeable, Progress
    from fwsim.questions.policy.outcome import Report
    from fwsim.questions.policy.walked import Known


def test(
    place: Changeable,
    policy: str | PathLike[str] | Policy,
    known: Known,
    *,
    coverage: bool,
    progress: Progress,
) -> Report:
    """The place held against a policy, or one in a file; with `coverage` also on which rules none
    of its lines depends. `known` remembers what the machine says of the place. ReadError or
    QuestionError for what is wrong with the policy."""
    from fwsim.questions.policy.check import Check
    from fwsim.questions.policy.read import open_policy

    asked = policy if isinstance(policy, Policy) else open_policy(fspath(policy))
    check = Check(place, asked, known=known, rules=coverage)
    report = check.report()
    if not coverage:
        return report
    from fwsim.questions.policy.coverage import spare

    results = {outcome.line: outcome.result for outcome in report.outcomes}
    return report.with_coverage(spare(place, check, results, progress))
