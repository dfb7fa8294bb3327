"""The packets of a capture through the rules, in the order of the file, on the capture's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from fwsim.machine.account import reference
from fwsim.machine.gliding import pause
from fwsim.machine.moment import Script
from fwsim.machine.response import Start, refused
from fwsim.machine.tuples import Tuple, rewritten, tuple_of
from fwsim.machine.wires import entry
from fwsim.model.packet import Packet
from fwsim.model.trace import Leg
from fwsim.questions.replay.batch import ETHERNET, MOST, Batch
from fwsim.questions.replay.container import batches_of
from fwsim.questions.replay.flow import Coming, Kin, as_it_came
from fwsim.questions.replay.flows import Flows
from fwsim.questions.replay.frames import CaptureError, Frame, Stream
from fwsim.questions.replay.links import Other, heard
from fwsim.questions.replay.packets import packet_of
from fwsim.questions.replay.placing import Asked, Placed, Places
from fwsim.questions.replay.quick import Quick
from fwsim.questions.replay.seen import Seen
from fwsim.questions.replay.summary import End, Hit, Replay, talk_of

if TYPE_CHECKING:
    from fwsim.machine.passage import Passage
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.state import CounterKey
    from fwsim.machine.world import Namespace
    from fwsim.questions.replay.ahead import Ahead
    from fwsim.questions.replay.heads import Heads

_SWEEP = 1 << 15  # packets after which expired connections are forgotten
_FEW = 64  # frames, of which it does not pay to make columns
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
        most: int = MOST,
    ) -> None:
        """`remember` known ways: where nobody wants to be told of each packet. `most`: how many
        frames are read at a time."""
        self.simulation = simulation.fork()
        self.places = Places(self.simulation.world, asked)
        self.replay = Replay(simulation.world.title, name)
        self._on_leg = on_leg
        self._seen = Seen()
        self._tracker = self.simulation.states[simulation.world.host].conntrack
        self._most = most
        self._flows = self._quick = None
        if remember and not on_leg:
            self._flows = Flows(self.simulation, self.replay)
            self._quick = Quick(self.simulation, self.replay, self.places, self._flows, self._seen)
        self._first: int | None = None
        told = self.places.host.number(_CT_MAX, _MOST_CONNECTIONS)
        self._most_connections = min(told, 4 * _MOST_CONNECTIONS) or _MOST_CONNECTIONS

    def through(self, stream: Stream) -> Iterator[int]:
        """Take the capture's frames; now and then, how many bytes are done. What is damaged ends
        it, and stands in the summary."""
        replay = self.replay
        try:
            for batch in batches_of(stream, self._most):
                self._batch(batch)
                replay.frames += len(batch)
                if not replay.frames % _SWEEP:
                    self._sweep()
                yield batch.records[-1][0]
        except CaptureError as error:
            replay.damage, replay.hint = error.message, error.hint or ""
        self._conclude()

    def _batch(self, batch: Batch) -> None:
        """Take frames in their order, but for those that may be taken ahead of others."""
        steady, simulation = self._clock(batch.records[0][1]), self.simulation
        heads = self._heads(batch)
        ahead = self._ahead(heads) if heads and steady and heads.steady else None
        place, done = 0, ahead.done if ahead else bytearray(len(batch))
        while True:
            turn = done.find(0, place)
            simulation.seed += (turn if turn >= 0 else len(batch)) - place  # as every walk does
            if turn < 0:
                break
            if turn:
                self._clock(batch.records[turn][1])
            row = heads.at[turn] if heads else -1
            if heads is None or self._quick is None or row < 0:
                self._take(batch.frame(turn))
            elif not self._quick.take(heads, row):
                self._take(batch.frame(turn), heads.key(row))
            if ahead and row >= 0:
                ahead.behind(row)
            place = turn + 1
        if ahead and place < len(batch):
            self._clock(batch.records[-1][1])
        self.replay.cut += ahead.cut if ahead else 0

    def _heads(self, batch: Batch) -> Heads | None:
        """The headers of a batch of which flows are remembered, where columns of them pay."""
        flows, interface = self._flows, batch.interface
        if flows is None or not flows.reads(interface) or len(batch) < min(_FEW, self._most):
            return None
        if interface is None or interface.link != ETHERNET:
            return None
        from fwsim.questions.replay.heads import Heads

        return Heads(batch, pause(flows.settings))

    def _ahead(self, heads: Heads) -> Ahead | None:
        from fwsim.questions.replay.ahead import Ahead

        return Ahead(heads, self._flows, self._seen, self._now_at) if self._flows else None

    def _now_at(self, time: int) -> float:
        """A frame's time on the simulation's clock, which begins with the first frame."""
        assert self._first is not None
        return self._begin + (time - self._first) / SECOND

    def _clock(self, time: int) -> bool:
        """It is so late now; False, and nothing has changed, if it was later already."""
        simulation, replay = self.simulation, self.replay
        if self._first is None:
            self._first, self._begin = time, simulation.now
            replay.began = time / SECOND
            if simulation.given.epoch is None:
                epoch = replay.began - simulation.now
                simulation.given = simulation.given._replace(epoch=epoch)
        now = self._now_at(time)
        if now < simulation.now:
            replay.back_in_time += 1
            return False
        simulation.now, replay.seconds = now, (time - self._first) / SECOND
        return True

    def _take(self, frame: Frame, key: bytes = b"") -> None:
        """Take a frame; `key` is its flow's, if it is of one."""
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
        if key and self._flows:
            self._flows.learn_kin(key, Kin(placed, packet))
        if self._seen.is_echo(frame, link, placed):
            self._leave_out(Other("again"))
        elif placed.part == "in":
            came = packet._replace(mac_dst=placed.mac_dst)
            if placed.how == "route":  # perhaps it was not seen there
                came = self._as_it_came(came, tuple_of(packet))
            self._walk(Coming(frame, packet, came, placed.dev, placed.how, key=key))
        else:
            self._left(frame, packet._replace(mac_src=None, mac_dst=None), placed, key)

    def _leave_out(self, why: Other) -> None:
        self.replay.left_out[why.why, why.what] += 1

    # -- packets that were seen to leave

    def _left(self, frame: Frame, packet: Packet, placed: Placed, key: bytes) -> None:
        """A packet that was seen as it left: one that was said to; else one that the host sent, or
        one that came in where nobody captured."""
        shows = tuple_of(packet)
        if self._seen.is_due(shows):
            self.replay.confirmed += 1
        elif start := self._seen.answered(shows):
            self._walk(Coming(frame, packet, packet, "", "sent", left=True, start=start))
        else:
            self._unforeseen(frame, packet, placed, key)

    def _unforeseen(self, frame: Frame, packet: Packet, placed: Placed, key: bytes) -> None:
        came = self._as_it_came(packet, tuple_of(packet))
        back = placed.back if came is packet else self.places.way_back(came.family, came.src)
        if back:
            came = came._replace(ttl=min(came.ttl + 1, 255))  # it has been routed since
        how = "route" if back else "sent"
        self._walk(Coming(frame, packet, came, back, how, left=True, key=key))

    def _as_it_came(self, packet: Packet, key: Tuple | None) -> Packet:
        came = as_it_came(self._tracker, key, self.simulation.now) if key else key
        if came is None or came is key:
            return packet
        return rewritten(rewritten(packet, came, True), came, False)

    # -- packets that came in, or that the host sent

    def _walk(self, coming: Coming) -> None:
        flow = self._flows.enter(coming) if self._flows else None
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
        self._seen.forget()
        self.replay.forgotten += self._tracker.sweep(self.simulation.now, self._most_connections)

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
