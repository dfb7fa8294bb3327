"""Packets of connections that are known go the way that one like them went before.

The first packets of a connection are walked in full. A later one's way is remembered by its flow,
its connection's state and mark, and the facts that the rules on that way asked for beside
(fwsim.machine.reads): another packet of which the same is known goes the same way. Connection
tracking itself moves by every packet. What remembers being asked, or is not known, is walked each
time; so is whatever is no whole TCP or UDP header behind a plain IPv4 header in Ethernet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwsim.machine.connection import CONFIRMED, Connection, Found
from fwsim.machine.l4 import Arrival
from fwsim.machine.reads import Reads
from fwsim.machine.response import Start
from fwsim.machine.tcp_window import Segment
from fwsim.machine.tuples import Tuple, tuple_of
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import TCP, UDP, Packet
from fwsim.model.tuples import NamedTuple
from fwsim.questions.replay.frames import Frame, Interface
from fwsim.questions.replay.seen import Cell
from fwsim.questions.replay.summary import talk_of

if TYPE_CHECKING:
    from fwsim.machine.passage import Passage
    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Counted, Leg
    from fwsim.questions.replay.summary import End, Replay, Talk

_MOST_FLOWS = 1 << 15
_FLAGGED = TCP_FLAGS["SYN"] | TCP_FLAGS["FIN"]
_SYN, _FIN = TCP_FLAGS["SYN"], TCP_FLAGS["FIN"]
_TCP = struct.Struct("!IIBBH")
_PLAIN = b"\x08\x00\x45"  # IPv4 without options behind Ethernet's addresses
_ETHERNET, _AT, _L4 = 1, 14, 34


class Way:
    """How packets went, and how many since they were last counted: `end` is where, `places` the
    counters that they moved, `cells` what is due to be seen of them. None longer than `longest` is
    known to go it."""

    __slots__ = ("cells", "count", "end", "longest", "octets", "places", "state")

    def __init__(
        self, end: End, state: str, places: Iterable[Counted], cells: list[Cell], longest: int
    ) -> None:
        self.end, self.state, self.places, self.cells = end, state, tuple(places), cells
        self.longest = longest
        self.count = self.octets = 0


class Coming(NamedTuple):
    """A packet on its way in, and the frame that showed it: as it was `shown` and as it came by
    `dev`, which `how` tells; `left`: it was seen as it left. `start` where it begins otherwise."""

    frame: Frame
    shown: Packet
    packet: Packet
    dev: str
    how: str
    left: bool = False
    start: Start | None = None


class Flow:
    """Packets that are seen alike: in the same direction of a connection, by the same device.
    `left`: seen as they leave, when `shows` may be due. `packet` is one of them, as it came, by
    `came`; `talks` who speaks to whom in it, and as it was seen."""

    __slots__ = (
        "asked", "came", "connection", "left", "packet", "reply", "shows", "talks", "ways",
    )  # fmt: skip

    def __init__(self, left: bool, shows: Tuple | None) -> None:
        self.left, self.shows = left, shows
        self.connection: Connection | None = None
        self.packet: Packet | None = None
        self.reply = False
        self.asked: frozenset[str] = frozenset()
        self.ways: dict[tuple[object, ...], Way] = {}
        self.came = "", ""
        self.talks: tuple[Talk, Talk] | None = None


class Flows:
    """What is remembered of a capture's flows, for one host."""

    def __init__(self, simulation: Simulation, replay: Replay) -> None:
        self._simulation, self._replay = simulation, replay
        host = simulation.world.namespaces[simulation.world.host]
        self._state = simulation.states[host.name]
        self._tracker = self._state.conntrack
        self._reads = Reads(host.rulesets)
        self._flows: dict[bytes, Flow] = {}
        self._interface: Interface | None = None
        self._interfaces: set[Interface] = set()
        self._shown: dict[Tuple | None, list[Flow]] = {}

    # -- what is known

    def of(self, frame: Frame) -> Flow | None:
        """The flow of a frame, if it is known and the frame is a plain one."""
        if frame.interface is not self._interface:
            return None
        data = frame.data
        flow = self._flows.get(data[:16] + data[22:24] + data[26:38])
        odd = frame.direction or data[20] & 0x3F or data[21]
        return None if odd else flow

    def flow(self, frame: Frame, left: bool, shows: Tuple | None) -> Flow | None:
        """The flow of a frame, made if it is new; None for a frame that is no plain one, and where
        several interfaces may show the same packet."""
        data = frame.data
        self._interfaces.add(frame.interface)
        self._interface = frame.interface if len(self._interfaces) == 1 else None
        plain = frame.interface.link == _ETHERNET and data[12:15] == _PLAIN
        odd = frame.direction or len(data) < _L4 + 8 or data[20] & 0x3F or data[21]
        if not plain or odd or data[23] not in (TCP, UDP) or self._interface is None:
            return None
        key = data[:16] + data[22:24] + data[26:38]
        if key not in self._flows:
            if len(self._flows) >= _MOST_FLOWS:
                self.forget()
            flow = self._flows[key] = Flow(left, shows)
            self._shown.setdefault(shows, []).append(flow)
        return self._flows[key]

    def begun(self, connection: Connection | None) -> None:
        """A connection has begun: packets that show its answers, as they are once translated back,
        may be of it from now on."""
        answer = connection.original.inverted() if connection else None
        if connection and connection.reply != answer:
            for flow in self._shown.get(answer, ()):
                flow.connection = None

    def go(self, flow: Flow, frame: Frame) -> Way | None:
        """Let a packet go the way that is known for it; None, and nothing has changed, if none
        is."""
        connection, packet, data = flow.connection, flow.packet, frame.data
        now = self._simulation.now
        if connection is None or packet is None or connection.gone or connection.expires <= now:
            return None
        octets = data[16] << 8 | data[17]
        segment = None
        if data[23] == TCP:
            segment = _segment(data, octets)
            if segment is None:
                return None
        if octets < 28 or (octets > len(data) - _AT and frame.length == len(data)):
            return None
        kept = connection.__dict__.copy()
        here = Arrival(
            packet, connection, flow.reply, now, self._tracker.settings, bool(flow.came[0]), segment
        )
        found = self._tracker.advance(here, octets)
        if found is None:
            return None
        way = flow.ways.get(_known(flow.asked, connection, found, octets, segment))
        if way is None or octets > way.longest:
            self._undo(connection, kept)
            return None
        way.count += 1
        way.octets += octets
        return way

    def _undo(self, connection: Connection, kept: dict[str, object]) -> None:
        lost = connection.gone
        connection.__dict__.update(kept)
        if lost:
            self._tracker.restore(connection)

    # -- what is learnt

    def learn(
        self, coming: Coming, leg: Leg, passages: list[Passage], end: End, cells: list[Cell]
    ) -> None:
        """Remember the way that a packet went, if it is one that others may go."""
        found, asked = passages[0].buffer.found, self._asked(leg, passages)
        if found is None or asked is None:
            return
        flow = self.flow(coming.frame, coming.left, tuple_of(coming.shown))
        connection = found.connection or (flow.connection if flow else None)
        if flow is None or connection is None or not _is_plain(connection):
            return
        self._count(flow)
        if not asked <= flow.asked or flow.connection is not connection:
            flow.ways.clear()
            flow.asked |= asked
        flow.connection, flow.packet, flow.came = connection, leg.packet, (coming.dev, coming.how)
        flow.talks = talk_of(coming.packet), talk_of(coming.shown)
        flow.reply = found.reply if found.connection else flow.reply
        octets = leg.packet.length
        key = _known(flow.asked, connection, found, octets, Segment.of(leg.packet))
        known = flow.ways.get(key)
        longest = max(octets, known.longest) if known else octets
        if coming.dev:  # what is passed on may be cut in pieces
            longest = 0xFFFF
        flow.ways[key] = Way(end, leg.ctstate, (*leg.matched, *leg.policies), cells, longest)

    def _asked(self, leg: Leg, passages: list[Passage]) -> frozenset[str] | None:
        """What the way depended on; None if it is not to be remembered."""
        passage = passages[0]
        record = passage.record
        if len(passages) > 1 or leg.verdict not in ("ACCEPT", "DROP"):
            return None
        if leg.reason or passage.error or leg.by_chance or leg.depends_on:
            return None
        holding = sum(bool(v.rule and v.holds) for _, visits in record.tables for v in visits)
        if holding != len(record.matched):  # copies went ways of their own
            return None
        return self._reads.of(leg.packet.family, record.tables)

    def forget(self) -> None:
        """All of it; what was counted stays counted."""
        self.count()
        self._flows.clear()
        self._shown.clear()

    def count(self) -> None:
        """Move the counters by what has gone remembered ways since."""
        for flow in self._flows.values():
            self._count(flow)

    def _count(self, flow: Flow) -> None:
        replay, counters = self._replay, self._state.counters
        for way in flow.ways.values():
            count, octets = way.count, way.octets
            if not count:
                continue
            way.count = way.octets = 0
            replay.walked += count
            replay.came[flow.came] += count
            replay.states[way.state or "-"] += count
            way.end.count += count
            for place in way.places:
                packets, before = counters.get(place[1:], (0, 0))
                counters[place[1:]] = packets + count, before + octets


