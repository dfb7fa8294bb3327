"""What a packet's rules are asked with besides the packet: the time, chance, what is remembered,
and the answers to what nobody knows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any

from fwsim.machine.chance import Chance
from fwsim.machine.conntrack import Conntrack
from fwsim.model.pred import Free
from fwsim.model.tuples import NamedTuple

Memory = dict[Hashable, Any]


class Given(NamedTuple):
    """What the user told besides the place: answers to facts by name (`assume`), the Unix time at
    which simulated time begins, a seed for coins (None: a coin is an unknown fact)."""

    assume: Mapping[str, bool] = MappingProxyType({})
    epoch: float | None = None
    seed: int | None = None

    def key_of(self, name: str) -> str | None:
        """Under which a fact is answered: by its whole name or the words that it begins with."""
        fits = (key for key in self.assume if name == key or name.startswith(f"{key} "))
        return next(fits, None)

    def answer(self, name: str) -> bool | None:
        """The user's answer to a fact; None where there is none."""
        key = self.key_of(name)
        return None if key is None else self.assume[key]


class Script:
    """Answers to unknown facts, used up in the order in which they are asked for; `asked` keeps
    what they were given to. Within one packet, a fact that is the same wherever it is asked
    (`Free.once`) gets one answer. `used` are the user's assumptions that something asked for."""

    def __init__(self, answers: tuple[bool, ...] = ()) -> None:
        self.answers = answers
        self.asked: list[Free] = []
        self.used: set[str] = set()
        self.packet = 0
        self.known: dict[tuple[int, str], bool] = {}

    def settle(self, free: Free) -> bool | None:
        """The next answer; None where none is left."""
        key = (self.packet, free.name)
        if free.once and key in self.known:
            return self.known[key]
        number = len(self.asked)
        self.asked.append(free)
        if number >= len(self.answers):
            return None
        self.known[key] = self.answers[number]
        return self.answers[number]


class Moment(NamedTuple):
    """`now` in simulated seconds. `memory` is what the host's rules remember, `tracker` knows its
    connections; both change."""

    now: float
    chance: Chance
    memory: Memory
    tracker: Conntrack
    given: Given
    script: Script

    def assumed(self, name: str) -> bool | None:
        """The user's answer to a fact."""
        key = self.given.key_of(name)
        if key is None:
            return None
        self.script.used.add(key)
        return self.given.assume[key]
