"""Commands that let an exchange through, or stop it, each with exactly what else it opens or
closes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fwsim.language.commands import AND
from fwsim.model import fields as F
from fwsim.model.frozen import Frozen
from fwsim.model.names import STATES
from fwsim.model.pred import is_in
from fwsim.model.printing import Printed
from fwsim.questions.block import blocked
from fwsim.questions.covers import Told, told
from fwsim.questions.repair import Question, Solution
from fwsim.questions.together import Hosts, Places
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fwsim.machine.response import Start
    from fwsim.machine.simulate import Simulation
    from fwsim.model.packet import Packet
    from fwsim.model.trace import Exchange
    from fwsim.questions.outcomes import Outcomes

MOST = 8


class Remedy(Frozen):
    """Commands, all of which are needed, the `outcome` of the exchange after them, and the packets
    that get through then and did not before, or the other way round: those that begin
    connections, and `others`, of known connections and what conntrack calls INVALID."""

    commands: tuple[str, ...]
    outcome: str
    changed: Told
    others: Told

    def to_dict(self, *, block: bool) -> dict[str, Any]:
        """INTERFACE's."""
        key = "closes" if block else "opens"
        return {
            "command": f" {AND} ".join(self.commands),
            "commands": list(self.commands),
            key: self.changed.to_list(),
            "count": self.changed.headers,
            "outcome": self.outcome,
            f"{key}_others": self.others.to_list(),
        }


class Remedies(Printed, Frozen):
    """Those that were found, the smallest first; `outcome` is what the exchange comes to without
    them, `needed` whether anything has to be done."""

    title: str
    block: bool
    outcome: str
    found: tuple[Remedy, ...]

    @property
    def needed(self) -> bool:
        """It is not as it is wanted to be."""
        return (self.outcome == "answered") is self.block

    def to_list(self) -> list[dict[str, Any]]:
        """INTERFACE's JSON of repair."""
        return [remedy.to_dict(block=self.block) for remedy in self.found]

    def __bool__(self) -> bool:
        """There is one."""
        return bool(self.found)


def remedies(
    simulation: Simulation,
    exchange: Exchange,
    packet: Packet,
    start: Start,
    *,
    one_way: bool = False,
    block: bool = False,
) -> Remedies:
    """What lets an explained exchange through, or with `block` stops it. `simulation` is the place
    before it. QuestionError for sets that are too large to be told."""
    solutions: list[Solution] = []
    if (exchange.outcome == "answered") is block:
        found = (
            blocked(simulation, packet, start, one_way=one_way) if block
            else Question(packet, start, one_way, users_chain=True).solutions(simulation, exchange)
        )  # fmt: skip
        solutions = list(islice(found, MOST))
    answers = sorted(
        _with_changes(solutions, Hosts(_places(simulation, solutions), packet.family), block)
        if solutions else [],
        key=lambda r: (r.changed.headers, r.others.headers, len(r.commands)),
    )  # fmt: skip
    return Remedies(simulation.world.title, block, exchange.outcome, tuple(answers))


def _places(simulation: Simulation, solutions: list[Solution]) -> Places:
    return (simulation, *(solution.simulation for solution in solutions))


def _with_changes(solutions: list[Solution], hosts: Hosts, block: bool) -> Iterator[Remedy]:
    new = hosts.space.read(is_in(F.CTSTATE, STATES.index("NEW")))
    before, *after = map(_through, hosts.outcomes)
    for solution, now in zip(solutions, after, strict=True):
        changed = (before - now if block else now - before).may()
        fresh, others = (
            told(changed & part, hosts.universe & part) for part in (new, hosts.universe - new)
        )
        yield Remedy(solution.commands, solution.outcome, fresh, others)


def _through(outcomes: Outcomes) -> PacketSet:
    """The packets that get through a host, facts that nobody knows in the set."""
    space = outcomes.space
    return space.union(PacketSet(space, e.where) for e in outcomes.endings if e.passed)
