"""All packets that a policy speaks of, of one family, walked through the host at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine.sets.env import Facts
from fwsim.machine.sets.universe import entrances, possible
from fwsim.machine.sets.walk import HostWalk
from fwsim.model import fields as F
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import Pred, all_of, is_in, negate
from fwsim.model.tuples import NamedTuple
from fwsim.questions.asked import by_devices
from fwsim.questions.population import multicast
from fwsim.questions.unsettled import unsettled
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxidd.bcdd import BCDDFunction

    from fwsim.machine.sets.chains import Where
    from fwsim.machine.sets.regions import Regions
    from fwsim.machine.sets.walk import Ending
    from fwsim.machine.simulate import Simulation

Known = dict[tuple[int | str, ...], "Regions"]
"""What the machine said of places that differ in rules alone, by family and the host's devices."""
NEW = (STATES.index("NEW"),)
# why packets end that nobody sends, or that are for nobody: no rule has to do with it
NOBODY = frozenset({
    "martian_source", "own_source", "loopback_source", "martian_destination", "no_neighbour",
    "no_port",
})  # fmt: skip


class Answered(NamedTuple):
    """Packets whose answers come back to who sent them, where the far end answers; those of whose
    answers nobody knows; those whose answers find nobody."""

    home: PacketSet
    unknown: PacketSet
    nobody: PacketSet


class Walked:
    """`endings` are how the packets end that were sent, `universe` all that there are."""

    def __init__(self, simulation: Simulation, family: int, known: Known, *, rules: bool) -> None:
        world = simulation.world
        self.simulation, self.family = simulation, family
        self.facts = Facts(simulation.given.answer)
        self.walk = HostWalk(world, family, facts=self.facts, rules=rules)
        self.space = self.walk.space
        devices = world.namespaces[world.host].devices
        self.walk.regions.learn(known.setdefault((family, *devices), self.walk.regions))
        self.ruleset = world.namespaces[world.host].rulesets.get(family)
        loaded = self.ruleset.loaded if self.ruleset else frozenset()
        there = all_of(possible(family, NEW, loaded), negate(multicast(family)))
        self.universe = self.space.read(there)
        self._home = is_in(F.IN, iface_value(""))
        self._doors = by_devices(entrances(self.walk.regions))
        self._come: list[Ending] = []
        self._sent: list[Ending] = []

    def read(self, pred: Pred) -> PacketSet:
        """The packets of a predicate that there are."""
        return self.universe & self.space.read(pred)

    def send(self, packets: PacketSet) -> None:
        """Walk them through the host."""
        self._come = self.walk.come(packets & self.space.read(self._doors))
        self._sent = self.walk.send(packets & self.space.read(self._home))

    @property
    def endings(self) -> list[Ending]:
        """All of them."""
        return [*self._come, *self._sent]

    def packets(self, endings: Iterable[Ending]) -> PacketSet:
        """Those that end so."""
        return self._set(ending.where for ending in endings)

    def through(self) -> PacketSet:
        """Those that get through."""
        return self.packets(e for e in self.endings if e.passed)

    def unknown(self) -> PacketSet:
        """Those of which nobody knows."""
        return self.packets(e for e in self.endings if e.fate == "unknown")

    def nobodys(self) -> PacketSet:
        """Those that nobody sends, or that are for nobody."""
        return self.packets(e for e in self.endings if e.reason in NOBODY)

    def arriving(self, pred: Pred) -> PacketSet:
        """Those that match as they leave the host, or arrive at it, if they do."""
        return self._set(
            e.env.read(pred) & e.where for e in self.endings if e.passed or e.fate == "unknown"
        )

    def answered(self, among: PacketSet) -> Answered:
        """What comes of the answers to those, among some, that get through."""
        home, unknown, nobody = [], [], []
        for endings, sent in ((self._come, False), (self._sent, True)):
            requests = [e._replace(where=e.where & among.node) for e in endings]
            for answer in self.walk.answers(requests):
                home.append(self.walk.home(answer, sent=sent))
                unknown += [answer.where] if answer.fate == "unknown" else []
                nobody += [answer.where] if answer.reason in NOBODY else []
        return Answered(self._set(home), self._set(unknown), self._set(nobody))

    def why(self, packets: PacketSet) -> tuple[str, ...]:
        """What nobody knows and it depends on."""
        unknown = [
            what
            for e in self.endings
            if e.unknown and not (PacketSet(self.space, e.where) & packets).is_empty
            for what in e.unknown
        ]
        return tuple(dict.fromkeys([*unsettled(packets, self.facts), *unknown]))

    def met(self) -> dict[tuple[str, Where], PacketSet]:
        """The rules, and policies, that packets matched, or their answers; with these packets."""
        seen = self.walk.stages.seen if self.walk.stages else ()
        found: dict[tuple[str, Where], list[BCDDFunction]] = {}
        for table, _, alive, piece in seen:
            for at, hit in piece.hits:
                if (where := hit & alive).satisfiable():
                    found.setdefault((table, at), []).append(where)
        return {place: self._set(parts) for place, parts in found.items()}

    def _set(self, parts: Iterable[BCDDFunction]) -> PacketSet:
        return PacketSet(self.space, self.space.diagrams.either(list(parts)))
