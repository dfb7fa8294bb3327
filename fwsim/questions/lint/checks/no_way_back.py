"""no-way-back: a rule accepts connections whose answers no rule accepts.

Between some pair of devices, no packet of a known connection that answers what the rule accepts is
let through: a rule for RELATED,ESTABLISHED is missing, or speaks of other devices. Answers that the
rule would accept as requests (from port 80 to port 80) are no answers to most of its clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fwsim.language.ruleset import Rule
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import iface_value
from fwsim.model.packet import TCP, UDP
from fwsim.model.pred import TRUE, And, In, Not, Or, Pred, all_of, any_of, atoms, is_in, negate
from fwsim.questions.lint.accepted import accepted, accepting, in_state
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.overlap import Exact, exact
from fwsim.questions.lint.subject import Subject
from fwsim.questions.lint.survey import Survey, Where
from fwsim.readings.cover import box_pred, disjoint_boxes
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

_ANSWERS = {"FORWARD": "FORWARD", "INPUT": "OUTPUT", "OUTPUT": "INPUT"}
_TURNED: dict[Field, Field] = {
    one: other
    for a, b in (
        (F.SRC[4], F.DST[4]), (F.SRC[6], F.DST[6]), (F.IN, F.OUT), (F.SPORT, F.DPORT),
        (F.PROTO, F.PROTO),
    )
    for one, other in ((a, b), (b, a))
}  # fmt: skip
_DEVICES = (F.IN, F.OUT)
_MOST = 500  # the most pairs of devices that are looked at
_LO = iface_value("lo")
_AFAR = all_of(negate(is_in(F.IN, _LO)), negate(is_in(F.OUT, _LO)))
_TO_CLIENT = all_of(
    is_in(F.PROTO, TCP, UDP), is_in(F.SPORT, (1, 1023)), is_in(F.DPORT, (32768, 65535))
)


def find(subject: Subject) -> Iterator[Finding]:
    """Such rules, those of a chain and the same devices together; and a policy of OUTPUT that lets
    the host ask but not hear."""
    if "filter" not in subject.ruleset.tables:
        return
    survey = subject.survey("filter")
    new = survey.env.read(in_state("NEW")) & survey.universe
    for hook, back in _ANSWERS.items():
        way = _Way(survey, hook, back)
        groups: dict[Any, list[Where]] = {}
        for at in () if way.open else accepting(survey, hook):
            first = survey.hits(*at) & new & way.there
            if first.satisfiable() and way.loses(at, first):
                groups.setdefault(_group(survey, at), []).append(at)
        for at, *others in groups.values():
            yield Finding(
                "no-way-back", "error", subject.ref("filter", at),
                f"accepts connections whose answers {back} does not accept: let"
                " -m conntrack --ctstate RELATED,ESTABLISHED through there",
                subject.refs("filter", [(back, 0)]),
                subject.witness(survey.hits(*at) & new, "filter", at),
                also=subject.refs("filter", others),
            )  # fmt: skip


def _group(survey: Survey, at: Where) -> Any:
    if not at[1]:
        return at
    rule = survey.rule(at)
    return at[0], rule.in_, rule.out


class _Way:
    """What comes through one built-in chain, and the one that its answers come through."""

    def __init__(self, survey: Survey, hook: str, back: str) -> None:
        self.survey, self.space = survey, survey.env.space
        self.there = survey.at(hook)
        self.known = survey.env.read(in_state("ESTABLISHED")) & survey.universe & survey.at(back)
        self.accepting = frozenset(accepting(survey, back))
        self.by_policy = (back, 0) in self.accepting
        self.chains = {chain for chain, _ in self.accepting}
        self.answered = accepted(survey, back, self.known)

    @property
    def open(self) -> bool:
        """Everything of known connections is accepted."""
        return self.answered == self.known

    def loses(self, at: Where, first: BCDDFunction) -> bool:
        """There are two devices between which no answer comes back to what is accepted there."""
        read = self.survey.env.read
        if not at[1]:
            return at[0] == "OUTPUT" and not (read(_TO_CLIENT) & self.answered).satisfiable()
        asked = _asked(self.survey.rule(at))
        turned = _turn(asked)
        if not self._may_meet(exact(turned)):
            return True
        there, back = read(asked), read(turned)
        lone = there.imp_strict(back) & self.known  # answers that are no requests of the rule's own
        if lone.satisfiable():
            back, first = lone, back.imp_strict(first)
        come = PacketSet(self.space, back & self.answered).onto(_DEVICES)
        pairs = PacketSet(self.space, first & read(_AFAR)).onto(_DEVICES)
        boxes = disjoint_boxes(pairs, _DEVICES, limit=_MOST)
        wanted = any_of(*(_turn(box_pred(box)) for box in boxes.boxes))
        return not boxes.more and not self.space.read(wanted) <= come

    def _may_meet(self, wanted: Exact) -> bool:
        """An accepting rule, or the policy, may match what has these values."""
        return self.by_policy or any(
            (name, n + 1) in self.accepting
            for name in self.chains
            for n in self.survey.rows[name].overlaps.meeting(wanted)
        )


def _asked(rule: Rule) -> Pred:
    """What its packets look like, as far as addresses, devices, protocol and ports say."""
    parts = rule.pred.preds if isinstance(rule.pred, And) else (rule.pred,)
    return all_of(*filter(_turns, parts))


def _turns(pred: Pred) -> bool:
    return all(isinstance(atom, In) and atom.field in _TURNED for atom in atoms(pred))


def _turn(pred: Pred) -> Pred:
    match pred:
        case In():
            return In(_TURNED[pred.field], pred.spans, pred.mask)
        case Not():
            return Not(_turn(pred.pred))
        case And():
            return And(tuple(map(_turn, pred.preds)))
        case Or():
            return Or(tuple(map(_turn, pred.preds)))
    return TRUE
