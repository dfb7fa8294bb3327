"""Which tables packets may come to, and which of them before which: the diagram of
fwsim.machine.hooks, read as an order."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fwsim.machine.hooks import DIAGRAM, STAGES, STAGES_NFT, Hook
from fwsim.model.tuples import NamedTuple

_LOOP = "loop"


class At(NamedTuple):
    """A table at a hook; `looped`: for what lo brought in again, which nat's tables do not see."""

    looped: bool
    hook: str
    table: str


class Order:
    """The places that packets may come to from a node of the diagram; with `loops` by lo too."""

    def __init__(self, start: str, tables: Collection[str], *, loops: bool, nft: bool) -> None:
        self._earlier = _earlier(start)
        stages = STAGES_NFT if nft else STAGES
        self.places = [
            At(looped, hook, stage.table)
            for looped, first in ((False, start), (True, _LOOP))
            if loops or not looped
            for hook in _earlier(first)
            for stage in stages[hook]
            if stage.table in tables and not (looped and stage.kind == "nat")
        ]

    def until(self, at: At) -> Iterator[At]:
        """Those where packets may have been before they are at one, and that one."""
        earlier, here = self._earlier.get(at.hook, ()), self.places.index(at)
        for number, place in enumerate(self.places):
            before = place.hook in earlier or (place.hook == at.hook and number <= here)
            if at.looped or (before and not place.looped):
                yield place


def _earlier(start: str) -> dict[str, set[str]]:
    """The hooks that packets may come to from a node of the diagram, lo apart, and which of them
    they may come to before each."""
    found: dict[str, set[str]] = {}
    for node in _onward(start):
        step = DIAGRAM[node]
        if isinstance(step, Hook):
            found.setdefault(step.hook, set())
            for later in _onward(step.then):
                behind = DIAGRAM[later]
                if isinstance(behind, Hook):
                    found.setdefault(behind.hook, set()).add(step.hook)
    return found


def _onward(start: str) -> list[str]:
    nodes = [start]
    for node in nodes:
        step = DIAGRAM[node]
        ways = [step.then] if isinstance(step, Hook) else step.then.values()
        nodes += [way for way in dict.fromkeys(ways) if way != _LOOP and way not in nodes]
    return nodes
