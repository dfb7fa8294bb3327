"""The article's pings, as the kernel and as fwsim carry them: answers, and every counter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fwsim.machine.place import open_place
from fwsim.machine.response import Start
from fwsim.machine.simulate import Simulation
from fwsim.machine.world import World
from fwsim.model.names import address_value
from fwsim.model.packet import ICMP, ICMP_ECHO, Packet

from .article import STAGES, Article
from .counters import Key, counters_of
from .lab import require_kernel

require_kernel()

TARGETS = ("172.18.0.2", "8.8.8.8")
Counters = dict[Key, tuple[int, int]]


def counted(save: str) -> Counters:
    """Packets and bytes; `counters_of` reads the first of each pair, so turn them round."""
    octets = counters_of(re.sub(r"\[(\d+):(\d+)\]", r"[\2:\1]", save))
    return {key: (packets, octets[key]) for key, packets in counters_of(save).items()}


def kernel_says(article: Article, address: str) -> tuple[bool, Counters]:
    before = counted(article.save())
    answered = article.ping("ns1", address)
    after = counted(article.save())
    moved = {key: (p - before[key][0], o - before[key][1]) for key, (p, o) in after.items()}
    return answered, {key: pair for key, pair in moved.items() if any(pair)}


def fwsim_says(world: World, address: str) -> tuple[bool, Counters]:
    simulation = Simulation.of(world)
    ends = address_value("172.18.0.3", 4), address_value(address, 4)
    echo = Packet(4, *ends, ICMP, icmp_type=ICMP_ECHO[4][0], payload_len=56)
    exchange = simulation.exchange(echo, Start("ns1"))
    counters = simulation.states["host"].counters.items()
    moved = {(f, table, chain, rule or "policy"): n for (f, table, chain, rule), n in counters}
    return exchange.outcome == "answered", moved


@pytest.mark.parametrize("stage", STAGES)
def test_every_counter_moves_as_the_kernels_does(stage: str, tmp_path: Path) -> None:
    with Article(stage) as article:
        article.snapshot(tmp_path)
        for address in TARGETS:
            answered, moved = kernel_says(article, address)
            assert moved
            for world in (open_place(f"example:{stage}"), open_place(str(tmp_path))):
                assert fwsim_says(world, address) == (answered, moved), (world.title, address)
