"""What a simulated packet went through: steps, legs, and where each decision stands in the text.

A trace is data; text, JSON and pictures are renderings of it (fwsim.show).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

VERDICT_OF: Mapping[str, str] = MappingProxyType({
    "delivered": "ACCEPT", "forwarded": "ACCEPT", "sent": "ACCEPT", "dropped": "DROP",
    "rejected": "REJECT", "consumed": "DROP", "unknown": "UNKNOWN",
})  # fmt: skip
"""What each fate comes to."""
PASSED = frozenset(fate for fate, verdict in VERDICT_OF.items() if verdict == "ACCEPT")


class Ref(NamedTuple):
    """A rule, or a chain's policy (`rule` is then "policy"), on a host. `line` is its line in the
    text it was read from (0 if none), `text` its canonical form."""

    host: str
    family: int
    table: str
    chain: str
    rule: int | str
    line: int = 0
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's decided_by."""
        return {
            "host": self.host, "family": self.family, "table": self.table,
            "chain": self.chain, "rule": self.rule,
        }  # fmt: skip

    def written(self) -> dict[str, Any]:
        """INTERFACE's REF."""
        return {
            "family": self.family, "table": self.table, "chain": self.chain, "rule": self.rule,
            "line": self.line or None, "text": self.text,
        }  # fmt: skip


class Step(NamedTuple):
    """One step of a packet's way.

    `kind` says what happened (enter, route, hook, table, rule, policy, nat, conntrack, end, …) and
    with `data` gives the renderers their words; `text` is what stands in the dump or in a routing
    table; `holds` whether a rule matched (None: not known, or not asked); `before` and `after` the
    packet where the step changed it; `children` the steps within it, for a rule its reasons. A
    step `missed` stands for rules that were passed over, from its `ref` to `data["last"]`."""

    kind: str
    text: str = ""
    ref: Ref | None = None
    holds: bool | None = None
    before: Packet | None = None
    after: Packet | None = None
    children: Sequence[Step] = ()
    data: Mapping[str, Any] = MappingProxyType({})


class Later(Sequence[Step]):
    """Steps that are made when somebody asks for them. `target` tells that of each beforehand."""

    def __init__(
        self, count: int, make: Callable[[int], Step], target: Callable[[int], str]
    ) -> None:
        self._count, self._make, self._target = count, make, target

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, at: int | slice) -> Step | tuple[Step, ...]:
        which = range(self._count)[at]
        return self._make(which) if isinstance(which, int) else tuple(map(self._make, which))

    def having(self, target: str) -> Iterator[Step]:
        """Those of that target; the others are not made."""
        return (self._make(at) for at in range(self._count) if self._target(at) == target)


def rule_steps(steps: Iterable[Step], target: str | None = None) -> Iterator[Step]:
    """A table's steps with each rule that was passed over as a step of its own; of these, if a
    target is given, only such as have it."""
    for step in steps:
        if step.kind != "missed":
            yield step
        elif target is None or not isinstance(step.children, Later):
            yield from step.children
        else:
            yield from step.children.having(target)


class Emitted(NamedTuple):
    """A packet as it left a host by `dev`, with the destination MAC it was sent to, if known."""

    host: str
    dev: str
    packet: Packet
    mac_dst: str | None = None


class Counted(NamedTuple):
    """A rule or a policy (`rule` 0) whose counters moved."""

    host: str
    family: int
    table: str
    chain: str
    rule: int = 0


class Leg(NamedTuple):
    """One packet's whole way, through one or more hosts. Members as in INTERFACE's LEG; `reason`
    is why it ended where no rule decided, `depends_on` what is not known, `arrived` the packet as
    it was at its end, `where` the host at which that was."""

    direction: str
    packet: Packet
    verdict: str
    fate: str
    decided_by: Ref | None
    matched: tuple[Counted, ...]
    policies: tuple[Counted, ...]
    ctstate: str
    emitted: tuple[Emitted, ...]
    hops: tuple[Step, ...]
    reason: str = ""
    depends_on: tuple[str, ...] = ()
    arrived: Packet | None = None
    where: str = ""
    source: str = ""
    by_chance: tuple[str, ...] = ()


class Exchange(NamedTuple):
    """A request and what came of it: `outcome` is what the client would report. Where it depends
    on what nobody knows, `branches` are the ways that it may go."""

    verdict: str
    outcome: str
    decided_by: Ref | None
    legs: tuple[Leg, ...]
    notes: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()


def got_through(exchange: Exchange) -> bool | None:
    """Everything asked got through, and was answered where an answer is expected; None: that
    depends on what is not known."""
    if "UNKNOWN" in (exchange.verdict, exchange.outcome.upper()):
        return None
    if exchange.outcome == "answered":
        return True
    return "no_answer_expected" in exchange.notes and exchange.verdict == "ACCEPT"


class Branch(NamedTuple):
    """What came of an exchange under answers to unknown facts, each as (name, phrase, holds)."""

    given: tuple[tuple[str, str, bool], ...]
    exchange: Exchange
