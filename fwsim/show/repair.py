"""The answer of `fwsim repair` in lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.show.covers import told_lines
from fwsim.show.layout import Line, segment
from fwsim.show.words import say

_LISTED = 6
if TYPE_CHECKING:
    from fwsim.questions.covers import Told
    from fwsim.questions.remedies import Remedies, Remedy


def repair_lines(found: Remedies) -> list[Line]:
    """How it stands, then each remedy with what else it changes."""
    lines: list[Line] = [[segment(found.title, "dim")], [_answer(found)]]
    for number, remedy in enumerate(found.found, 1):
        lines += _remedy(number, remedy, "closes" if found.block else "opens")
    if found.found:
        lines += [[segment(text, "note")] for text in say("diff.left_out").splitlines()]
    return lines


def _answer(found: Remedies) -> tuple[str, str]:
    outcome = say(f"outcome.{found.outcome}")
    if not found.needed:
        return segment(say("repair.fine", outcome=outcome), "good")
    kind = "block" if found.block else "allow"
    if not found.found:
        return segment(say(f"repair.{kind}.none", outcome=outcome), "bad")
    return segment(say(f"repair.{kind}", outcome=outcome), "head")


def _remedy(number: int, remedy: Remedy, key: str) -> list[Line]:
    lines: list[Line] = [
        [segment(f"{number:>2}. " if first else "    "), segment(command, "command")]
        for first, command in ((n == 0, c) for n, c in enumerate(remedy.commands))
    ]
    outcome = say(f"outcome.{remedy.outcome}")
    nothing = "" if remedy.changed.boxes else ".nothing"
    text = say(f"repair.{key}{nothing}", outcome=outcome, count=remedy.changed.headers)
    lines += [[segment("    "), segment(text)], *told_lines(_first(remedy.changed))]
    if remedy.others.boxes:
        text = say("repair.others", count=remedy.others.headers)
        lines += [[segment("    "), segment(text)], *told_lines(_first(remedy.others))]
    return lines


def _first(told: Told) -> Told:
    """The same, cut to a few."""
    left = max(len(told.boxes) - _LISTED, 0)
    return told._replace(boxes=told.boxes[:_LISTED], more=told.more + left)
