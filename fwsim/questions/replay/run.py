"""The packets of a capture through the rules, in the order of the file, on the capture's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from fwsim.machine.account import reference
from fwsim.machine.moment import Script
from fwsim.machine.response import Start, refused
from fwsim.machine.tuples import Tuple, rewritten, tuple_of
from fwsim.machine.wires import entry
from fwsim.model.packet import Packet
from fwsim.model.trace import Leg
from fwsim.questions.replay.container import frames_of
from fwsim.questions.replay.flow import Coming, Flow
from fwsim.questions.replay.flows import Flows
from fwsim.questions.replay.frames import CaptureError, Frame, Stream
from fwsim.questions.replay.links import Other, heard
from fwsim.questions.replay.packets import packet_of
from fwsim.questions.replay.placing import Asked, Placed, Places
from fwsim.questions.replay.seen import Seen
from fwsim.questions.replay.summary import End, Hit, Replay, talk_of
from fwsim.questions.replay.ways import Way

if TYPE_CHECKING:
    from fwsim.machine.passage import Passage
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.state import CounterKey
    from fwsim.machine.world import Namespace

_SWEEP = 1 << 12  # packets after which expired connections are forgotten
_MOST_CONNECTIONS = 1 << 16
_CT_MAX = "net.netfilter.nf_conntrack_max"
SECOND = 1e9
OnLeg = Callable[[Frame, Leg], None]


class Run:
    """A capture on its way through a place's rules; `replay` is what there is to tell so far."""

    def __init__(
        self,
        simulation: Simulation,
        asked: Asked,
        name: str,
        on_leg: OnLeg | None = None,
        *,
        remember: bool = True,
    ) -> None:
        """`remember` known ways: where nobody wants to be told of each packet."""
        self.simulation = simulation.fork()
        self.places = Places(self.simulation.world, asked)
        self.replay = Replay(simulation.world.title, name)
        self._on_leg = on_leg
        self._seen = Seen()
        self._tracker = self.simulation.states[simulation.world.host].conntrack
        self._flows = Flows(self.simulation, self.replay) if remember and not on_leg else None
        self._first: int | None = None
        told = self.places.host.number(_CT_MAX, _MOST_CONNECTIONS)
        self._most = min(told, 4 * _MOST_CONNECTIONS) or _MOST_CONNECTIONS

    def through(self, stream: Stream) -> Iterator[int]:
        """Take the capture's frames, each one's offset yielded once it is done. What is damaged
        ends it, and stands in the summary."""
        replay = self.replay
        try:
            for frame in frames_of(stream):
                replay.frames += 1
                self._clock(frame)
                flow = self._flows.of(frame) if self._flows else None
                if flow is None or not self._goes(frame, flow):
                    self._take(frame)
                if not replay.frames % _SWEEP:
                    self._sweep()
                yield frame.offset
        except CaptureError as error:
            replay.damage, replay.hint = error.message, error.hint or ""
        self._conclude()

    def _clock(self, frame: Frame) -> None:
        """Simulated time begins with the first frame; it never goes back."""
        simulation, replay = self.simulation, self.replay
        if self._first is None:
            self._first = frame.time
            replay.began = frame.time / SECOND
            if simulation.given.epoch is None:
                epoch = replay.began - simulation.now
                simulation.given = simulation.given._replace(epoch=epoch)
            self._begin = simulation.now
        seconds = (frame.time - self._first) / SECOND
        now = self._begin + seconds
        if now < simulation.now:
            replay.back_in_time += 1
        else:
            simulation.now, replay.seconds = now, seconds

    def _take(self, frame: Frame) -> None:
        link = heard(frame.interface.link, frame.data)
        if isinstance(link, Other):
            self._leave_out(link)
            return
        cut = len(frame.data) < frame.length
        packet = packet_of(frame.data, link, cut)
        if isinstance(packet, Other):
            self._leave_out(packet)
            return
        placed = self.places.place(frame, link, packet)
        if isinstance(placed, Other):
            self._leave_out(placed)
            return
        self.replay.cut += cut
        if self._seen.is_echo(frame, link, placed):
            self._leave_out(Other("again"))
        elif placed.part == "in":
            came = packet._replace(mac_dst=placed.mac_dst)
            if placed.how == "route":  # perhaps it was not seen there
                came = self._as_it_came(came, tuple_of(packet))
            self._walk(Coming(frame, packet, came, placed.dev, placed.how))
        else:
            self._left(frame, packet._replace(mac_src=None, mac_dst=None), placed)

    def _goes(self, frame: Frame, flow: Flow) -> bool:
        """Let a packet of a known flow go a known way; False if there is none."""
        if flow.left:
            if self._seen.is_due(flow.shows):
                self.replay.confirmed += 1
                self.replay.cut += len(frame.data) < frame.length
                return True
            if self._seen.is_answer(flow.shows):
                return False
        way = self._flows.go(flow, frame) if self._flows else None
        if way is None:
            return False
        self.replay.cut += len(frame.data) < frame.length
        self._went(flow, way)
        return True

    def _went(self, flow: Flow, way: Way) -> None:
        """What comes of a packet that has gone a known way."""
        self.simulation.seed += 1  # as every walk does
        if way.emits and not flow.left:
            if flow.cell is None:
                connection = flow.connection
                key = connection.tuple(not flow.reply).inverted() if connection else None
                flow.cell = self._seen.expect([key] * way.emits)[0]
            else:
                self._seen.again(flow.cell, way.emits)
        if way.end.verdict != "ACCEPT" and flow.talks:
            way.end.talks.add(flow.talks[0])
            if flow.left and flow.came[0]:
                self.replay.against.add(flow.talks[1])

    def _leave_out(self, why: Other) -> None:
        self.replay.left_out[why.why, why.what] += 1

    # -- packets that were seen to leave

    def _left(self, frame: Frame, packet: Packet, placed: Placed) -> None:
        """A packet that was seen as it left: one that was said to; else one that the host sent, or
        one that came in where nobody captured."""
        key = tuple_of(packet)
        if self._seen.is_due(key):
            self.replay.confirmed += 1
            if self._flows:
                self._flows.flow(frame, left=True, shows=key)
        elif start := self._seen.answered(key):
            self._walk(Coming(frame, packet, packet, "", "sent", left=True, start=start))
        else:
            self._unforeseen(frame, packet, key, placed)

    def _unforeseen(self, frame: Frame, packet: Packet, key: Tuple | None, placed: Placed) -> None:
        came = self._as_it_came(packet, key)
        back = placed.back if came is packet else self.places.way_back(came.family, came.src)
        if back:
            came = came._replace(ttl=min(came.ttl + 1, 255))  # it has been routed since
        how = "route" if back else "sent"
        self._walk(Coming(frame, packet, came, back, how, left=True))

    def _as_it_came(self, packet: Packet, key: Tuple | None) -> Packet:
        """Before the connection that it answers was translated back."""
        opened = key.inverted() if key else None
        simulation = self.simulation
        found = self._tracker.lookup(opened, simulation.now) if opened else None
        if found is None or found[1] or found[0].reply == key:
            return packet
        return rewritten(rewritten(packet, found[0].reply, True), found[0].reply, False)

    # -- packets that came in, or that the host sent

    def _walk(self, coming: Coming) -> None:
        flow = self._flows.enter(coming) if self._flows else None
        if flow and self._flows:
            known = self._flows.go(flow, coming.frame) if flow.connection else None
            way = self._flows.begin(flow, coming) if flow.connection is None else known
            if way is not None:
                self._went(flow, way)
                return
        self._walk_in_full(coming, flow)

    def _walk_in_full(self, coming: Coming, flow: Flow | None) -> None:
        simulation, replay, packet = self.simulation, self.replay, coming.packet
        simulation.world = self.places.world
        simulation.script = Script()  # what one packet asked in vain no other one needs
        begun = self._tracker.begun
        start = coming.start or self._start(packet, coming.dev)
        leg, passages = simulation.carry(packet, start, follow=False)
        if leg.reason == "fragment":
            self._leave_out(Other("fragment"))
            return
        replay.walked += 1
        replay.came[coming.dev, coming.how] += 1
        replay.states[leg.ctstate or "-"] += 1
        end = self._ends(coming, leg)
        self._expect(leg, passages, coming.left)
        if self._on_leg:
            self._on_leg(coming.frame, leg)
        began, found = begun != self._tracker.begun, passages[0].buffer.found
        if self._flows and began:
            self._flows.begun(found.connection if found else None)
        if self._flows and flow:
            self._flows.learn(flow, leg, passages, end, began=began)

    def _start(self, packet: Packet, dev: str) -> Start:
        host = self.simulation.world.host
        return Start(*entry(self.simulation.world, (host, dev), packet)) if dev else Start(host)

    def _ends(self, coming: Coming, leg: Leg) -> End:
        end = self.replay.end(leg.verdict, leg.fate, leg.decided_by, leg.reason)
        end.count += 1
        end.first = end.first or coming.frame.number
        if leg.verdict != "ACCEPT":
            end.talks.add(talk_of(coming.packet))
        if coming.left and coming.dev and leg.verdict in ("DROP", "REJECT"):
            self.replay.against.add(talk_of(coming.shown))
        for what in leg.depends_on:
            self.replay.depends_on.add(what)
        return end

    def _expect(self, leg: Leg, passages: list[Passage], seen: bool) -> None:
        """What left is going to be seen, unless it just was, and what a refusal sends back."""
        emitted = () if seen else leg.emitted
        self._seen.expect(tuple_of(sent.packet) for sent in emitted)
        back = refused(self.simulation.world, passages) if leg.verdict != "ACCEPT" else None
        if back is not None:
            self._seen.answer(tuple_of(back.packet), back.start)

    # -- what is left behind

    def _sweep(self) -> None:
        self.replay.forgotten += self._tracker.sweep(self.simulation.now, self._most)

    def _conclude(self) -> None:
        simulation, replay = self.simulation, self.replay
        self._sweep()
        if self._flows:
            self._flows.count()
        state = simulation.states[simulation.world.host]
        replay.alive = sum(not reply for _, _, reply in self._tracker.table)
        replay.connections = self._tracker.begun
        replay.notes = self.places.world.notes
        replay.hits = list(_hits(self.places.host, state.counters))


def _hits(host: Namespace, counters: Mapping[CounterKey, tuple[int, int]]) -> Iterator[Hit]:
    """What rules and policies counted, in the order of the rules."""
    for family, ruleset in host.rulesets.items():
        for table, found in ruleset.tables.items():
            for name, chain in found.chains.items():
                for number in (*range(1, len(chain.rules) + 1), 0):
                    counted = counters.get((family, table, name, number))
                    if counted:
                        yield Hit(reference(host.name, ruleset, table, name, number), *counted)
