"""The answer of `fwsim diff` in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.questions.asked import Asked
from fwsim.show.covers import conversation_lines, told_lines, witness_line
from fwsim.show.layout import Line, segment
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.model.trace import Ref
    from fwsim.questions.changes import Change, Side
    from fwsim.questions.diff import Diff


def diff_lines(found: Diff) -> list[Line]:
    """What was compared, the answer, each change, what could not be compared."""
    lines: list[Line] = [
        [segment(say("diff.old", title=found.old), "dim")],
        [segment(say("diff.new", title=found.new), "dim")],
        [_answer(found)],
    ]
    for number, change in enumerate(found.changes, 1):
        lines += _change(number, change)
    for part in found.perhaps:
        lines.append([segment(say("diff.perhaps"), "head")])
        lines += told_lines(part)
    lines += [[segment(say("reach.depends", what=what), "note")] for what in found.depends_on]
    for side, refs in zip(("old", "new"), found.unmet, strict=True):
        if refs:
            lines.append([segment(say("diff.unmet", side=say(f"diff.side.{side}")), "head")])
            lines += [_rule(side, ref) for ref in refs]
    lines += [[segment(say("note.line") + note, "note")] for note in found.notes]
    lines += [[segment(text, "note")] for text in say("diff.left_out").splitlines()]
    return lines


def _answer(found: Diff) -> tuple[str, str]:
    if found.equal is None:
        return segment(say("diff.unknown"), "unsure")
    if found.equal:
        key = "diff.equal.asked" if found.question != Asked() else "diff.equal"
        return segment(say("diff.equal.but" if any(found.unmet) else key), "good")
    number = len(found.changes)
    count = say("diff.changed.one" if number == 1 else "diff.changed.many", count=number)
    return segment(say("diff.changed", count=count), "bad")


def _change(number: int, change: Change) -> Iterator[Line]:
    was, now = _told(change.was), _told(change.now)
    yield [segment(say("diff.change", number=number, was=was, now=now), "head")]
    for side, end in (("old", change.was), ("new", change.now)):
        yield _rule(side, end.ref)
    yield from told_lines(change.packets)
    if change.witness is not None:
        yield [segment(say("diff.example"), "head")]
        yield witness_line(change.witness)
    if change.talk is not None:
        yield [segment(say("diff.example.after"), "head")]
        yield from conversation_lines(change.talk)


def _told(side: Side) -> str:
    verdict, how = side.fate
    if side.becomes:
        words = (f"{name} {value}" for name, value in side.becomes_dict().items())
        return say("diff.becomes", verdict=verdict, how=how, becomes=say("comma").join(words))
    return say("diff.how", verdict=verdict, how=how) if how else verdict


def _rule(side: str, ref: Ref | None) -> Line:
    name = say(f"diff.side.{side}")
    if ref is None:
        return [segment(say("diff.several", side=name), "dim")]
    rule = say("diff.policy") if ref.rule == "policy" else ref.rule
    text = say("diff.rule", side=name, table=ref.table, chain=ref.chain, rule=rule, text=ref.text)
    return [segment(text, "rule")]
