"""What shows that a line fails: a packet, its way, the rule that decided."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fwsim.model.errors import QuestionError
from fwsim.model.names import proto_text
from fwsim.questions.covers import told
from fwsim.questions.policy.demands import Demand, likes
from fwsim.questions.policy.outcome import DEPENDS, FAILS, Outcome
from fwsim.questions.policy.prepared import Prepared
from fwsim.questions.population import likes as usual
from fwsim.questions.witness import Witness, witness
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from fwsim.model.trace import Leg, Ref

LISTED = 20


class Telling(Prepared):
    """It, with words for what came of lines."""

    def fails(
        self, demand: Demand, packets: PacketSet, what: str, fates: frozenset[str]
    ) -> Outcome:
        """It fails, for these packets, which end in one of these fates."""
        if not self.explain:
            return Outcome(demand.line, FAILS, what, demand.family)
        found = self._witness(demand, packets, fates)
        question, trace = self.shown(found, one_way=what == "through") if found else (None, None)
        ref = found.leg.decided_by if found else None
        return Outcome(
            demand.line, FAILS, what, demand.family, witness=found, trace=trace,
            ref=trace.decided_by if trace and what == "lost" else ref,
            packets=told(packets, self.walked[demand.family].universe, LISTED), question=question,
        )  # fmt: skip

    def shown(self, found: Witness, *, one_way: bool) -> tuple[Mapping[str, Any] | None, Any]:
        """The question in words that has the same answer, and the trace of that; else the trace of
        the packet itself."""
        packet = found.packet
        asked: dict[str, Any] = {
            "src": packet.text(packet.src), "dst": packet.text(packet.dst),
            "proto": proto_text(packet.proto), "in_": found.dev, "one_way": one_way,
        }  # fmt: skip
        if packet.has_ports:
            asked |= {"sport": packet.sport, "dport": packet.dport}
        itself = self.place.trace(found.to_dict(), one_way=one_way)
        with suppress(QuestionError):
            trace = self.place.trace(**asked)
            if [*map(_like, trace.legs)] == [*map(_like, itself.legs)]:
                return asked, trace
        return None, itself

    def depends(self, demand: Demand, packets: PacketSet, why: tuple[str, ...]) -> Outcome:
        """What becomes of these packets depends on that."""
        universe = self.walked[demand.family].universe
        if not self.explain:
            return Outcome(demand.line, DEPENDS, "depends", demand.family)
        return Outcome(
            demand.line, DEPENDS, "depends", demand.family,
            packets=told(packets.may(), universe, LISTED), depends_on=why,
        )  # fmt: skip

    def _witness(self, demand: Demand, packets: PacketSet, fates: frozenset[str]) -> Witness | None:
        family, world = demand.family, self.simulation.world
        liked = [*likes(demand, self.ends[family]), *usual(world, family)]
        return witness(packets, family, self.simulation, fates, liked)


def _like(leg: Leg) -> tuple[str, Ref | None]:
    return leg.fate, leg.decided_by
