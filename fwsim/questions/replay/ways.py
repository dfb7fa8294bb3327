"""Ways that packets went, remembered for others of which the same is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwsim.machine.connection import CONFIRMED, NEW, Connection, Found
from fwsim.machine.tcp_window import Segment
from fwsim.machine.tuples import Tuple, tuple_of

if TYPE_CHECKING:
    from fwsim.machine.passage import Passage
    from fwsim.machine.reads import Reads
    from fwsim.model.actions import NatRange
    from fwsim.model.packet import Packet
    from fwsim.model.trace import Counted, Leg
    from fwsim.questions.replay.summary import End

_ANY_LENGTH = 0xFFFF
_VARIED = frozenset({"length", "tcp_flags", "tcp_options"})


class Way:
    """How packets went, and how many since they were last counted: `end` is where, `places` the
    counters that they moved, `emits` how often they were put out. None longer than `longest` is
    known to go it. Of a connection's first packet, `bindings` is what NAT decided, with
    `masqueraded` as its connection has it, and `confirms` whether the connection began."""

    __slots__ = (
        "bindings", "came", "confirms", "count", "emits", "end", "longest", "masqueraded", "octets",
        "places", "state",
    )  # fmt: skip

    def __init__(self, end: End, leg: Leg, came: tuple[str, str], longest: int) -> None:
        self.end, self.state, self.came, self.longest = end, leg.ctstate, came, longest
        self.places: tuple[Counted, ...] = (*leg.matched, *leg.policies)
        self.emits = len(leg.emitted)
        self.bindings: tuple[tuple[bool, NatRange | None], ...] = ()
        self.masqueraded, self.confirms = "", False
        self.count = self.octets = 0


class Ways:
    """Those of packets between the same ends. `asked` are the facts that they are told apart by
    (fwsim.machine.reads); `varied`: packets of one flow may differ in them."""

    __slots__ = ("asked", "known", "order", "varied")

    def __init__(self) -> None:
        self.varied = False
        self.asked: frozenset[str] = frozenset()
        self.order: tuple[str, ...] = ()
        self.known: dict[tuple[object, ...], Way] = {}

    def find(
        self, found: Found, came: Tuple, octets: int, segment: Segment | None, mark: int
    ) -> Way | None:
        """The way of a packet, if it is known, which showed that tuple as it came."""
        if not self.order:
            return self.known.get((found.state, mark))
        facts = _facts(self.order, found, came, octets, segment)
        return self.known.get((found.state, mark, *facts))

    def learn(
        self, way: Way, asked: Iterable[str], found: Found, packet: Packet, mark: int
    ) -> list[Way]:
        """Remember a way, which depended on that; those are returned that are forgotten for it."""
        gone: list[Way] = []
        if not self.asked.issuperset(asked):
            gone = list(self.known.values())
            self.known.clear()
            self.asked |= frozenset(asked)
            self.order = tuple(sorted(self.asked))
            self.varied = not _VARIED.isdisjoint(self.asked)
        came = tuple_of(packet)
        assert came is not None
        facts = _facts(self.order, found, came, packet.length, Segment.of(packet))
        key = found.state, mark, *facts
        known = self.known.get(key)
        if known:
            way.longest = max(way.longest, known.longest)
            gone.append(known)
        self.known[key] = way
        return gone


def _facts(
    order: tuple[str, ...], found: Found, came: Tuple, octets: int, segment: Segment | None
) -> list[object]:
    there = found.connection
    facts: dict[str, object] = {
        "length": octets,
        "tcp_flags": segment.flags if segment else 0,
        "tcp_options": segment.options if segment else b"",
        "ct_status": there.status if there else 0,
        "ct_labels": there.labels if there else 0,
        "ports": (*came[4:], *(there.reply[4:] if there else ())),
    }
    return [facts[name] for name in order]


def learnt(
    reads: Reads, leg: Leg, passages: list[Passage], connection: Connection, first: bool
) -> frozenset[str] | None:
    """What a packet's way depended on; None if it is not to be remembered. `first`: its connection
    began with it."""
    passage, found = passages[0], passages[0].buffer.found
    record = passage.record
    if len(passages) > 1 or leg.verdict not in ("ACCEPT", "DROP") or found is None:
        return None
    if leg.reason or passage.error or leg.by_chance or leg.depends_on:
        return None
    if connection.helper or connection.offsets or connection.known or connection.foreseen:
        return None
    if first and (found.state != NEW or connection.mark or connection.labels):
        return None
    if any(not source and not _is_one(chosen) for source, chosen in record.bindings):
        return None
    leaves = connection.tuple(not found.reply).inverted()
    if any(tuple_of(sent.packet) != leaves for sent in leg.emitted):
        return None
    holding = sum(bool(v.rule and v.holds) for _, visits in record.tables for v in visits)
    if holding != len(record.matched):  # copies went ways of their own
        return None
    return reads.of(leg.packet.family, record.tables, first=first)


def _is_one(chosen: NatRange | None) -> bool:
    """It leaves no choice of whom the packet is for."""
    if chosen is None:
        return True
    spans = (chosen.addresses, chosen.ports)
    return all(span is None or span[0] == span[1] for span in spans)


def longest_of(leg: Leg, dev: str) -> int:
    """How long another packet may be to go the same way: what is passed on may be cut in pieces,
    what the host sends may not."""
    return _ANY_LENGTH if dev else leg.packet.length


def is_known(connection: Connection | None) -> bool:
    """It is in the table."""
    return connection is not None and bool(connection.status & CONFIRMED) and not connection.gone
