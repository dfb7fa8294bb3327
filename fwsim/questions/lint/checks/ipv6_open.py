"""ipv6-open: the host refuses over IPv4 what it accepts over IPv6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fwsim.model import fields as F
from fwsim.model.names import iface_value
from fwsim.model.packet import TCP, UDP
from fwsim.model.pred import Pred, all_of, any_of, is_in, negate
from fwsim.questions.lint.accepted import accepted, accepting, in_state
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject
from fwsim.readings.cover import box_pred, disjoint_boxes
from fwsim.readings.prose import values
from fwsim.readings.space import PacketSet

_PORTS = (F.PROTO, F.DPORT)
_BOXES = 2000
_LISTED = 3
_FROM_AFAR = all_of(
    in_state("NEW"), is_in(F.PROTO, TCP, UDP), negate(is_in(F.IN, iface_value("lo")))
)


def across(subjects: Mapping[int, Subject]) -> Iterator[Finding]:
    """Ports for which INPUT accepts no first packet from elsewhere over IPv4, whatever its source,
    and some over IPv6."""
    if not {4, 6} <= subjects.keys():
        return
    if any("filter" not in subject.ruleset.tables for subject in subjects.values()):
        return
    old, new = subjects[4], subjects[6]
    closed = ~_open(old)
    boxes = disjoint_boxes(_open(new), _PORTS, limit=_BOXES)
    more = any_of(*map(box_pred, boxes.boxes))
    only = closed & old.space.read(all_of(more, is_in(F.PROTO, TCP, UDP)))
    if boxes.more or only.is_empty:
        return
    yield _finding(old, new, only)


def _open(subject: Subject) -> PacketSet:
    survey = subject.survey("filter")
    found = accepted(survey, "INPUT", subject.env.read(_FROM_AFAR) & survey.universe)
    return PacketSet(subject.space, found).onto(_PORTS)


def _finding(old: Subject, new: Subject, only: PacketSet) -> Finding:
    cover = disjoint_boxes(only, _PORTS, limit=_LISTED)
    pred: Pred = any_of(*map(box_pred, cover.boxes))
    survey = new.survey("filter")
    there = new.env.read(all_of(pred, _FROM_AFAR))
    by = [at for at in accepting(survey, "INPUT") if (survey.hits(*at) & there).satisfiable()]
    told = "; ".join(
        " port ".join(
            ", ".join(t for atom in atoms for t in values(atom)) for atoms in box.values()
        )
        for box in cover.boxes
    )
    return Finding(
        "ipv6-open", "warning", new.ref("filter", by[0]),
        f"accepts what IPv4's rules refuse: {told}{', …' if cover.more else ''}",
        (*new.refs("filter", by[1:20]), old.ref("filter", ("INPUT", 0))),
        new.witness(survey.hits(*by[0]) & there, "filter", by[0]),
    )  # fmt: skip
