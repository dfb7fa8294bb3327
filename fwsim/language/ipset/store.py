"""The elements of a host's sets at a moment: those of the dump, and what packets changed since.

The memory of all sets of a host is one: for each set that was changed, the elements that changed,
None where one went. `Entry.timeout` is the second of simulated time after which an element is gone;
simulated time begins with the dump.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fwsim.language.ipset.model import Element, Entry, IpSet
from fwsim.model.facts import Facts
from fwsim.model.jiffies import jiffies, ticks

SCOPE = ("set",)
Changes = Mapping[Element, Entry | None]
Memory = Mapping[str, Changes]
_NONE: Memory = MappingProxyType({})


class Store:
    """The sets by name, under change; `remembered` is the memory that they leave."""

    def __init__(self, sets: Mapping[str, IpSet], memory: Memory | None, facts: Facts) -> None:
        self.sets, self.facts = sets, facts
        self.changed: dict[str, dict[Element, Entry | None]] = {}
        self.memory = memory or _NONE

    def remembered(self) -> Memory:
        """The memory from now on."""
        if not self.changed:
            return self.memory
        changes = {name: MappingProxyType(own) for name, own in self.changed.items()}
        return MappingProxyType({**self.memory, **changes})

    def changes(self, name: str) -> Changes:
        """What changed in a set."""
        return self.changed.get(name) or self.memory.get(name, {})

    def entry(self, name: str, element: Element) -> Entry | None:
        """The element's entry, unless it is not there or has run out."""
        changes = self.changes(name)
        found = changes[element] if element in changes else self.sets[name].members.get(element)
        return None if found is None or self.gone(found, element) else found

    def gone(self, entry: Entry, element: Element) -> bool:
        """The element's time has run out."""
        waits = element[-1] is None  # a MAC yet to be learned
        ends = entry.timeout
        return ends is not None and not waits and jiffies(self.facts) > ticks(ends)

    def put(self, name: str, element: Element, entry: Entry | None) -> None:
        """Put an element in with its entry, or take it out."""
        if name not in self.changed:
            self.changed[name] = dict(self.memory.get(name, {}))
        self.changed[name][element] = entry

    def beginning(self, name: str, first: Any) -> list[Element]:
        """The elements whose first part is this."""
        changes = self.changes(name)
        kept = [e for e in self.sets[name].by_first.get(first, ()) if e not in changes]
        return kept + [e for e, entry in changes.items() if entry and e[0] == first]

    def size(self, name: str) -> int:
        """How many elements there are, those that ran out among them."""
        members, changes = self.sets[name].members, self.changes(name)
        more = sum(e not in members for e, entry in changes.items() if entry)
        return len(members) + more - sum(e in members for e, entry in changes.items() if not entry)

    def lengths(self, name: str) -> list[list[int]]:
        """For each part that is a network, its prefix lengths, longest first."""
        one, changes = self.sets[name], self.changes(name)
        left = []
        for at, known in zip(one.head.kind.nets, one.lengths, strict=True):
            count = dict(known)
            for element, entry in changes.items():
                was, now = element in one.members, entry is not None
                count[element[at][1]] = count.get(element[at][1], 0) + now - was
            left.append(sorted((length for length, times in count.items() if times), reverse=True))
        return left

    def held(self, name: str) -> list[Element]:
        """The elements of a list, in its order."""
        changes = self.changes(name)
        kept = [e for e in self.sets[name].members if changes.get(e, True)]
        return kept + [e for e, entry in changes.items() if entry and e not in kept]
