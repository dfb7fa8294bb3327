"""Packets from host to host, and whole exchanges: the request, what comes back, what it means to
the one who asked."""

from __future__ import annotations

from fwsim.machine.buffer import Buffer
from fwsim.machine.chance import Chance
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.ctlisting import NOTHING
from fwsim.machine.discovery import undiscovered
from fwsim.machine.host import pass_through
from fwsim.machine.l4 import Settings
from fwsim.machine.moment import Given, Moment, Script
from fwsim.machine.passage import Passage
from fwsim.machine.redirects import redirecting
from fwsim.machine.response import Start, outcome_of, refused, response
from fwsim.machine.state import State
from fwsim.machine.wires import Reach, reach, takers
from fwsim.machine.words import say
from fwsim.machine.world import COUNTING, Namespace, World
from fwsim.model.names import PROCESS, STATES
from fwsim.model.packet import Packet
from fwsim.model.trace import VERDICT_OF, Counted, Emitted, Exchange, Leg, Step

_MOST_HOPS = 260  # more than any TTL allows; between bridges a frame may go in circles for ever
_MOST_LEGS = 4
_BEST = ("delivered", "forwarded", "sent", "unknown", "rejected", "dropped", "consumed", "")


class Simulation:
    """A world with what its packets left behind. `fork` before changing what others may hold."""

    def __init__(
        self,
        world: World,
        states: dict[str, State],
        now: float = 0.0,
        seed: int = 0,
        given: Given = Given(),  # noqa: B008 (immutable)
    ) -> None:
        self.world, self.states, self.now, self.seed = world, states, now, seed
        self.given = given
        self.script = Script()

    @classmethod
    def of(cls, world: World, given: Given = Given()) -> Simulation:  # noqa: B008 (immutable)
        """The world as it stands, nothing sent yet."""
        states = {name: State(_tracker(ns)) for name, ns in world.namespaces.items()}
        return cls(world, states, given=given)

    def fork(self) -> Simulation:
        """A copy that changes on its own."""
        states = {name: state.fork() for name, state in self.states.items()}
        return Simulation(self.world, states, self.now, self.seed, self.given)

    def govern(self, ns: Namespace) -> None:
        """From now on the namespace is that, under its new rules."""
        self.world = self.world.with_namespace(ns)
        tracker, begun = self.states[ns.name].conntrack, _tracker(ns)
        tracker.settings, tracker.listing = begun.settings, begun.listing

    def carry(
        self,
        packet: Packet,
        start: Start,
        *,
        direction: str = "request",
        follow: bool = True,
        explain: bool = False,
    ) -> tuple[Leg, list[Passage]]:
        """One packet's whole way. Without `follow`, only through the host it enters."""
        self.script.packet += 1
        passages = self._passages(packet, start, follow, explain)
        return _leg(
            self.world, packet, start, direction, passages=passages, follow=follow
        ), passages

    def _passages(self, packet: Packet, start: Start, follow: bool, explain: bool) -> list[Passage]:
        passages: list[Passage] = []
        pending = [(start, packet)]
        while pending and len(passages) < _MOST_HOPS:
            at, flying = pending.pop(0)
            passage = self._pass(at, flying, explain, raw=not follow)
            copies = [passage, *passage.beside]
            passages += copies
            if follow:
                pending += [crossing for one in copies for crossing in self._crossings(one)]
        if pending:
            passages[-1].give_up(say("endless", count=_MOST_HOPS))
        return passages

    def _pass(self, at: Start, packet: Packet, explain: bool, raw: bool) -> Passage:
        ns = self.world.namespaces[at.namespace]
        mac_dst = at.mac_dst or packet.mac_dst
        buffer = Buffer(
            packet, at.dev, mac_dst=mac_dst, found=at.found, sender=at.sender, bound=at.bound
        )
        buffer.raw = raw and at.sender == PROCESS
        self.seed += 1
        state = self.states[ns.name]
        chance = Chance(f"{self.given.seed} {self.seed}")
        moment = Moment(self.now, chance, state.memory, state.conntrack, self.given, self.script)
        return pass_through(
            self.world, ns, state, buffer, moment, leaves=at.leaves, explain=explain
        )

    def _crossings(self, passage: Passage) -> list[tuple[Start, Packet]]:
        """Where what a host emitted comes in next."""
        return [
            (Start(ns.name, device.name, mac_dst=sent.mac_dst),
             sent.packet.but(mac_src=self._mac_src(passage, sent)))
            for sent in passage.emitted
            for ns, device in takers(_reach(self.world, sent).inside, sent.packet, sent.mac_dst)
        ]  # fmt: skip

    def _mac_src(self, passage: Passage, sent: Emitted) -> str | None:
        """A frame that crossed a bridge keeps its sender's address, others bear the device's."""
        buffer = passage.buffer
        if buffer.physout or not buffer.out:
            return sent.packet.mac_src
        device = self.world.namespaces[sent.host].devices.get(buffer.out)
        return device.mac or None if device else None

    # -- exchanges --------------------------------------------------------------------------------

    def exchange(
        self, packet: Packet, start: Start, *, one_way: bool = False, explain: bool = True
    ) -> Exchange:
        """The request and all that comes of it."""
        leg, passages = self.carry(packet, start, explain=explain)
        first, legs = passages[0], [leg]
        held_back = not start.dev and first.fate == "dropped" and not first.buffer.looped
        notes: list[str] = []
        walked = list(passages)
        back = None if one_way else response(self.world, leg, passages, notes)
        while back is not None and len(legs) < _MOST_LEGS:
            leg_back, passages = self.carry(
                back.packet, back.start, direction=back.direction, explain=explain
            )
            legs.append(leg_back)
            walked += passages
            back = refused(self.world, passages, back)  # whoever answered may be told off in turn
        last = legs[:2][-1]
        outcome = outcome_of(legs, start, one_way, held_back)
        verdict = leg.verdict if last.direction == "error" else last.verdict
        decided = leg.decided_by if last.direction == "error" else last.decided_by
        if packet.family == 6:
            notes += undiscovered(self.fork(), walked)
        notes += redirecting(self.world, walked)
        return Exchange(verdict, outcome, decided, tuple(legs), tuple(notes))


