"""Both ways: what comes of a packet if a fact that nobody knows holds, and if it does not.

A run that comes to such a fact is repeated from the same beginning with either answer, and so on
with the facts that it then comes to. Where both ways end alike the fact does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fwsim.machine.moment import Script
from fwsim.machine.simulate import Simulation
from fwsim.model.pred import Free
from fwsim.model.trace import Branch, Exchange
from fwsim.model.tuples import NamedTuple
from fwsim.readings.words import fact_words

MOST_RUNS = 64


class Explored(NamedTuple):
    """What came of a run, and the place that it left. `whatever` are facts that it came to and
    that made no difference; `unused` what the user assumed and nothing asked for."""

    exchange: Exchange
    after: Simulation
    whatever: tuple[str, ...]
    unused: tuple[str, ...]


def explore(simulation: Simulation, run: Callable[[Simulation], Exchange]) -> Explored:
    """Run from a copy of the place; both ways at each unknown fact. Where they end differently,
    the exchange is the one that stopped at the fact, with its branches."""
    search = _Search(simulation, run)
    first = search.run(())
    ways = search.ways((), first)
    told = ways[0]
    if len(ways) > 1:
        branches = tuple(Branch(way.given, way.exchange) for way in ways)
        told = first._replace(exchange=first.exchange._replace(branches=branches))
    unused = tuple(name for name in simulation.given.assume if name not in search.used)
    return Explored(told.exchange, told.after, tuple(dict.fromkeys(search.whatever)), unused)


class _Way(NamedTuple):
    given: tuple[tuple[str, str, bool], ...]
    exchange: Exchange
    after: Simulation


class _Search:
    def __init__(self, simulation: Simulation, run: Callable[[Simulation], Exchange]) -> None:
        self.simulation, self.begin = simulation, run
        self.runs = 0
        self.whatever: list[str] = []
        self.used: set[str] = set()

    def run(self, answers: tuple[bool, ...]) -> _Way:
        self.runs += 1
        after = self.simulation.fork()
        after.script = Script(answers)
        exchange = self.begin(after)
        self.used |= after.script.used
        return _Way((), exchange, after)

    def ways(self, answers: tuple[bool, ...], so_far: _Way) -> list[_Way]:
        """The ways from here on; a single one where nothing makes a difference."""
        asked = so_far.after.script.asked
        if len(asked) <= len(answers) or self.runs >= MOST_RUNS:
            return [so_far]
        free = asked[len(answers)]
        further = [(*answers, answer) for answer in (True, False)]
        yes, no = (self.ways(script, self.run(script)) for script in further)
        if len(yes) == len(no) == 1 and _alike(yes[0].exchange, no[0].exchange):
            self.whatever.append(fact_words(free.name, free.why))
            return yes
        return [*_under(free, True, yes), *_under(free, False, no)]


def _under(free: Free, holds: bool, ways: list[_Way]) -> Iterator[_Way]:
    for way in ways:
        yield way._replace(given=((free.name, fact_words(free.name, free.why), holds), *way.given))


def _alike(one: Exchange, other: Exchange) -> bool:
    """Nobody would see a difference: the same outcome, the same packets leave."""
    return _seen(one) == _seen(other)


def _seen(exchange: Exchange) -> tuple[object, ...]:
    legs = tuple((leg.direction, leg.verdict, leg.fate, leg.emitted) for leg in exchange.legs)
    return exchange.verdict, exchange.outcome, legs
