"""Packets between the same ends go the way that one like them went before.

A way is remembered by where a packet goes between, by its connection's state and mark, and by the
facts that the rules on that way asked for beside (fwsim.machine.reads): another packet of which the
same is known goes the same way, and moves the same counters. Connection tracking moves by every
packet, NAT decides for every connection, by the one implementation of each. What remembers being
asked, or is not known, is walked each time; so is whatever is no whole TCP or UDP header behind a
plain IPv4 header in Ethernet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine import nat
from fwsim.machine.chance import Chance
from fwsim.machine.connection import NEW, Connection
from fwsim.machine.conntrack import Told
from fwsim.machine.l4 import Arrival
from fwsim.machine.reads import Reads
from fwsim.machine.tcp_window import Segment
from fwsim.machine.tuples import Tuple, tuple_of
from fwsim.model.packet import TCP, UDP
from fwsim.questions.replay.flow import Coming, Flow, segment_of
from fwsim.questions.replay.frames import Frame, Interface
from fwsim.questions.replay.summary import talk_of
from fwsim.questions.replay.ways import Way, Ways, is_known, learnt, longest_of

if TYPE_CHECKING:
    from fwsim.machine.passage import Passage
    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Leg
    from fwsim.questions.replay.summary import End, Replay

_new = tuple.__new__  # a record without its constructor's call, for what every packet makes
_MOST = 1 << 15  # flows, and ends between which there are ways
_PLAIN = b"\x08\x00\x45"  # IPv4 without options behind Ethernet's addresses
_ETHERNET, _AT, _L4 = 1, 14, 34


class Flows:
    """What is remembered of a capture's flows, for one host."""

    def __init__(self, simulation: Simulation, replay: Replay) -> None:
        self._simulation, self._replay = simulation, replay
        host = simulation.world.namespaces[simulation.world.host]
        self._state = simulation.states[host.name]
        self._tracker = self._state.conntrack
        self._reads = Reads(host.rulesets)
        self._by_ports = frozenset() if host.plain_rules(4) else frozenset({"ports"})
        self._flows: dict[bytes, Flow] = {}
        self._shown: dict[Tuple | None, list[Flow]] = {}
        self._ways: dict[tuple[object, ...], Ways] = {}
        self._interface: Interface | None = None
        self._interfaces: set[Interface] = set()

    # -- flows

    def of(self, frame: Frame) -> Flow | None:
        """The flow of a frame, if it is known and the frame is a plain one."""
        if frame.interface is not self._interface:
            return None
        data = frame.data
        flow = self._flows.get(data[:16] + data[22:24] + data[26:38])
        odd = frame.direction or data[20] & 0x3F or data[21] if flow else True
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
            if len(self._flows) >= _MOST:
                self.forget()
            flow = self._flows[key] = Flow(left, shows)
            self._shown.setdefault(shows, []).append(flow)
        return self._flows[key]

    def enter(self, coming: Coming) -> Flow | None:
        """The flow of a packet on its way in, with the connection that the packet is of."""
        flow = self.flow(coming.frame, coming.left, tuple_of(coming.shown))
        key = tuple_of(coming.packet)
        if flow is None or key is None or coming.start or coming.packet.truncated:
            return None
        flow.packet, flow.came, flow.cell = coming.packet, (coming.dev, coming.how), None
        flow.talks = talk_of(coming.packet), talk_of(coming.shown)
        found = self._tracker.lookup(key, self._simulation.now)
        flow.connection, flow.reply = found or (None, False)
        flow.ways = self._between(coming, flow)
        return flow

    def _between(self, coming: Coming, flow: Flow) -> Ways:
        """The ways between its ends; of connections that begin apart from others."""
        data, packet, connection = coming.frame.data, coming.packet, flow.connection
        ends: tuple[object, ...] = ()
        if connection is not None:
            original, reply = connection.original, connection.reply
            ends = (
                flow.reply, *original[1:3], *reply[1:3], original[4:] == reply[5:3:-1],
                connection.zone, connection.masqueraded, connection.set_up,
            )  # fmt: skip
        key = (data[:16] + data[22:24], packet.src, packet.dst, coming.dev, coming.how, coming.left)
        return self._ways_of((*key, *ends))

    def _ways_of(self, key: tuple[object, ...]) -> Ways:
        if key not in self._ways:
            if len(self._ways) >= _MOST:
                self.forget()
            self._ways[key] = Ways()
        return self._ways[key]

    def begun(self, connection: Connection | None) -> None:
        """A connection has begun: packets that show its answers, as they are once translated back,
        may be of it from now on."""
        answer = connection.original.inverted() if connection else None
        if connection and connection.reply != answer:
            for flow in self._shown.get(answer, ()):
                flow.connection = None

    # -- what is known

    def go(self, flow: Flow, frame: Frame) -> Way | None:
        """Let a packet of a known connection go the way that is known for it; None, and nothing has
        changed, if none is."""
        connection, packet, data = flow.connection, flow.packet, frame.data
        now = self._simulation.now
        if connection is None or connection.gone or connection.expires <= now:
            return None
        octets = data[16] << 8 | data[17]
        segment = segment_of(data, octets) if data[23] == TCP else None
        short = octets > len(data) - _AT and frame.length == len(data)
        if packet is None or flow.ways is None or octets < 28 or short:
            return None
        if segment is None and data[23] == TCP:
            return None
        kept = connection.__dict__.copy()
        settings, outside = self._tracker.settings, bool(flow.came[0])
        here = _new(
            Arrival, (packet, connection, flow.reply, now, settings, outside, segment)
        )  # fmt: skip
        found = self._tracker.advance(here, octets)
        if found is None:
            return None
        way = flow.ways.find(found, packet, octets, segment, connection.mark)
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

    def begin(self, flow: Flow, coming: Coming) -> Way | None:
        """Let the first packet of a connection go the way that is known for it, as `go`."""
        tracker, packet, now = self._tracker, flow.packet, self._simulation.now
        if packet is None or flow.ways is None or not flow.ways.known:
            return None
        if tracker.expected.there or tracker.settings.helping:
            return None
        found = tracker.track(packet, now, Told(outside=bool(flow.came[0])))
        connection = found.connection
        if connection is None or found.state != NEW:
            return None
        way = flow.ways.find(found, packet, packet.length, Segment.of(packet), 0)
        if way is None or packet.length > way.longest:
            return None
        if way.confirms:
            self._bind(connection, way)
            if not tracker.confirm(connection, now):
                return None
            self.begun(connection)
            flow.connection = connection
            flow.ways = self._between(coming, flow)
        way.count += 1
        way.octets += packet.length
        return way

    def _bind(self, connection: Connection, way: Way) -> None:
        simulation, now = self._simulation, self._simulation.now
        chance = Chance(f"{simulation.given.seed} {simulation.seed + 1}")  # as the walk has it
        for source, chosen in way.bindings:
            if chosen is None:
                nat.bind_nothing(self._tracker, connection, source, now, chance)
            else:
                nat.bind(self._tracker, connection, source, chosen, now=now, chance=chance)
        connection.masqueraded = way.masqueraded

    # -- what is learnt

    def learn(
        self, flow: Flow, leg: Leg, passages: list[Passage], end: End, *, began: bool
    ) -> None:
        """Remember the way that a packet went, if it is one that others may go. `began`: its
        connection has, with it."""
        record, found = passages[0].record, passages[0].buffer.found
        first = flow.connection is None
        connection = found.connection if found and found.connection else flow.connection
        if found is None or connection is None or flow.ways is None:
            return
        if began != (first and is_known(connection)) or (not first and not is_known(connection)):
            return
        asked = learnt(self._reads, leg, passages, connection, first)
        if asked is None:
            return
        way = Way(end, leg, flow.came, longest_of(leg, flow.came[0]))
        if first:
            way.bindings, way.confirms = tuple(record.bindings), began
            way.masqueraded = connection.masqueraded
        mark = connection.mark
        gone = flow.ways.learn(way, asked | self._by_ports, found, leg.packet, mark)
        for forgotten in gone:
            self._count(forgotten)

    def forget(self) -> None:
        """All of it; what was counted stays counted."""
        self.count()
        self._flows.clear()
        self._shown.clear()
        self._ways.clear()

    def count(self) -> None:
        """Move the counters by what has gone remembered ways since."""
        for ways in self._ways.values():
            for way in ways.known.values():
                self._count(way)

    def _count(self, way: Way) -> None:
        replay, counters = self._replay, self._state.counters
        count, octets = way.count, way.octets
        if not count:
            return
        way.count = way.octets = 0
        replay.walked += count
        replay.came[way.came] += count
        replay.states[way.state or "-"] += count
        way.end.count += count
        for place in way.places:
            packets, before = counters.get(place[1:], (0, 0))
            counters[place[1:]] = packets + count, before + octets