def _tracker(ns: Namespace) -> Conntrack:
    """What conntrack is and knows from the beginning; nothing where no rule asks for it."""
    listing = ns.connections if ns.tracks(4) or ns.tracks(6) else NOTHING
    return Conntrack(_settings(ns), listing)


def _settings(ns: Namespace) -> Settings:
    prefix = "net.netfilter.nf_conntrack_"
    said = {name: ns.number(name) for name in ns.sysctl if name.startswith(prefix)}
    return Settings.from_sysctl({COUNTING: int(ns.counts), **said})


def _reach(world: World, sent: Emitted) -> Reach:
    ns = world.namespaces[sent.host]
    device = ns.devices.get(sent.dev)
    return reach(world, ns, device) if device else Reach([], True)


def _stays(world: World, sent: Emitted) -> bool:
    """Somebody of this world takes what was sent; or it could be nobody else."""
    found = _reach(world, sent)
    return bool(takers(found.inside, sent.packet, sent.mac_dst)) or (
        not found.open and bool(found.inside)
    )


def _leg(
    world: World,
    packet: Packet,
    start: Start,
    direction: str,
    *,
    passages: list[Passage],
    follow: bool,
) -> Leg:
    outside = [
        sent for p in passages for sent in p.emitted if not follow or not _stays(world, sent)
    ]
    ends = [p for p in passages if not follow or p.fate == "unknown" or not _went_on(world, p)]
    last = min(ends or passages, key=lambda p: _BEST.index(p.fate)) if follow else passages[0]
    decided = None
    if not (last.fate in ("dropped", "unknown") and last.reason):
        asked = reversed(passages) if follow else [last]
        decided = next((p.record.decided for p in asked if p.record.decided), None)
    chance = tuple(say(f"chance.{what}") for p in passages for what in p.record.by_chance)
    return Leg(
        direction, packet, VERDICT_OF[last.fate], last.fate, decided,
        _counted(passages, "matched"), _counted(passages, "policies"),
        _state(world, passages), tuple(outside), tuple(_hops(passages)), last.reason,
        depends_on=tuple(d for p in passages for d in p.record.depends_on),
        arrived=last.packet, where=last.host, source=start.namespace, by_chance=chance,
    )  # fmt: skip


def _went_on(world: World, passage: Passage) -> bool:
    return any(_stays(world, sent) for sent in passage.emitted)


def _counted(passages: list[Passage], what: str) -> tuple[Counted, ...]:
    return tuple(c for p in passages for c in getattr(p.record, what))


def _state(world: World, passages: list[Passage]) -> str:
    """The connection's state as the world's host saw it, else as the first host that tracks."""
    seen = {
        p.host: p.buffer.found.state
        for p in reversed(passages)
        if p.buffer.found and world.namespaces[p.host].tracks(p.packet.family)
    }
    if not seen:
        return ""
    return STATES[seen.get(world.host, list(seen.values())[-1])]


def _hops(passages: list[Passage]) -> list[Step]:
    return [
        Step("host", p.host, children=tuple(p.record.steps), after=p.packet,
             data={"fate": p.fate, "reason": p.reason})
        for p in passages
    ]  # fmt: skip
