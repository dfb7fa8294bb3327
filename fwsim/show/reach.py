"""The answer of `fwsim reach` in lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.questions.conversation import Conversation
from fwsim.questions.population import KNOWN
from fwsim.show.covers import conversation_lines, told_lines, witness_line
from fwsim.show.layout import Line, segment
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.questions.reach import Reach

_STYLES = {True: "good", False: "bad", None: "note"}
_ANSWERS = {True: "reach.some", False: "reach.none", None: "reach.unknown"}


def reach_lines(found: Reach) -> list[Line]:
    """What was asked, the answer, the sets, one packet, what it depends on."""
    lines: list[Line] = [[segment(found.title, "dim")]]
    answer = say(_ANSWERS[found.reachable], asked=_asked(found))
    lines.append([segment(answer, _STYLES[found.reachable])])
    if found.packets.boxes:
        lines += told_lines(found.packets)
    if isinstance(found.witness, Conversation):
        lines.append([segment(say("reach.example.after"), "head")])
        lines += conversation_lines(found.witness)
    elif found.witness is not None:
        lines += [[segment(say("reach.example"), "head")], witness_line(found.witness)]
    elif found.packets.boxes:
        lines.append([segment(say("reach.example.none"), "note")])
    if found.perhaps.boxes:
        lines.append([segment(say("reach.perhaps"), "head")])
        lines += told_lines(found.perhaps)
    lines += [[segment(say("reach.depends", what=what), "note")] for what in found.depends_on]
    if found.question.answered:
        lines.append([segment(say("reach.assumed"), "note")])
    if set(found.question.states()) & set(KNOWN):
        lines += [[segment(text, "note")] for text in say("reach.known").splitlines()]
    lines.append([segment(say("reach.left_out"), "note")])
    if found.family == 6:
        lines += [[segment(text, "note")] for text in say("reach.left_out.v6").splitlines()]
    return lines


def _asked(found: Reach) -> str:
    asked = found.question
    words = []
    for key, value in (
        ("in", asked.in_), ("src", asked.src), ("out", asked.out), ("dst", asked.dst),
        ("proto", asked.proto), ("sport", asked.sport), ("dport", asked.dport),
    ):  # fmt: skip
        if value:
            words.append(say(f"asked.{key}", value=value))
    words.append(say("asked.state", value=asked.state.upper()))
    return " ".join([*words, say("reach.answered")] if asked.answered else words)
