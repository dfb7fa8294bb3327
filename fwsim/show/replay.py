"""What became of a capture's packets, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.model.names import address_text, proto_text
from fwsim.show.layout import PAD, Line, segment
from fwsim.show.refs import ref_line
from fwsim.show.rules import reason
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.questions.replay.summary import End, Most, Replay, Talk

_PLACES = 8  # so many places where packets ended are told in full
_TALKERS = 5
_NOT_PASSED = ("DROP", "REJECT", "UNKNOWN")
_STYLES = {"DROP": "bad", "REJECT": "bad", "UNKNOWN": "unsure"}


def replay_lines(found: Replay) -> list[Line]:
    """How many there were and got through; who was stopped where; which rules counted; how it was
    known what came in where, and what was left out."""
    lines: list[Line] = [[segment(found.title, "dim")], [segment(_capture(found), "dim")]]
    lines.append(_verdict(found))
    ends = list(found.stopped())
    for end in ends[:_PLACES]:
        lines += _end(end)
    more = sum(end.count for end in ends[_PLACES:])
    if more:
        lines.append([segment(f"{_number(more)}  "), segment("…", "dim")])
    lines += [[segment("    "), segment(say("replay.depends", what=what), "note")]
              for what, _ in found.depends_on.most_common(_TALKERS)]  # fmt: skip
    if found.against:
        lines.append([segment(say("replay.against", count=_number(found.against.total())), "bad")])
        lines += _talks(found.against)
    if found.walked:
        lines += [[], *_hits(found)]
    return [*lines, *_remarks(found)]


def _number(count: int) -> str:
    return f"{count:,}"


def _capture(found: Replay) -> str:
    seconds = say("replay.seconds", seconds=found.seconds)
    key = {0: ".none", 1: ".one"}.get(found.frames, "")
    return say(
        f"replay.capture{key}", name=found.name, count=_number(found.frames), seconds=seconds
    )


def _verdict(found: Replay) -> Line:
    if not found.walked:
        return [segment(say("replay.none"), "note")]
    passed, walked = found.of("ACCEPT"), found.walked
    if passed == walked:
        return [segment(say("replay.all", walked=_number(walked)), "good")]
    line = [segment(say("replay.some", passed=_number(passed), walked=_number(walked)), "head")]
    for verdict in _NOT_PASSED:
        if count := found.of(verdict):
            told = say(f"replay.{verdict}", count=_number(count))
            line += [segment("  ", PAD), segment(told, _STYLES[verdict])]
    return line


def _end(end: End) -> Iterator[Line]:
    how = say(f"replay.ended.{end.verdict}")
    line = [segment(f"{_number(end.count):>7}  "), segment(how, _STYLES[end.verdict])]
    where = [segment(reason(end.reason))] if end.reason else ref_line(end.ref) if end.ref else []
    yield [*line, segment("  ", PAD), *where]
    yield from _talks(end.talks)


def _talks(talks: Most[Talk]) -> Iterator[Line]:
    for talk, count in talks.most_common(_TALKERS):
        yield [segment("    "), segment(f"{_number(count):>7}  "), segment(_talk(talk))]
    more = len(talks) - _TALKERS
    if talks.cut or more > 0:
        key = "replay.talks.cut" if talks.cut else "replay.talks.more"
        yield [segment(" " * 13), segment(say(key, more=_number(more)), "dim")]


def _talk(talk: Talk) -> str:
    bits = 32 if talk.family == 4 else 128
    ends = address_text(talk.src, bits), address_text(talk.dst, bits)
    key = "replay.talk" if talk.dport is None else "replay.talk.port"
    return say(key, src=ends[0], dst=ends[1], proto=proto_text(talk.proto), dport=talk.dport)


def _hits(found: Replay) -> Iterator[Line]:
    rules = [hit for hit in found.hits if hit.ref.rule != "policy"]
    yield [segment(say("replay.hits" if rules else "replay.hits.none"), "head")]
    for hit in rules:
        yield [segment(f"{_number(hit.packets):>9}  "), *ref_line(hit.ref)]


def _remarks(found: Replay) -> Iterator[Line]:
    yield []
    told = {"begun": _number(found.connections), "left": _number(found.alive)}
    yield [segment(say("replay.connections", **told), "dim")]
    for (dev, how), count in found.came.most_common(_PLACES):
        how_told = say(f"replay.came.{how}", count=_number(count))
        if dev:
            how_told = say("replay.came", count=_number(count), dev=dev, how=how_told)
        yield [segment(how_told, "note" if how == "route" else "dim")]
    for key, count in (
        ("confirmed", found.confirmed), ("given_up", found.forgotten), ("cut", found.cut),
        ("back", found.back_in_time),
    ):  # fmt: skip
        if count:
            yield [segment(say(f"replay.{key}", count=_number(count)), "dim")]
    for (why, what), count in found.left_out.most_common():
        told_why = say(f"replay.out.{why}", what=what)
        yield [segment(say("replay.left_out", count=_number(count), why=told_why), "note")]
    yield from ([segment(say("note.line") + note, "note")] for note in found.notes)
    if found.damage:
        yield [segment(say("replay.damage"), "bad")]
