"""Rules about connections mean what the kernel means: random rules and conversations, compared
after every packet in counters, frames and the connections with their marks, zones, labels, helpers
and counters."""

from __future__ import annotations

from random import Random

import pytest

from .conn_rules import ConnTalk, conn_rules
from .lab import require_kernel
from .test_random_walk import PACKETS_EACH, Case, Tally, complain, random_difference

require_kernel()

CASES_EACH = 20


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_random_rules_about_connections(backend: str, family: int, seed: int) -> None:
    tally = Tally()
    for number in range(CASES_EACH):
        name = f"connections-{backend}-{family}-{seed}-{number}"
        rng = Random(name)
        case = Case(backend, family, conn_rules(rng, family, backend), tracked=True)
        if difference := random_difference(case, ConnTalk(rng, family), tally):
            complain(difference, name)
    assert tally.refused <= CASES_EACH // 10
    assert tally.packets >= CASES_EACH * PACKETS_EACH * 0.6
    assert tally.with_rules >= tally.packets * 0.5
    assert tally.emitted >= tally.packets * 0.1
    assert {"NEW", "ESTABLISHED"} < set(tally.states)
    assert len(tally.states) >= 4  # of RELATED, INVALID and UNTRACKED one may stay away
