"""The picture of an exchange as text: a sequence diagram in Mermaid's language, to be put into
Markdown. Whatever might mean something in that language is written as a character's number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwsim.show.layout import one_line
from fwsim.show.path import Lane, Path, Visit

_MEANS = re.compile(r"[^\w .,()/+=→✓✗…'!|-]|\bend\b", re.I)
_ARROWS = {True: ("->>", "-x"), False: ("-->>", "--x")}


def mermaid(path: Path) -> str:
    """The diagram."""
    return "\n".join(_lines(path))


def _lines(path: Path) -> Iterator[str]:
    yield "sequenceDiagram"
    yield f"  accTitle: {escaped(path.label)}"
    for number, host in enumerate(path.hosts):
        yield f"  participant h{number} as {escaped(host)}"
    for lane in path.lanes:
        yield from _lane(lane)


def _lane(lane: Lane) -> Iterator[str]:
    before: Visit | None = None
    for visit in lane.visits:
        if before is not None:
            arrow = _ARROWS[lane.onward][visit.end not in ("", "good")]
            text = " ".join(filter(None, (lane.title, _devices(before, visit))))
            yield f"  h{before.column}{arrow}h{visit.column}: {escaped(text)}"
        if visit.said:
            said = "<br/>".join(escaped(text) for text, _ in visit.said)
            yield f"  Note over h{visit.column}: {said}"
        before = visit


def _devices(before: Visit, visit: Visit) -> str:
    return " → ".join(filter(None, (before.leave, visit.enter)))


def escaped(text: str) -> str:
    """The text, without anything that Mermaid reads otherwise."""
    return _MEANS.sub(lambda m: f"#{ord(m[0][0])};{m[0][1:]}", one_line(text))
