"""On which facts that nobody knows a set of packets depends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.model.fields import Field
from fwsim.readings.concrete import free_key
from fwsim.readings.words import fact_words

if TYPE_CHECKING:
    from fwsim.machine.sets.env import Facts
    from fwsim.readings.space import PacketSet

_MOST_FACTS = 20


def unsettled(packets: PacketSet, facts: Facts) -> list[str]:
    """The facts on which it depends whether a packet is in the set."""
    found: dict[str, None] = {}
    for name, free in facts.asked.items():
        field = Field(free_key(name), 1, "flag")
        if field in packets.space.diagrams.fields.values() and packets.erase(field) != packets:
            found[fact_words(free.name, free.why)] = None
        if len(found) >= _MOST_FACTS:
            break
    return list(found)
