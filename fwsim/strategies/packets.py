"""Packets of a place that satisfy what is asked, near the edges of its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from fwsim.machine.naming import owner
from fwsim.model.errors import QuestionError
from fwsim.model.names import STATES, iface_text
from fwsim.questions.again import place_words
from fwsim.questions.asked import Asked
from fwsim.questions.population import Population
from fwsim.questions.reach import Passing
from fwsim.readings.space import PacketSet
from fwsim.readings.strategy import views
from fwsim.strategies.building import buildable, packet_of
from fwsim.strategies.drawn import Drawn
from fwsim.strategies.steering import MOST_RULES, Steering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fwsim.machine.sets.walk import Ending
    from fwsim.net import Net
    from fwsim.readings.strategy import View

_OUTSIDE = ("dport", "sport", "proto", "dst", "src", "in")


def packets(
    net: Net,
    *,
    src: str = "",
    dst: str = "",
    proto: str | int = "",
    sport: str | int = "",
    dport: str | int = "",
    in_: str = "",
    out: str = "",
    state: str = "NEW",
    family: int = 0,
    answered: bool = False,
    through: bool | None = None,
) -> st.SearchStrategy[Drawn]:
    """First packets of connections that come to a place's host, or that it sends where `src` names
    it; asked for as by the options of `fwsim reach`. With `through`, those that surely get through
    (`answered`: whose answer comes back too), or surely do not; `out` or `answered` alone mean the
    former. Nothing is ever filtered out.

    A third are any of these, a third match a rule of the place each, a third just miss one; the
    fields are mostly the values at which rules, sets and routes begin and end. They shrink to the
    first usual one: a SYN from a host that is known to port 80, as `fwsim trace` sends it.

    QuestionError for what the place does not know, or where there is no such packet."""
    asked = Asked(in_, out, src, dst, str(proto), str(sport), str(dport), state, family, answered)
    return _Asking(net, asked, through).packets()


class _Asking:
    """What is asked of a place, as sets."""

    def __init__(self, net: Net, asked: Asked, through: bool | None) -> None:
        self.question = asked
        if {STATES[state] for state in asked.states()} - {"NEW", "INVALID"}:
            raise QuestionError(
                f"state {asked.state}: packets stand alone, and are NEW or INVALID",
                hint="conversations() has what comes later.",
            )
        few = _rules(net) <= MOST_RULES
        self.population = Population(net.simulation, asked, rules=few)
        if through is None and (asked.out or asked.answered):
            through = True
        endings = self.population.endings() if few or through is not None else []
        self.wanted = self._wanted(through, endings)
        if self.wanted.is_empty:
            raise QuestionError(
                "there is no such packet",
                hint="`fwsim reach` with the same options tells which ones there are.",
            )
        self.steering = Steering(self.population, self.wanted)
        self.regions = list(self._regions())
        self.words = place_words(net.simulation)

    def packets(self) -> st.SearchStrategy[Drawn]:
        """The strategy."""
        return self._region().flatmap(self._views).map(self._drawn)

    def _wanted(self, through: bool | None, endings: list[Ending]) -> PacketSet:
        found = self.population.asked
        if through is not None:
            passing = Passing.of(self.population, endings)
            found = passing.must if through else found - passing.may
        return buildable(found, self.population.family)

    def _regions(self) -> Iterator[PacketSet]:
        """The packets of each rule that some of them match."""
        stages, space = self.population.walk.stages, self.population.space
        seen = {self.wanted.node}
        for _, _, alive, piece in stages.seen if stages else ():
            for _, hit in piece.hits:
                region = PacketSet(space, alive & hit).may()
                region = buildable(region & self.wanted, self.population.family)
                if not region.is_empty and region.node not in seen:
                    seen.add(region.node)
                    yield region

    def _region(self) -> st.SearchStrategy[PacketSet]:
        whole = st.just(self.wanted)
        if not self.regions:
            return whole
        one, fields = st.sampled_from(self.regions), st.sampled_from(_OUTSIDE)
        return st.one_of(whole, one, st.builds(self._outside, one, fields))

    def _outside(self, region: PacketSet, name: str) -> PacketSet:
        """The packets that another value of one field would bring in; all, if there are none."""
        field = region.diagrams.fields[name]
        found = (region.erase(field) - region) & self.wanted
        return self.wanted if found.is_empty else found

    def _views(self, region: PacketSet) -> st.SearchStrategy[View]:
        return views(region, self.steering)

    def _drawn(self, view: View) -> Drawn:
        packet = packet_of(view, self.population.family)
        world = self.population.simulation.world
        dev = iface_text(view["in"]) if view["in"] else ""
        mine = bool(dev) or owner(world, packet.family, packet.src) == world.host
        return Drawn(packet, dev, self.words, self.question.out, told=mine)


def _rules(net: Net) -> int:
    rulesets = net.world.namespaces[net.world.host].rulesets.values()
    return sum(
        len(chain.rules)
        for ruleset in rulesets
        for table in ruleset.tables.values()
        for chain in table.chains.values()
    )
