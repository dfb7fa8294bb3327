"""Matches with memory, in the kernel and in fwsim: random rules, random packets, real time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random

import pytest

from fwsim.machine.world import World

from .clock import Clock
from .conversations import Talk
from .duel import world_of
from .lab import Lab, require_kernel
from .remembering import KINDS, Loaded, TimedDuel, held_against, memory_rules, with_contents

require_kernel()

PACKETS, CASES = 60, 2


@cache
def bare_world() -> World:
    """The machine as fwsim reads it from the snapshot of a lab without rules."""
    with Lab() as lab:
        return world_of(lab)


def _conversation(clock: Clock, seed: str, backend: str, family: int, kind: str) -> Iterator[bool]:
    """Of each packet compared, whether rules matched."""
    rng = Random(seed)
    rules = memory_rules(rng, kind, family, backend)
    with Lab() as lab:
        first = clock.tick()
        assert not lab.restore(rules.dump(), family, backend)
        loaded = Loaded.by(clock, first, rules, backend)
        duel = TimedDuel(lab, family, bare_world(), clock, loaded)
        talk = Talk(rng, family)
        for number in range(PACKETS):
            said = duel.say(with_contents(talk.next()))
            if not said:
                return
            kernel, fwsim = said
            head = f"{seed}: packet {number}: {talk.sent[-1].to_dict()}"
            held_against(kernel, fwsim, rules.dump(), head)
            yield bool(kernel.matched)


@pytest.mark.parametrize("kind", [*KINDS, "any"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_what_is_remembered_is_what_the_kernel_remembers(
    clock: Clock, backend: str, family: int, kind: str, seed: int
) -> None:
    matched: list[bool] = []
    for number in range(CASES * 3):
        if len(matched) < PACKETS * CASES * 0.8:
            name = f"{backend}-{family}-{kind}-{seed}-{number}"
            matched += _conversation(clock, name, backend, family, kind)
    assert len(matched) >= PACKETS * CASES * 0.8
    assert sum(matched) >= len(matched) * 0.1
