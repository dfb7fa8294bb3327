"""The kernel's clock: time counted in ticks (include/linux/jiffies.h)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fwsim.model.facts import Facts

HZ = 250
"""Ticks a second (CONFIG_HZ), as most distributions build their kernels. Others (100, 300, 1000)
make the steps coarser or finer in which credit grows and things expire."""


def jiffies(facts: Facts) -> int:
    """The ticks since simulated time began, which is at a tick."""
    return ticks(facts.now)


def ticks(seconds: float) -> int:
    """How many whole ticks there are in a time."""
    return round(seconds * 1_000_000) * HZ // 1_000_000
