"""The answer of `fwsim exposed`: a table, a row a door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.model.packet import proto_number
from fwsim.show.layout import Line, cells, one_line, segment
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.model.trace import Ref
    from fwsim.questions.exposed import Door, Exposed
    from fwsim.questions.folding import Fold

_FEW = 2
_NAMES = ("to", "door", "listens", "from", "rules")
_BELOW = 3  # from this column on, what makes a table too wide stands below
_WIDTH = 80
_WIDEST = (18, 30, 8, 18, 0)
_WIDER = (34, 34, 8)
_ANY_PORT = "0-65535"
_PROTOCOLS = ("tcp", "udp", "icmp")


def exposed_lines(found: Exposed) -> list[Line]:
    """What was asked, the table, what is not known."""
    asked = say("exposed.by", dev=found.in_) if found.in_ else say("exposed.all")
    lines: list[Line] = [[segment(found.title, "dim")], [segment(asked, "head")]]
    if found.doors:
        lines += _table(found.doors)
    else:
        lines.append([segment(say("exposed.none"), "good")])
    lines += [[segment(say("note.line") + note, "note")] for note in found.notes]
    lines += [[segment(text, "note")] for text in say("exposed.left_out").splitlines()]
    return lines


def _table(doors: tuple[Door, ...]) -> Iterator[Line]:
    head = tuple(say(f"exposed.{name}") for name in _NAMES)
    families = len({door.family for door in doors}) > 1
    rows = [head, *map(_cells, doors)]
    shown = [n for n in range(len(_NAMES)) if any(row[n] for row in rows[1:])]
    texts = _beside(rows, shown, _WIDEST)
    if max(map(cells, texts)) > _WIDTH:
        texts = _beside(rows, [n for n in shown if n < _BELOW], _WIDER)
    else:
        rows = []
    for number, text in enumerate(texts):
        door = doors[number - 1] if number else None
        new = door and (number == 1 or door.family != doors[number - 2].family)
        if door and new and families:
            yield [segment(say("exposed.family", family=door.family), "head")]
        style = "head" if door is None else "dim" if door.listens is False else ""
        yield [segment(text, style)]
        if door and rows:
            under = say("exposed.under", source=rows[number][_BELOW], rules=rows[number][-1])
            yield [segment(under, "dim")]


def _beside(rows: list[tuple[str, ...]], shown: list[int], widest: tuple[int, ...]) -> list[str]:
    """These cells of each row in columns."""
    widths = [min(max(cells(row[n]) for row in rows), widest[n]) for n in shown]
    padded = (
        (row[n] + " " * (wide - cells(row[n])) for n, wide in zip(shown, widths, strict=True))
        for row in rows
    )
    return ["  ".join(columns).rstrip() for columns in padded]


def _cells(door: Door) -> tuple[str, ...]:
    by = say("semicolon").join(map(_rule, door.by[:_FEW])) or say("exposed.no_rule")
    if len(door.by) > _FEW:
        by = say("fold.more", shown=by, more=len(door.by) - _FEW)
    waits = "" if door.listens is None else say(f"exposed.{'yes' if door.listens else 'no'}")
    row = (_fold(door.to), _door(door), waits, _fold(door.source), by)
    return tuple(one_line(cell) for cell in row)


def _rule(ref: Ref) -> str:
    rule = say("diff.policy") if ref.rule == "policy" else ref.rule
    return f"{'' if ref.table == 'filter' else ref.table + ' '}{ref.chain} {rule}"


def _door(door: Door) -> str:
    proto = _protocols(door.proto)
    ports = ""
    if door.dport and door.dport != (_ANY_PORT,):
        ports = _ports(door.dport)
    text = say("exposed.ports", proto=proto, ports=ports).rstrip()
    becomes = door.becomes or {}
    if becomes:
        to = (str(becomes[name]) for name in ("dst", "dport") if name in becomes)
        text = say("exposed.becomes", door=text, to=":".join(to))
    if door.depends_on:
        text = f"{text} ({say('exposed.perhaps', what=door.depends_on[0])})"
    return text


def _protocols(protos: tuple[str, ...]) -> str:
    if not protos:
        return say("exposed.any")
    if len(protos) <= 3 and not any("-" in p for p in protos):
        return "/".join(protos)
    others = [name for name in _PROTOCOLS if not any(_holds(p, name) for p in protos)]
    named = [name for name in _PROTOCOLS if name not in others]
    if len(others) < len(_PROTOCOLS):
        return say("exposed.protocols", what="/".join(others)) if others else say("exposed.many")
    return "/".join([*named, *protos[:_FEW]])


def _holds(told: str, name: str) -> bool:
    """A protocol, or a span of their numbers, is or has the one of that name."""
    low, _, high = told.partition("-")
    if low.isdecimal() and (high or low).isdecimal():
        return int(low) <= proto_number(name) <= int(high or low)
    return told == name


def _ports(ports: tuple[str, ...]) -> str:
    if len(ports) <= 3:
        return ",".join(ports)
    spans = (port.partition("-")[::2] for port in ports)
    count = sum(int(high or low) - int(low) + 1 for low, high in spans)
    return say("exposed.many_ports", count=count)


def _fold(fold: Fold) -> str:
    texts = _few(fold.texts)
    text = texts if fold.kind == "these" else say(f"fold.{fold.kind}", what=texts)
    if not fold.devices:
        return text
    return say("fold.by", source=text, dev=_few(fold.devices))


def _few(texts: tuple[str, ...]) -> str:
    """As many as fit the table, and how many more there are."""
    for shown in range(min(len(texts), _FEW), 1, -1):
        joined = say("or").join(texts[:shown])
        if shown == len(texts) and len(joined) <= _WIDEST[0]:
            return joined
    more = len(texts) - 1
    return say("fold.more", shown=texts[0], more=more) if more > 0 else "".join(texts)
