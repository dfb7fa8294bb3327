"""Matches with memory, in the kernel and in fwsim: random rules, random packets, real time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random
from time import monotonic

import pytest

from fwsim.machine.world import World

from .conversations import Talk
from .duel import world_of
from .lab import Lab, require_kernel
from .remembering import KINDS, Instant, TimedDuel, memory_rules, with_contents

require_kernel()

PACKETS, CASES = 60, 3


@cache
def bare_world() -> World:
    """The machine as fwsim reads it from the snapshot of a lab without rules."""
    with Lab() as lab:
        return world_of(lab)


def _conversation(seed: str, backend: str, family: int, kind: str) -> Iterator[str]:
    """What became of each packet: whether rules matched, and whether fwsim was sure of it."""
    rng = Random(seed)
    rules = memory_rules(rng, kind, family, backend)
    with Lab() as lab:
        after = monotonic()
        assert not lab.restore(rules.dump(), family, backend)
        loaded = Instant(after, monotonic())
        counts_from_load = "RATEEST" in rules.dump()
        duel = TimedDuel(lab, family, bare_world(), loaded if counts_from_load else None)
        talk = Talk(rng, family)
        for number in range(PACKETS):
            kernel, fwsim = duel.say(with_contents(talk.next()))
            if duel.blurred:
                return
            if kernel not in fwsim:
                told = (("kernel", kernel), *(("fwsim", seen) for seen in fwsim[:1]))
                lines = [f"{who}: {line}" for who, seen in told for line in seen.lines()]
                head = f"{seed}: packet {number}: {talk.sent[-1].to_dict()}"
                pytest.fail("\n".join([rules.dump(), head, *lines]), pytrace=False)
            yield "matched" if kernel.matched else "missed"
            yield "sure" if all(seen == kernel for seen in fwsim) else "unsure"


@pytest.mark.parametrize("kind", [*KINDS, "any"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_what_is_remembered_is_what_the_kernel_remembers(
    backend: str, family: int, kind: str, seed: int
) -> None:
    tally: Counter[str] = Counter()
    for number in range(CASES):
        name = f"{backend}-{family}-{kind}-{seed}-{number}"
        tally.update(_conversation(name, backend, family, kind))
    compared = tally["matched"] + tally["missed"]
    assert compared == PACKETS * CASES or (kind in ("rateest", "any") and compared > PACKETS)
    assert tally["matched"] >= compared * 0.3
    assert tally["sure"] >= compared * 0.9
