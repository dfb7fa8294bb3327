"""The explanation of an exchange, in a dozen lines: where the packet went, what decided, why the
nearest rules missed it, and what would help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fwsim.machine.naming import owner
from fwsim.machine.world import World
from fwsim.model.names import proto_text
from fwsim.model.packet import ICMP_ECHO, Packet
from fwsim.model.trace import Exchange, Leg
from fwsim.questions.nearest import Near, stopped
from fwsim.show.branches import branch_lines, endings, outcome_key
from fwsim.show.hosts import Teller
from fwsim.show.layout import Header, Line, Row, lay_out, plain, segment
from fwsim.show.rules import Decision
from fwsim.show.words import knows, say

_WITH_PORT = frozenset({"listener_assumed", "nobody_listens"})
__all__ = ["plain", "story"]

_MARKS = {"✓": "good", "✗": "bad", "?": "unsure"}


def story(
    world: World,
    exchange: Exchange,
    help_: Any,
    *,
    remarks: Iterable[tuple[str, str]] = (),
    verbose: bool = False,
) -> list[Line]:
    """The lines that tell an exchange. `help_` are the nearest rules and what would help, of
    fwsim.questions.repair, or None; `remarks` are more notes, by kind and subject; `verbose` tells
    every hook and rule with its reasons."""
    items: list[Row | Header | Line] = [[segment(world.title)]]
    items += [_note(text) for text in (*world.damage, *world.notes)]
    items += [headline(world, exchange), []]
    teller = Teller(world, decision(exchange), verbose)
    for leg in exchange.legs:
        state = say("ctstate", state=leg.ctstate) if leg.ctstate else ""
        items.append(Header(say(f"direction.{leg.direction}"), state))
        items += teller.leg(leg)
    items += [_note(text) for text in notes(exchange, remarks)]
    items += branch_lines(exchange)
    if help_ is not None:
        items += _help(exchange, help_)
    return lay_out(items)


def _note(text: str) -> Line:
    return [segment(say("note.line") + text, "dim")]


# -- the headline ----------------------------------------------------------------------------------


def headline(world: World, exchange: Exchange) -> Line:
    """Who asked whom what, and what came of it."""
    first = exchange.legs[0]
    packet = first.packet
    asked = say(
        "asked",
        source=_who(world, first, packet.src),
        destination=_named(owner(world, packet.family, packet.dst), packet, packet.dst),
        what=_what(packet),
    )
    outcome = say(f"outcome.{outcome_key(exchange)}")
    line = [segment(asked, "head"), segment(outcome, _MARKS[outcome[0]])]
    return [*line, *(segment(say("gap") + text) for text in endings(exchange))]


def _who(world: World, leg: Leg, address: int) -> str:
    from_outside = any(step.kind == "enter" for step in leg.hops[0].children[:1])
    name = owner(world, leg.packet.family, address) if from_outside else leg.source
    return _named(name, leg.packet, address)


def _named(name: str | None, packet: Packet, address: int) -> str:
    return f"{name} {packet.text(address)}" if name else packet.text(address)


def _what(packet: Packet) -> str:
    proto = proto_text(packet.proto)
    if packet.is_icmp:
        key = "what.echo" if packet.icmp_type == ICMP_ECHO[packet.family][0] else "what.type"
        return say(key, proto=proto, type=packet.icmp_type, code=packet.icmp_code)
    return say("what.port" if packet.has_ports else "what.proto", proto=proto, port=packet.dport)


def decision(exchange: Exchange) -> Decision:
    """What is to be marked as what decided."""
    if exchange.verdict == "ACCEPT":
        return Decision(None, "")
    words = say("undecided" if exchange.verdict == "UNKNOWN" else "decided")
    return Decision(exchange.decided_by, words)


def notes(exchange: Exchange, remarks: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What was assumed, and what is not known."""
    arrived = exchange.legs[0].arrived or exchange.legs[0].packet
    where = arrived.text(arrived.dst)
    for note in exchange.notes:
        key = f"note.{note}"
        place = f"{where} {_what(arrived)}" if note in _WITH_PORT else where
        yield say(key, where=place) if knows(key) else say("note", what=note)
    for leg in exchange.legs:
        for what in dict.fromkeys(leg.depends_on):
            yield say("note.depends", what=what)
        for what in dict.fromkeys(leg.by_chance):
            yield say("note.chance", what=what)
    for kind, what in remarks:
        yield say(f"note.{kind}", what=what)


# -- help ------------------------------------------------------------------------------------------


def _help(exchange: Exchange, help_: Any) -> Iterator[Line]:
    if help_.nearest:
        yield from _nearest(exchange, help_.nearest)
    if help_.commands:
        yield [segment(help_title(exchange, help_), "head")]
        for command in help_.commands:
            yield [("  ", "pad"), segment(command, "command")]


def _nearest(exchange: Exchange, nearest: Sequence[Near]) -> Iterator[Line]:
    of = _one_chain(nearest)
    yield [segment(nearest_title(exchange, nearest), "head")]
    names = [str(n.ref.rule) if of else f"{n.ref.chain} {n.ref.rule}" for n in nearest]
    wide, texts = max(map(len, names)), max(len(near.ref.text) for near in nearest)
    for name, near in zip(names, nearest, strict=True):
        yield [
            ("  ", "pad"), segment(f"{name:<{wide}}", "number"), ("  ", "pad"),
            segment(near.ref.text, "rule"), (" " * (texts - len(near.ref.text) + 3), "pad"),
            segment(say("semicolon").join(near.missed), "why"),
        ]  # fmt: skip


def nearest_title(exchange: Exchange, nearest: Sequence[Near]) -> str:
    """Of which chain and of which packet the nearest rules are."""
    leg, of = stopped(exchange) or exchange.legs[-1], _one_chain(nearest)
    direction = say(f"direction.{leg.direction}")
    return say("nearest.of" if of else "nearest", chain=of, direction=direction)


def _one_chain(nearest: Sequence[Near]) -> str:
    chains = {near.ref.chain for near in nearest}
    return "".join(chains) if len(chains) == 1 else ""


def help_title(exchange: Exchange, help_: Any) -> str:
    """What the commands would come to."""
    return say("would_help", outcome=_tried(exchange, help_.outcome))


def _tried(exchange: Exchange, outcome: str) -> str:
    packet = exchange.legs[0].packet
    ping = packet.is_icmp and packet.icmp_type == ICMP_ECHO[packet.family][0]
    what = say("tried.ping" if ping else "tried.request")
    return say("tried.answered", what=what) if outcome == "answered" else say("tried", what=outcome)
