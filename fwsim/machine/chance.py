"""Coins that fall the same way for the same seed."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


class Chance:
    """A generator of that seed, made when it is first asked for: few packets throw coins, and to
    import random takes a while."""

    def __init__(self, seed: object) -> None:
        self.seed = seed

    @cached_property
    def generator(self) -> Random:
        """The generator."""
        from random import Random

        return Random(str(self.seed))  # noqa: S311 (simulated)

    def __copy__(self) -> Chance:
        twin = Chance(self.seed)
        if "generator" in self.__dict__:
            twin.__dict__["generator"] = copy(self.generator)
        return twin
