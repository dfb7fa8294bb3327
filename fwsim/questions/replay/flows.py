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

from fwsim.machine.connection import ESTABLISHED, Connection, Found
from fwsim.machine.reads import Reads
from fwsim.machine.tuples import Tuple, tuple_of
from fwsim.model.actions import Template
from fwsim.questions.replay.flow import Coming, Flow, Kin, kin_of, shown
from fwsim.questions.replay.frames import Interface
from fwsim.questions.replay.ways import Way, Ways, is_known, learnt, longest_of

if TYPE_CHECKING:
    from fwsim.language.ruleset import Ruleset
    from fwsim.machine.passage import Passage
    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Leg
    from fwsim.questions.replay.summary import End, Replay

_new = tuple.__new__  # a record without its constructor's call, for what every packet makes
_MOST = 1 << 15  # flows, and ends between which there are ways


class Flows:
    """What is remembered of a capture's flows, for one host. `known` are the flows of plain frames,
    by their keys."""

    def __init__(self, simulation: Simulation, replay: Replay) -> None:
        self._simulation, self._replay = simulation, replay
        host = simulation.world.namespaces[simulation.world.host]
        self._state = simulation.states[host.name]
        self._tracker = self._state.conntrack
        self.settings = self._tracker.settings
        self.zoned = any(map(_zones, host.rulesets.values()))
        self._reads = Reads(host.rulesets)
        self._by_ports = frozenset() if host.plain_rules(4) else frozenset({"ports"})
        self.known: dict[bytes, Flow] = {}
        self._shown: dict[Tuple | None, list[Flow]] = {}
        self._ways: dict[tuple[object, ...], Ways] = {}
        self._kin: dict[bytes, Kin] = {}
        self._interfaces: set[Interface | None] = set()

    # -- flows

    def reads(self, interface: Interface | None) -> bool:
        """Flows of frames that were captured there are remembered: it is the only interface."""
        self._interfaces.add(interface)
        if len(self._interfaces) > 1 and self.known:
            self.forget()
        return interface is not None and len(self._interfaces) == 1

    def kin(self, key: bytes) -> Kin | None:
        """What is known of flows like that."""
        return self._kin.get(kin_of(key))

    def learn_kin(self, key: bytes, kin: Kin) -> None:
        """Where packets of flows like that are placed."""
        self._kin.setdefault(kin_of(key), kin)

    def flow(self, key: bytes, left: bool) -> Flow:
        """The flow of frames with that key, made if it is new."""
        flow = self.known.get(key)
        if flow is None:
            if len(self.known) >= _MOST:
                self.known.clear()
                self._shown.clear()
            flow = self.known[key] = Flow(left, shown(key))
            self._shown.setdefault(flow.shows, []).append(flow)
        return flow

    def enter(self, coming: Coming) -> Flow | None:
        """The flow of a packet on its way in, with the connection that the packet is of."""
        came = tuple_of(coming.packet)
        if not coming.key or came is None or coming.start:
            return None
        flow = self.flow(coming.key, coming.left)
        self.join(flow, coming.key, came, (coming.dev, coming.how))
        flow.packet = coming.packet
        return flow

    def join(self, flow: Flow, key: bytes, came: Tuple, by: tuple[str, str]) -> None:
        """Find the connection of a flow, and the ways between its ends."""
        flow.came, flow.by, flow.cell = came, by, None
        found = self._tracker.lookup(came, self._simulation.now)
        flow.connection, flow.reply = found or (None, False)
        flow.ways = self.between(flow, key)

    def between(self, flow: Flow, key: bytes) -> Ways:
        """The ways between its ends; of connections that begin apart from others."""
        connection, ends = flow.connection, tuple[object, ...]()
        if connection is not None:
            original, reply = connection.original, connection.reply
            ends = (
                flow.reply, *original[1:3], *reply[1:3], original[4:] == reply[5:3:-1],
                connection.zone, connection.masqueraded, connection.set_up,
            )  # fmt: skip
        return self._ways_of((kin_of(key), *flow.came[1:3], *flow.by, flow.left, *ends))

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

    def settled(self, flow: Flow, connection: Connection) -> Way | None:
        """The way of all further packets of a flow, while nothing changes about their connection;
        None if it is not theirs, if packets that differ may go different ways, or if what was
        stopped is to be told."""
        ways = flow.ways
        if flow.connection is not connection or ways is None or ways.varied:
            return None
        found = _new(Found, (ESTABLISHED, connection, flow.reply, None))
        way = ways.find(found, flow.came, 0, None, connection.mark)
        return way if way and way.end.verdict == "ACCEPT" else None

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
        way = Way(end, leg, flow.by, longest_of(leg, flow.by[0]))
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
        self.known.clear()
        self._shown.clear()
        self._ways.clear()
        self._kin.clear()

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


def _zones(ruleset: Ruleset) -> bool:
    """Its rules may put connections into zones."""
    chains = (chain for table in ruleset.tables.values() for chain in table.chains.values())
    actions = (action for chain in chains for rule in chain.rules for action in rule.actions)
    return any(isinstance(action, Template) and not action.notrack for action in actions)
