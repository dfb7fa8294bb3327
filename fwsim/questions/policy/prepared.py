"""A policy's lines on a place, as sets of packets that were walked through its host."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from fwsim.machine.infer import with_device
from fwsim.model.errors import QuestionError
from fwsim.questions.policy.contradiction import contradiction
from fwsim.questions.policy.demands import Demand, demands
from fwsim.questions.policy.ends import Ends
from fwsim.questions.policy.model import MUST, Line, Policy
from fwsim.questions.policy.walked import Answered, Known, Walked
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation

Where = tuple[int, str, str, int]
"""A rule: family, table, chain, number."""


class Traced(Protocol):
    """A place: `fwsim.net.Net`."""

    @property
    def simulation(self) -> Simulation:
        """What it is."""
        ...

    def trace(self, packet: Any = None, **asked: Any) -> Any:
        """As `Net.trace`."""
        ...


class Prepared:
    """A policy on a place, its packets walked. `before` is the same policy, or one of more lines,
    on a place that differs in rules alone; `known` remembers what the machine said of places that
    do; `rules` keeps what every rule matched; without `explain`, nothing is told of lines that fail
    but that."""

    def __init__(
        self,
        place: Traced,
        policy: Policy,
        *,
        before: Prepared | None = None,
        known: Known | None = None,
        rules: bool = False,
        explain: bool = True,
    ) -> None:
        self.explain = explain
        self.known: Known = before.known if before else {} if known is None else known
        self.place, self.policy = place, policy
        self.simulation = _with_devices(place.simulation, before.policy if before else policy)
        world = self.simulation.world
        self.walked: dict[int, Walked] = {
            family: Walked(self.simulation, family, self.known, rules=rules)
            for family in sorted(world.namespaces[world.host].rulesets)
        }
        self.ends = {
            family: Ends(world, family, walked.walk.regions, policy.groups)
            for family, walked in self.walked.items()
        }
        self.demands = {line: [*demands(line, self.ends)] for line in policy.lines}
        self.matched: dict[Where, set[Line]] = {}
        self._begin(before)

    def _begin(self, before: Prepared | None) -> None:
        """Walk the packets that lines speak of, unless two lines contradict each other."""
        every = [demand for found in self.demands.values() for demand in found]
        for family, walked in self.walked.items():
            own = [demand for demand in every if demand.family == family]
            asked = {id(demand): walked.read(demand.asked) for demand in own}
            for demand in own:
                if asked[id(demand)].is_empty:
                    raise QuestionError(
                        "no packet is like that here: nothing would be tested",
                        span=demand.line.span, hint=_hint(demand),
                    )  # fmt: skip
            if before is None:
                contradiction(own, asked, family)
            walked.send(walked.space.union(map(self.packets, own)))
        self.answered = cache(self._answered)
        self.through = cache(lambda family: self.walked[family].through())

    def packets(self, demand: Demand) -> PacketSet:
        """The packets that a demand is about."""
        return self.walked[demand.family].read(demand.asked if demand.must else demand.sent)

    def _answered(self, family: int) -> Answered:
        walked = self.walked[family]
        musts = (d for found in self.demands.values() for d in found if d.must)
        asked = (self.packets(demand) for demand in musts if demand.family == family)
        return walked.answered(walked.space.union(asked))

    def lines_at(self) -> dict[Where, set[Line]]:
        """Which lines' packets, or answers to these, match a rule; those of which some do."""
        found = {where: set(lines) for where, lines in self.matched.items()}
        for family, walked in self.walked.items():
            for (table, (chain, number)), hit in walked.met().items():
                for line, demanded in self.demands.items():
                    own = (d for d in demanded if d.family == family)
                    if any(not (self.packets(d) & hit).is_empty for d in own):
                        found.setdefault((family, table, chain, number), set()).add(line)
        return found


def _with_devices(simulation: Simulation, policy: Policy) -> Simulation:
    """The place with the devices that lines name. QuestionError for one that there cannot be."""
    changed = simulation.fork()
    for line in policy.lines:
        if line.in_:
            try:
                changed.world = with_device(changed.world, line.in_.text)
            except QuestionError as error:
                raise QuestionError(error.message, span=line.in_.span, hint=error.hint) from None
    return changed


def _hint(demand: Demand) -> str | None:
    if demand.line.kind == MUST and not demand.line.in_:
        return 'Where nothing tells by which device they come in, say in = "DEVICE".'
    return None
