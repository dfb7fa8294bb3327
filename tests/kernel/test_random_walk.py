"""Random rules and random conversations: after every packet, the kernel's counters and the frames
that left are what fwsim says. FWSIM_SEED chooses others; what once differed is replayed first, from
fixtures/kernel."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from .cases import (
    KEPT,
    PACKETS_EACH,
    Case,
    DifferenceError,
    Tally,
    bare_world,
    case_from_json,
    complain,
    random_difference,
    run,
)
from .conversations import Talk
from .lab import require_kernel
from .rulesets import random_rules

require_kernel()

__all__ = ["PACKETS_EACH", "Case", "Tally", "bare_world", "complain", "random_difference"]
CASES_EACH = 20

# tests


def kept() -> Iterable[Path]:
    return sorted(KEPT.glob("*.json"))


@pytest.mark.parametrize("path", kept(), ids=lambda p: p.stem)
def test_what_once_differed_agrees(path: Path) -> None:
    case, tally = case_from_json(path.read_text()), Tally()
    assert case_from_json(case.to_json()) == case
    try:
        run(case, tally=tally)
    except DifferenceError as difference:
        pytest.fail(difference.report(), pytrace=False)
    assert tally.packets == len(case.packets) > 0


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_random_rules_and_what_the_host_answers(backend: str, family: int, seed: int) -> None:
    tally = Tally()
    for number in range(CASES_EACH // 2):
        name = f"answers-{backend}-{family}-{seed}-{number}"
        rng = Random(name)
        case = Case(backend, family, random_rules(rng, family), answers=True)
        if difference := random_difference(case, Talk(rng, family, plain=True), tally):
            complain(difference, name)
    assert tally.fates["delivered"] + tally.fates["rejected"] >= tally.packets * 0.1


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_random_rules_and_packets(backend: str, family: int, seed: int) -> None:
    tally = Tally()
    for number in range(CASES_EACH):
        name = f"{backend}-{family}-{seed}-{number}"
        rng = Random(name)
        case = Case(backend, family, random_rules(rng, family))
        if difference := random_difference(case, Talk(rng, family), tally):
            complain(difference, name)
    assert tally.refused <= CASES_EACH // 10
    assert tally.packets >= CASES_EACH * PACKETS_EACH * 0.7
    assert tally.with_rules >= tally.packets * 0.5
    assert tally.emitted >= tally.packets * 0.2
    assert tally.chance <= tally.packets * 0.05
    assert {"delivered", "forwarded", "dropped", "sent"} <= set(tally.fates)
    assert {"NEW", "ESTABLISHED", "RELATED", "INVALID"} <= set(tally.states)
