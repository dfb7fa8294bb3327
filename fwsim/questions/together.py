"""Hosts that are asked about the same packets, of one family: those that come in, and those that
the host sends. They are one host under several rulesets, or two snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.language.write import rule_text
from fwsim.machine.infer import with_route
from fwsim.machine.infertwo import ways_out
from fwsim.machine.sets.env import Facts
from fwsim.machine.sets.universe import by_devices, entrances, possible
from fwsim.machine.sets.walk import HostWalk
from fwsim.model import fields as F
from fwsim.model.errors import QuestionError
from fwsim.model.names import iface_value
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in, negate, prefix
from fwsim.questions.asked import Asked
from fwsim.questions.differing import differing, same_but_rules
from fwsim.questions.outcomes import Outcomes
from fwsim.questions.population import FRESH, KNOWN, likes, multicast
from fwsim.readings.space import PacketSet, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fwsim.language.ruleset import Ruleset
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.world import World
    from fwsim.model.pred import Free

Places = tuple["Simulation", ...]


class Hosts:
    """`outcomes` are those of each, for the packets that they may treat differently. Where only
    rules were given, `places` has all of them for each device that may lead to what no route
    tells; the packets then have that device in their field `out`."""

    def __init__(
        self,
        simulations: Places,
        family: int,
        asked: Asked = Asked(),  # noqa: B008 (immutable)
    ) -> None:
        self.family, self.space = family, Space()
        self.asked: dict[str, Free] = {}
        worlds = [simulation.world for simulation in simulations]
        self.doors = _common_doors(worlds, family, self.space)
        self.question, self.only = asked, asked.pred(worlds[0], family)
        if asked.in_:
            entered = asked.doors(worlds[0]) or []
            self.doors = [name for name in self.doors if name in entered]
            if not self.doors:
                raise QuestionError(f"no packet comes in to all of them by a device {asked.in_!r}")
        self.places: dict[str, Places] = {
            out: tuple(_leading(simulation, family, out) for simulation in simulations)
            for out in ways_out(worlds[0], family) or ("",)
        }
        self.likes = likes(worlds[0], family)
        self._unlike = [self._differing(simulations, local=local) for local in (False, True)]
        self.universe = self.space.nothing
        self.outcomes = tuple(Outcomes(self.space, family) for _ in simulations)
        for out, places in self.places.items():
            self._walk(out, places)

    @property
    def facts(self) -> Facts:
        """Those that were asked for on either side."""
        facts = Facts()
        facts.asked = self.asked
        return facts

    def by_way(self, packets: PacketSet) -> Iterator[tuple[Places, PacketSet]]:
        """The packets, with the places in which they go that way."""
        for out, places in self.places.items():
            found = packets & self.space.read(_way(out))
            if not found.is_empty:
                yield places, found

    def _walk(self, out: str, places: Places) -> None:
        come, sent = (self.space.read(all_of(_way(out), pred)) for pred in self._packets(places))
        self.universe |= come | sent
        come, sent = (p & apart for p, apart in zip((come, sent), self._unlike, strict=True))
        walks = [self._host(simulation) for simulation in places]
        for simulation, walk in zip(places[1:], walks[1:], strict=True):
            if same_but_rules(places[0], simulation):
                walk.regions.learn(walks[0].regions)
        for walk, outcomes in zip(walks, self.outcomes, strict=True):
            outcomes.collect(walk, [*walk.come(come), *walk.send(sent)])

    def _differing(self, places: Places, *, local: bool) -> PacketSet:
        """The packets that any of the others may treat differently than the first."""
        old, *others = places
        return self.space.union(
            differing(self.space, old, new, self.family, local=local) for new in others
        )

    def _packets(self, places: Places) -> tuple[Pred, Pred]:
        """Those that come in, and those that the host sends."""
        many = negate(multicast(self.family))
        whole = all_of(
            possible(self.family, (*FRESH, *KNOWN), _loaded(places, self.family)), many, self.only
        )
        sends = is_in(F.IN, iface_value("")), _own(places, self.family)
        sent = FALSE if self.question.in_ else all_of(whole, *sends)
        return all_of(whole, by_devices(self.doors)), sent

    def _host(self, simulation: Simulation) -> HostWalk:
        world = simulation.world
        ruleset = world.namespaces[world.host].rulesets.get(self.family)
        facts = _ByWords(ruleset, simulation.given.answer)
        facts.asked = self.asked
        return HostWalk(world, self.family, space=self.space, facts=facts, rules=True)


def _own(places: Places, family: int) -> Pred:
    """The sources that the host may send from: its addresses; where these are not told, whatever
    is not of a subnet that is."""
    src = F.SRC[family]
    known = [a for s in places for _, a in s.world.namespaces[s.world.host].addresses(family)]
    own = is_in(src, *dict.fromkeys(a.value for a in known))
    if not places[0].world.inferred:
        return own
    return any_of(own, negate(any_of(*(prefix(src, a.value, a.length) for a in known))))


def _loaded(places: Places, family: int) -> frozenset[str]:
    """The extensions that the rules of any of them use."""
    hosts = (place.world.namespaces[place.world.host] for place in places)
    used = (host.rulesets[family].loaded for host in hosts if family in host.rulesets)
    return frozenset().union(*used)


def _way(out: str) -> Pred:
    return is_in(F.OUT, iface_value(out)) if out else all_of()


def _leading(simulation: Simulation, family: int, out: str) -> Simulation:
    if not out:
        return simulation
    changed = simulation.fork()
    changed.world = with_route(simulation.world, family, 0, out, length=0)
    return changed


def _common_doors(worlds: list[World], family: int, space: Space) -> list[str]:
    """The devices by which packets come in to all of them."""
    doors = (set(entrances(HostWalk(world, family, space=space).regions)) for world in worlds)
    return sorted(set.intersection(*doors))


class _ByWords(Facts):
    """Facts that rules have each for themselves are known by the rules' words, and the how manieth
    of such it is in its chain: a rule that moved keeps its coins."""

    def __init__(self, ruleset: Ruleset | None, told: Callable[[str], bool | None]) -> None:
        super().__init__(told)
        self.ruleset = ruleset
        self._words: dict[str, list[str]] = {}

    def name(self, free: Free, asker: object) -> str:
        """As Facts.name."""
        place, _, number = str(asker).rpartition(" ")
        if free.once or not number.isdecimal() or self.ruleset is None:
            return super().name(free, asker)
        if place not in self._words:
            table, _, chain = place.partition(" ")
            self._words[place] = _numbered(self.ruleset, table, chain)
        return super().name(free, f"{place}: {self._words[place][int(number) - 1]}")


def _numbered(ruleset: Ruleset, table: str, chain: str) -> list[str]:
    count: dict[str, int] = {}
    found = []
    for rule in ruleset.tables[table].chains[chain].rules:
        text = rule_text(rule)
        count[text] = count.get(text, 0) + 1
        found.append(f"{text} {count[text]}")
    return found
