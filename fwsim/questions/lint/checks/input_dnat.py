"""input-dnat: a filter INPUT rule speaks of a port that DNAT sends elsewhere.

What comes for it goes through FORWARD, and INPUT never sees it."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.ruleset import Rule
from fwsim.model import fields as F
from fwsim.model.pred import In, atoms
from fwsim.questions.lint.dnat import Published, for_host, published
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.kinds import accepts, refuses
from fwsim.questions.lint.subject import Subject
from fwsim.questions.lint.survey import Row
from fwsim.readings.space import PacketSet


def find(subject: Subject) -> Iterator[Finding]:
    """Rules that accept only such packets, or are to refuse some."""
    taken = published(subject) if "filter" in subject.ruleset.tables else []
    if not taken:
        return
    survey = subject.survey("filter")
    for row, number, rule in survey.rules():
        if "INPUT" in row.hooks and _of_port(rule) and (accepts(rule) or refuses(rule)):
            by = _by(subject, row, number, rule, taken)
            if by:
                yield _finding(subject, (row.chain.name, number), rule, by)


def _of_port(rule: Rule) -> bool:
    return any(isinstance(atom, In) and atom.field == F.DPORT for atom in atoms(rule.pred))


def _by(
    subject: Subject, row: Row, number: int, rule: Rule, taken: list[Published]
) -> list[Published]:
    """The rules that take its packets away."""
    own = row.own[number - 1] & row.entry
    found = (each._replace(packets=for_host(subject, each, own)) for each in taken)
    by = [each for each in found if each.packets.satisfiable()]
    if not by or refuses(rule):
        return by
    ports = (F.PROTO, F.DPORT)
    gone = PacketSet(subject.space, subject.diagrams.either([each.packets for each in by]))
    return by if PacketSet(subject.space, own).onto(ports) <= gone.onto(ports) else []


def _finding(subject: Subject, at: tuple[str, int], rule: Rule, by: list[Published]) -> Finding:
    target = by[0].target(subject.family)
    said = "does not keep out" if refuses(rule) else "is not what lets in"
    return Finding(
        "input-dnat", "error" if refuses(rule) else "warning", subject.ref("filter", at),
        f"{said} what DNAT sends on to {target}: that goes through FORWARD, not INPUT",
        subject.refs("nat", [each.at for each in by[:20]]),
        subject.witness(by[0].packets, "nat", by[0].at),
    )  # fmt: skip
