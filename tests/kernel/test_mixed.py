"""Rules of every extension together in random chains of all tables, random conversations, legacy
and nft, both families: after every packet, what matched and what left the machine. Every run has a
fresh seed and says which; FWSIM_SEED repeats it.

What differs is shrunk and kept in fixtures/kernel, where test_random_walk replays it.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pytest

from .cases import Case, Tally, complain, random_difference
from .conftest import Told
from .lab import require_kernel
from .mixed import MixedTalk
from .mixed_rules import LEFT_OUT, Mixer
from .modules import absent
from .netns import Netns
from .random_sets import SetWriter, present_kinds

require_kernel()

CASES_EACH = 20


class Kernel(NamedTuple):
    """What this one has: types of sets; extensions that it is without."""

    sets: tuple[str, ...]
    without: frozenset[str]


@pytest.fixture(scope="module")
def kernel(told: Told) -> Kernel:
    with Netns() as host:
        found = Kernel(present_kinds(host), absent(host))
    told.left_out = dict(LEFT_OUT) | dict.fromkeys(found.without, "not in this kernel")
    return found


def mixed_case(name: str, backend: str, family: int, kernel: Kernel) -> tuple[Case, MixedTalk]:
    """The case of that name, and who makes up its packets."""
    rng = Random(name)
    sets = SetWriter(rng, family, kernel.sets, 16)
    text = sets.commands()
    answers = rng.random() < 0.25
    mixer = Mixer(rng, family, backend, sets, kernel.without)
    case = Case(backend, family, mixer.rules(), answers=answers, mixed=True, sets=text)
    cut = backend == "legacy" and rng.random() < 0.5  # nft goes its own ways with what is malformed
    talk = MixedTalk(rng, family, mixer.kinds, mixer.made, cut=cut)
    talk.plain = answers
    return case, talk


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_rules_of_every_extension_together(
    backend: str, family: int, kernel: Kernel, told: Told
) -> None:
    tally = Tally()
    for number in range(CASES_EACH):
        name = f"mixed-{backend}-{family}-{told.seed}-{number}"
        case, talk = mixed_case(name, backend, family, kernel)
        if difference := random_difference(case, talk, tally):
            complain(difference, name)
    told.packets += tally.packets
    told.given_up.update(tally.given_up)
    assert tally.refused <= CASES_EACH // 10
    assert tally.packets >= CASES_EACH * 10
    assert tally.with_rules >= tally.packets * 0.5
    assert {"delivered", "forwarded", "dropped", "sent"} <= set(tally.fates)
    assert {"NEW", "ESTABLISHED"} <= set(tally.states)
