"""Is there a packet from here to there: which ones, exactly, with one of them; or none, proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.model import fields as F
from fwsim.model.frozen import Frozen
from fwsim.model.pred import is_in
from fwsim.model.printing import Printed
from fwsim.model.trace import PASSED
from fwsim.model.tuples import NamedTuple
from fwsim.questions.asked import Asked
from fwsim.questions.conversation import Conversation, Expected, conversation
from fwsim.questions.covers import Told, told
from fwsim.questions.population import KNOWN, Population
from fwsim.questions.unsettled import unsettled
from fwsim.questions.witness import Witness, witness
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from fwsim.machine.sets.walk import Ending
    from fwsim.machine.simulate import Simulation


class Reach(Printed, Frozen):
    """The answer: `packets` get through whatever is not known, `perhaps` only for some outcome of
    what it `depends_on`."""

    question: Asked
    family: int
    title: str
    packets: Told
    perhaps: Told
    witness: Witness | Conversation | None
    depends_on: tuple[str, ...]

    @property
    def reachable(self) -> bool | None:
        """There is such a packet; None: that depends."""
        if self.packets.boxes:
            return True
        return None if self.perhaps.boxes else False

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's JSON of reach."""
        found = self.reachable
        out: dict[str, Any] = {
            "reachable": "unknown" if found is None else found,
            "packets": self.packets.to_list(),
            "count": self.packets.headers,
            "witness": self.witness.to_dict() if self.witness else None,
            "depends_on": list(self.depends_on),
        }
        if isinstance(self.witness, Conversation):
            out["before"] = self.witness.before_list()
        if self.perhaps.boxes:
            out["perhaps"] = self.perhaps.to_list()
        return out

    def __bool__(self) -> bool:
        """There is such a packet, whatever is not known."""
        return self.reachable is True


def reach(simulation: Simulation, asked: Asked, limit: int = 50) -> Reach:
    """Which of the packets that are asked about get through the host. QuestionError for a name
    that the place does not know, or where the sets are too large to be told."""
    population = Population(simulation, asked)
    endings = population.endings()
    passing = Passing.of(population, endings)
    must, may, unknown = passing.must, passing.may, passing.unknown
    rest = may - must
    reasons = [what for e in endings for what in e.unknown] if not unknown.is_empty else []
    names = unsettled(passing.through, population.facts) if not rest.is_empty else []
    return Reach(
        asked,
        population.family,
        population.simulation.world.title,
        told(must, population.universe, limit),
        told(rest, population.universe, limit),
        _witness(must, population),
        tuple(dict.fromkeys([*names, *reasons])) if not rest.is_empty else (),
    )


def _witness(packets: PacketSet, population: Population) -> Witness | Conversation | None:
    """One of them, which no other has to go before, if there is such."""
    place, family, likes = population.simulation, population.family, population.likes()
    alone = packets - population.space.read(is_in(F.CTSTATE, *KNOWN))
    if not alone.is_empty:
        return witness(alone, family, place, PASSED, likes)
    out = population.question.out
    return conversation(packets, family, (Expected(place, PASSED, out=out),), likes)


class Passing(NamedTuple):
    """The packets that get `through`, by the device that is asked for, and those of which that is
    `unknown`. Free facts are further dimensions of both."""

    through: PacketSet
    unknown: PacketSet

    @classmethod
    def of(cls, population: Population, endings: list[Ending]) -> Passing:
        """Those of the packets asked about."""
        out, space = population.question.out, population.space
        passed = space.union(
            population.left_by(e, out) if out else population.packets(e)
            for e in endings
            if e.passed
        )
        if population.question.answered:
            passed &= _answered(population, endings)
        unknown = space.union(population.packets(e) for e in endings if e.fate == "unknown")
        return cls(passed, unknown)

    @property
    def must(self) -> PacketSet:
        """Those that get through whatever is not known."""
        return self.through.must()

    @property
    def may(self) -> PacketSet:
        """Those that get through for some outcome of that."""
        return (self.through | self.unknown).may()


def _answered(population: Population, endings: list[Ending]) -> PacketSet:
    """The packets whose answer comes back to who sent them."""
    walk, space = population.walk, population.space
    back = walk.answers(endings)
    return space.union(PacketSet(space, walk.home(e, sent=population.sends)) for e in back)
