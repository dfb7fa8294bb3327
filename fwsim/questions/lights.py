"""Which rules an exchange passed by, and where its packets ended: what lights up in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fwsim.model.trace import Exchange
from fwsim.model.tuples import NamedTuple

Spot = tuple[str, str, int]
"""Table, chain, and a rule's number, 0 for the policy."""


class Lights(NamedTuple):
    """By spot: the directions of the packets that matched there, in order; and of those that it
    was decided for in the end, direction and verdict."""

    passed: Mapping[Spot, tuple[str, ...]] = MappingProxyType({})
    ended: Mapping[Spot, tuple[tuple[str, str], ...]] = MappingProxyType({})

    @property
    def tables(self) -> list[str]:
        """The tables with a rule that a packet matched, or where it was decided."""
        told = [spot for spot in self.passed if spot[2]]
        return [*dict.fromkeys(table for table, _, _ in (*told, *self.ended))]


def lights(exchange: Exchange, host: str, family: int) -> Lights:
    """What an exchange lights up in the rules of a host."""
    passed: dict[Spot, dict[str, None]] = {}
    ended: dict[Spot, dict[tuple[str, str], None]] = {}
    for leg in exchange.legs:
        for at in (*leg.matched, *leg.policies):
            if (at.host, at.family) == (host, family):
                passed.setdefault((at.table, at.chain, at.rule), {})[leg.direction] = None
        by = leg.decided_by
        if by is not None and (by.host, by.family) == (host, family):
            spot = (by.table, by.chain, by.rule if isinstance(by.rule, int) else 0)
            ended.setdefault(spot, {})[leg.direction, leg.verdict] = None
            passed.setdefault(spot, {})[leg.direction] = None
    return Lights(
        {spot: tuple(found) for spot, found in passed.items()},
        {spot: tuple(found) for spot, found in ended.items()},
    )
