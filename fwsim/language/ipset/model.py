"""A set as a value: its type, how it was created, and its elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from fwsim.language.ipset.kinds import Kind
from fwsim.language.values import bits_of
from fwsim.model.tuples import NamedTuple

Element = tuple[Any, ...]
"""One part for each of the type's: an address; (address, prefix length); (protocol, port); a MAC
address as an integer, None where it is yet to be learned; an Iface; a mark; a set's name."""


class Iface(NamedTuple):
    """An interface of an element. `physdev`: a bridge port; `wildcard`: the name's beginning."""

    name: str
    physdev: bool = False
    wildcard: bool = False

    def is_of(self, device: str) -> bool:
        """The device has that name, or one that begins so."""
        return device.startswith(self.name) if self.wildcard else device == self.name


def has_place_of(held: Element, new: Element) -> bool:
    """Where one of them is, the other cannot come, though their first parts alone are the same: in
    a bitmap an address has one MAC; a device's name begins like that of a wildcard."""
    if not isinstance(held[-1], Iface):
        return True
    iface, other = held[-1], new[-1]
    return iface.physdev == other.physdev and iface.is_of(other.name)


class Entry(NamedTuple):
    """What a set holds besides an element: seconds it stays (None: for good), counters, a comment,
    what --map-set takes (mark and mask, priority, queue); `nomatch`: an exception."""

    timeout: float | None = None
    packets: int = 0
    octets: int = 0
    comment: str = ""
    mark: tuple[int, int] | None = None
    priority: int = 0
    queue: int = 0
    nomatch: bool = False


PLAIN = Entry()


class Head(NamedTuple):
    """A set without its elements. `family` is 4, 6, or 0 for both; `options` as it was created."""

    name: str
    kind: Kind
    family: int
    options: Mapping[str, Any] = MappingProxyType({})

    @property
    def timeout(self) -> int | None:
        """The seconds that an element stays if it was told no others (0: for good); None where
        elements have no such time."""
        value = self.options.get("timeout")
        return None if value is None else int(value)

    @property
    def maxelem(self) -> int:
        """How many elements a hash may hold."""
        return int(self.options.get("maxelem", 65536))

    @property
    def mask(self) -> int:
        """What addresses are cut to before they are looked up (netmask, bitmask)."""
        bits = bits_of(self.family or 4)
        full = (1 << bits) - 1
        if "bitmask" in self.options:
            return int(self.options["bitmask"])
        length = int(self.options.get("netmask", bits))
        return full ^ full >> length if length < bits else full


class IpSet:
    """A set. Equal sets have equal heads and elements, in the same order."""

    def __init__(self, head: Head, members: Mapping[Element, Entry]) -> None:
        self.head, self.members = head, members

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, IpSet)
            and self.head == other.head
            and list(self.members.items()) == list(other.members.items())
        )

    def __hash__(self) -> int:
        return hash(self.head.name)

    def __repr__(self) -> str:
        return f"IpSet({self.head.name!r}, {self.head.kind.name!r}, {len(self.members)} elements)"

    @cached_property
    def fades(self) -> bool:
        """Some of its elements stay for a time only."""
        return any(entry.timeout is not None for entry in self.members.values())

    @cached_property
    def known(self) -> dict[Any, Any]:
        """Who is in it, as predicates that were asked for (fwsim.language.ipset.member)."""
        return {}

    @cached_property
    def lengths(self) -> tuple[Mapping[int, int], ...]:
        """For each part that is a network, the prefix lengths that there are, and how often."""
        return tuple(
            MappingProxyType(Counter(element[at][1] for element in self.members))
            for at in self.head.kind.nets
        )

    @cached_property
    def by_first(self) -> Mapping[Any, tuple[Element, ...]]:
        """The elements by their first part."""
        found: dict[Any, list[Element]] = {}
        for element in self.members:
            found.setdefault(element[0], []).append(element)
        return {first: tuple(elements) for first, elements in found.items()}
