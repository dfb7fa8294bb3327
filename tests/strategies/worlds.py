"""Places for the tests of strategies, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from kernel.rulesets import random_rules

import fwsim
from fwsim.machine.infer import infer_world
from fwsim.machine.simulate import Simulation
from fwsim.net import Net

T = TypeVar("T")
_RUNS = settings(
    database=None, derandomize=True, deadline=None, phases=(Phase.generate, Phase.shrink)
)


def article(stage: str = "outbound-only", *commands: str) -> Net:
    net = fwsim.load(f"example:article-{stage}")
    return net.apply(*commands) if commands else net


def random_net(name: str, family: int = 4) -> Net:
    """What is known of a host by a random ruleset alone; in IPv4 on the article's host."""
    rules = fwsim.read(random_rules(Random(name), family).dump(), family=family)
    if family == 6:
        return Net(Simulation.of(infer_world({6: rules}, name)))
    simulation = article("complete").simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    simulation.govern(host.with_rulesets({family: rules}))
    simulation.world = simulation.world._replace(place="")
    return Net(simulation)


def simplest(strategy: st.SearchStrategy[T], holds: Callable[[T], object] = bool) -> T:
    """What an example for which something holds shrinks to."""
    runs = settings(_RUNS, max_examples=1000)
    return find(strategy, lambda example: bool(holds(example)), settings=runs)


def drawn(strategy: st.SearchStrategy[T], count: int = 100) -> list[T]:
    """That many examples, always the same ones."""
    found: list[T] = []

    @settings(_RUNS, max_examples=count)
    @given(strategy)
    def run(example: T) -> None:
        found.append(example)

    run()
    return found
