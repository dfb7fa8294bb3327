"""What packets leave behind in one namespace: connections, counters, time. Mutable inside a
simulation, forked (`fork`) before one begins, so that nobody outside sees it change."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from fwsim.machine.conntrack import Conntrack

CounterKey = tuple[int, str, str, int]  # family, table, chain, rule (0: the policy)

FRAGMENTS_WAIT = 60.0  # seconds, from the first on (IPV6_FRAG_TIMEOUT, nf_conntrack_reasm.c)


class State:
    """`counters` are what was added to those of the dump: packets and bytes. `memory` is what
    rules and shared lists remember; its values are never changed, only replaced. `fragments` are
    those that wait for others, the oldest first: where and what they have in common, until when."""

    def __init__(self, conntrack: Conntrack) -> None:
        self.conntrack = conntrack
        self.counters: dict[CounterKey, tuple[int, int]] = {}
        self.memory: dict[Hashable, Any] = {}
        self.fragments: dict[Hashable, float] = {}

    def count(self, key: CounterKey, octets: int) -> None:
        """One more packet of that many bytes."""
        packets, total = self.counters.get(key, (0, 0))
        self.counters[key] = (packets + 1, total + octets)

    def waits(self, datagram: Hashable, now: float) -> bool:
        """Whether a fragment of it came before and is not given up yet."""
        return self.fragments.get(datagram, now) > now

    def wait(self, datagram: Hashable, now: float) -> None:
        """Its first fragment waits for the others; those that waited in vain are forgotten."""
        while self.fragments and (oldest := next(iter(self.fragments.items())))[1] <= now:
            del self.fragments[oldest[0]]
        self.fragments[datagram] = now + FRAGMENTS_WAIT

    def fork(self) -> State:
        """A copy that changes on its own."""
        fork = State(self.conntrack.fork())
        fork.counters.update(self.counters)
        fork.memory.update(self.memory)
        fork.fragments.update(self.fragments)
        return fork
