"""What a built-in chain of the filter table accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.model import fields as F
from fwsim.model.names import STATES
from fwsim.model.pred import Pred, is_in
from fwsim.questions.lint.kinds import accepts
from fwsim.questions.lint.survey import Survey, Where

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction


def in_state(name: str) -> Pred:
    """Packets of which conntrack says so."""
    return is_in(F.CTSTATE, STATES.index(name))


def accepting(survey: Survey, hook: str) -> list[Where]:
    """The rules, and the policy, that accept there."""
    places = [
        (row.chain.name, number)
        for row, number, rule in survey.rules()
        if hook in row.hooks and accepts(rule)
    ]
    policy = survey.table.chains[hook].policy
    return [*places, (hook, 0)] if policy != "DROP" else places


def accepted(survey: Survey, hook: str, among: BCDDFunction) -> BCDDFunction:
    """The packets of a set that they accept."""
    asked = (at for at in accepting(survey, hook) if _own(survey, at, among).satisfiable())
    return survey.diagrams.either([survey.hits(*at) & among for at in asked])


def _own(survey: Survey, at: Where, among: BCDDFunction) -> BCDDFunction:
    """What a rule would match of a set, whatever comes to it."""
    chain, number = at
    return survey.rows[chain].own[number - 1] & among if number else among