def _segment(data: bytes, octets: int) -> Segment | None:
    """A frame's TCP header; None if it is not all there."""
    if len(data) < _L4 + 20:
        return None
    seq, ack, words, flags, window = _TCP.unpack_from(data, _L4 + 4)
    end = _L4 + (words >> 4) * 4
    size = octets - (end - _AT)
    if end < _L4 + 20 or end > len(data) or size < 0:
        return None
    if flags & _FLAGGED:
        size += bool(flags & _SYN) + bool(flags & _FIN)
    return Segment(flags, seq, (seq + size) & 0xFFFFFFFF, ack, ack, window, data[_L4 + 20 : end])


def _known(
    asked: frozenset[str],
    connection: Connection,
    found: Found,
    octets: int,
    segment: Segment | None,
) -> tuple[object, ...]:
    """What ways are told apart by."""
    mark = connection.mark if found.connection else None
    if not asked:
        return found.state, mark
    there = found.connection
    facts = {
        "length": octets,
        "tcp_flags": segment.flags if segment else 0,
        "tcp_options": segment.options if segment else b"",
        "ct_status": there.status if there else 0,
        "ct_labels": there.labels if there else 0,
    }
    return found.state, mark, *(facts[name] for name in sorted(asked))


def _is_plain(connection: Connection) -> bool:
    known = connection.status & CONFIRMED and not connection.gone
    return bool(known) and not (connection.helper or connection.offsets or connection.known)
