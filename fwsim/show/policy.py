"""What came of a policy, in lines of text: each line of it, and where one fails a packet that shows
it, the rule that decided, and the command that replays it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fwsim.questions.again import asked_again, piped
from fwsim.questions.policy.model import ISOLATED, UNCHANGED
from fwsim.questions.policy.outcome import DEPENDS, FAILS, HOLDS
from fwsim.show.branches import outcome_key
from fwsim.show.covers import conversation_lines, witness_line
from fwsim.show.layout import PAD, Line, cells, plain, segment
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.model.trace import Ref
    from fwsim.questions.policy import model
    from fwsim.questions.policy.outcome import Outcome, Report, Spare

_STYLES = {HOLDS: "good", FAILS: "bad", DEPENDS: "unsure"}
_MOST = 48  # columns of who and whom; longer ones push what follows


def policy_lines(found: Report) -> list[Line]:
    """The place and the policy, its lines with what came of them, and how many."""
    title = say("policy.place", title=found.title, policy=found.policy)
    lines: list[Line] = [[segment(title, "dim")]]
    told = [ends(outcome.line) for outcome in found.outcomes]
    wide = min(_MOST, max(map(cells, told), default=0))
    kinds = max((len(outcome.line.kind) for outcome in found.outcomes), default=0)
    for outcome, text in zip(found.outcomes, told, strict=True):
        lines.append(_head(outcome, text, kinds, wide))
        lines += [[("    ", PAD), *line] for line in details(outcome, found.words)]
    if found.coverage:
        lines += _coverage(found.coverage)
    lines += [[segment(say("note.line") + note, "note")] for note in found.notes]
    untold = (say("policy.untold", what=what) for what in found.untold)
    lines += [[segment(say("note.line") + note, "note")] for note in untold]
    return [*lines, [segment(summary(found), "head")]]


def _head(outcome: Outcome, text: str, kinds: int, wide: int) -> Line:
    line = outcome.line
    return [
        segment(say(f"policy.{outcome.result}"), _STYLES[outcome.result]), segment(" "),
        segment(f"{line.kind:<{kinds}}"), segment(f"{line.number:>5}", "number"), ("  ", PAD),
        segment(text, "head"), (" " * max(0, wide - cells(text)) + "  ", PAD),
        segment(line.why, "why"),
    ]  # fmt: skip


def ends(line: model.Line) -> str:
    """Whom a line is about, and what they send."""
    if line.kind == ISOLATED:
        text = say("policy.apart", who=line.who)
    else:
        key = "policy.from_to" if line.who else "policy.to"
        text = say(key, who=line.who, whom=line.whom) if line.who or line.whom else ""
    protos, ports = (say("comma").join(s.text for s in said) for said in (line.protos, line.ports))
    service = protos
    if ports:
        key = "policy.service.ports" if protos else "policy.service.any"
        service = say(key, protos=protos, ports=ports)
    if service:
        text = say("policy.service", ends=text, service=service) if text else service
    if line.in_:
        text = say("policy.by", ends=text, dev=line.in_.text)
    if line.kind == UNCHANGED and line.place:
        key = "policy.since.part" if text else "policy.since"
        return say(key, place=line.place.text, part=text)
    return text


def failure(outcome: Outcome, words: tuple[str, ...]) -> str:
    """Why a line does not hold, for a test that asserts it: what was demanded, what shows that it
    is not so, and the whole trace of that; `words` as of `details`."""
    head = say(f"policy.failure.{outcome.line.kind}", ends=ends(outcome.line))
    told = plain(details(outcome, words))
    trace = [outcome.trace.text()] if outcome.trace else []
    return "\n\n".join([f"{head}\n{told}", *trace])


def details(outcome: Outcome, words: tuple[str, ...]) -> Iterator[Line]:
    """How a line fails, or what it depends on; `words` are the options that tell the place."""
    if outcome.result == FAILS:
        yield from _failing(outcome)
    for what in outcome.depends_on:
        yield [segment(say("policy.depends_on", what=what), "note")]
    command = again(outcome, words)
    if command and outcome.result != HOLDS:
        yield [segment(command, "command")]


def _failing(outcome: Outcome) -> Iterator[Line]:
    change = outcome.change
    if outcome.witness:
        yield witness_line(outcome.witness)[1:]
    elif change and change.talk:
        yield from (line[1:] for line in conversation_lines(change.talk))
    elif outcome.trace is None:
        yield [segment(say("policy.no_witness"), "note")]
    values = {}
    if outcome.what == "exchange":
        values = {"outcome": say(f"outcome.{outcome_key(outcome.trace.exchange)}")}
    if change:
        values = {"was": change.was.fate.verdict, "now": change.now.fate.verdict}
    yield _decided(outcome, values)


def _decided(outcome: Outcome, values: dict[str, str]) -> Line:
    """What became of it, and by which rule or policy, or why."""
    ref = outcome.ref
    if ref is not None:
        text = say(f"policy.{outcome.what}", where=_where(ref), **values)
        rule = [] if ref.rule == "policy" else [segment("  "), segment(ref.text, "rule")]
        return [segment(text), *rule]
    what, reason = say(f"policy.{outcome.what}.alone", **values), _reason(outcome.trace)
    return [segment(say("policy.because", what=what, reason=reason) if reason else what)]


def _where(ref: Ref) -> str:
    key = "policy.where.policy" if ref.rule == "policy" else "policy.where"
    where = say(key, table=ref.table, chain=ref.chain, rule=ref.rule, policy=ref.text)
    return say("policy.six", where=where) if ref.family == 6 else where


def _reason(trace: Any) -> str:
    reasons = (leg.reason for leg in (trace.legs if trace else ()) if leg.reason)
    return next((say(f"reason.{reason}") for reason in reasons), "")


def again(outcome: Outcome, words: tuple[str, ...]) -> str:
    """The command that replays what shows it; "" if there is none."""
    if outcome.question is not None:
        return asked_again(outcome.question, words)
    packet = outcome.sent()
    return piped([packet], words) if packet else ""


def _coverage(found: Spare) -> Iterator[Line]:
    """The rules on which no line depends, each in the order of the text."""
    spare = len(found.unmet) + len(found.same)
    if not spare:
        yield [segment(say("policy.coverage", count=found.rules), "good")]
        return
    yield [segment(say("policy.coverage.spare", spare=spare, count=found.rules), "head")]
    for kind, refs in (("unmet", found.unmet), ("same", found.same)):
        if refs:
            yield [("  ", PAD), segment(say(f"policy.coverage.{kind}"))]
        names = [_where(ref) for ref in refs]
        wide = max(map(cells, names), default=0)
        for ref, name in zip(refs, names, strict=True):
            gap = (" " * (wide - cells(name)) + "  ", PAD)
            yield [("    ", PAD), segment(name, "number"), gap, segment(ref.text, "rule")]


def summary(found: Report) -> str:
    """How many lines fail, or depend on what nobody knows."""
    count, fails, depends = (len(found.outcomes), found.count(FAILS), found.count(DEPENDS))
    if not fails and not depends:
        return say("policy.all.one" if count == 1 else "policy.all", count=count)
    parts = []
    for key, number, mark in (
        ("policy.count", fails, FAILS), ("policy.count.depends", depends, DEPENDS),
    ):  # fmt: skip
        if number:
            which = f"{key}.one" if number == 1 else key
            signs = {"mark": say(f"policy.{mark}"), "count": count}
            parts.append(say(which, fails=number, depends=number, **signs))
    return " ".join(parts)
