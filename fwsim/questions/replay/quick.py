"""Packets whose way is known go it without a walk: the connection moves, NAT decides, counters
count, by the one implementation of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine import nat
from fwsim.machine.chance import Chance
from fwsim.machine.connection import NEW, Connection
from fwsim.machine.conntrack import Conntrack, Told
from fwsim.machine.l4 import Arrival
from fwsim.machine.simulate import Simulation
from fwsim.machine.tcp_window import Segment
from fwsim.machine.tuples import Tuple
from fwsim.model.packet import TCP
from fwsim.questions.replay.flow import Flow, as_it_came
from fwsim.questions.replay.flows import Flows
from fwsim.questions.replay.placing import Places
from fwsim.questions.replay.seen import Seen
from fwsim.questions.replay.summary import Replay, Talk
from fwsim.questions.replay.ways import Way

if TYPE_CHECKING:
    from fwsim.questions.replay.heads import Heads

_new = tuple.__new__  # a record without its constructor's call, for what many packets make


class Quick:
    """Packets one by one, for one host."""

    def __init__(
        self, simulation: Simulation, replay: Replay, places: Places, flows: Flows, seen: Seen
    ) -> None:
        self._simulation, self._replay, self._places = simulation, replay, places
        self._flows, self._seen = flows, seen
        self._tracker: Conntrack = simulation.states[simulation.world.host].conntrack
        self._settings = self._tracker.settings

    def take(self, heads: Heads, row: int) -> bool:
        """Let a frame's packet go the way that is known for it. False, and nothing has changed, if
        none is."""
        if not heads.whole[row]:
            return False
        key = heads.keys[heads.flows[row]]
        flow = self._flows.known.get(key)
        if flow is None:
            kin = self._flows.kin(key)
            if kin is None:
                return False
            flow = self._flows.flow(key, kin.placed.part == "left")
        if flow.left:
            if self._seen.is_due(flow.shows):
                self._replay.confirmed += 1
                self._replay.cut += heads.cut_of(row, row + 1)
                return True
            if self._seen.is_answer(flow.shows):
                return False
        connection = flow.connection
        now = self._simulation.now
        lost = connection is None or connection.gone or connection.expires <= now
        if lost and not self._join(flow, key):
            return False
        segment = heads.segment(row) if flow.shows.proto == TCP else None
        octets = heads.octets[row]
        way = (self._go if flow.connection else self._begin)(flow, key, octets, segment)
        if way is None:
            return False
        self._replay.cut += heads.cut_of(row, row + 1)
        self._went(flow, way)
        return True

    def _join(self, flow: Flow, key: bytes) -> bool:
        """Place a packet of a flow as those like it, and find its connection."""
        kin = self._flows.kin(key)
        if kin is None:
            return False
        placed, shows = kin.placed, flow.shows
        back, how, came = placed.dev, placed.how, shows
        if flow.left or how == "route":
            came = as_it_came(self._tracker, shows, self._simulation.now)
        if flow.left:
            back = placed.back if came is shows else self._places.way_back(came.family, came.src)
            how = "route" if back else "sent"
        self._flows.join(flow, key, came, (back, how))
        flow.packet = kin.packet
        return True

    def _arrival(
        self, flow: Flow, connection: Connection, reply: bool, segment: Segment | None
    ) -> Arrival:
        now, outside = self._simulation.now, bool(flow.by[0])
        assert flow.packet is not None
        told = flow.packet, connection, reply, now, self._settings, outside, segment
        return _new(Arrival, told)

    def _go(self, flow: Flow, _: bytes, octets: int, segment: Segment | None) -> Way | None:
        """One of a known connection."""
        connection, ways = flow.connection, flow.ways
        if connection is None or ways is None or not ways.known:
            return None
        kept = connection.__dict__.copy()
        here = self._arrival(flow, connection, flow.reply, segment)
        found = self._tracker.advance(here, octets)
        if found is None:
            return None
        way = ways.find(found, flow.came, octets, segment, connection.mark)
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

    def _begin(self, flow: Flow, key: bytes, octets: int, segment: Segment | None) -> Way | None:
        """The first one of a connection."""
        tracker, answer, now = self._tracker, flow.came.inverted(), self._simulation.now
        if flow.ways is None or not flow.ways.known or answer is None:
            return None
        if tracker.expected.there or self._settings.helping:
            return None
        connection, _ = tracker.open(flow.came, answer, Told(), now)
        found = tracker.advance(self._arrival(flow, connection, False, segment), octets)
        if found is None or found.state != NEW or found.connection is None:
            return None
        way = flow.ways.find(found, flow.came, octets, segment, 0)
        if way is None or octets > way.longest:
            return None
        if way.confirms:
            self._bind(connection, way)
            if not tracker.confirm(connection, now):
                return None
        way.count += 1
        way.octets += octets
        if way.confirms:
            self._flows.begun(connection)
            flow.connection, flow.reply = connection, False
            flow.ways = self._flows.between(flow, key)
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

    def _went(self, flow: Flow, way: Way) -> None:
        """What comes of a packet that has gone a known way."""
        self._simulation.seed += 1  # as every walk does
        if way.emits and not flow.left:
            if flow.cell is None:
                connection = flow.connection
                key = connection.tuple(not flow.reply).inverted() if connection else None
                flow.cell = self._seen.expect([key] * way.emits)[0]
            else:
                self._seen.again(flow.cell, way.emits)
        if way.end.verdict != "ACCEPT":
            way.end.talks.add(_talk(flow.came))
            if flow.left and flow.by[0]:
                self._replay.against.add(_talk(flow.shows))


def _talk(key: Tuple) -> Talk:
    return Talk(key.family, key.src, key.dst, key.proto, key.dport)
