"""A set's elements while commands change them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fwsim.language.ipset.model import Element, Entry, IpSet, has_place_of


class Opened:
    """A set under change."""

    def __init__(self, one: IpSet) -> None:
        self.head, self.members = one.head, dict(one.members)
        self._by_first: dict[Any, dict[Element, None]] = {}

    def closed(self) -> IpSet:
        """The set as it is now; it is changed no more."""
        return IpSet(self.head, MappingProxyType(self.members))

    @property
    def is_full(self) -> bool:
        """A hash holds no more. Nothing else has a limit: a list's size is not heeded."""
        return "maxelem" in self.head.options and len(self.members) >= self.head.maxelem

    def there(self, element: Element) -> Element | None:
        """The element that has this one's place."""
        if not self.head.kind.is_loose:
            return element if element in self.members else None
        if not self._by_first:
            for one in self.members:
                self._by_first.setdefault(one[0], {})[one] = None
        beside = self._by_first.get(element[0], {})
        return next((one for one in beside if has_place_of(one, element)), None)

    def put(self, element: Element, entry: Entry) -> None:
        """Put an element in."""
        self.members[element] = entry
        if self._by_first:
            self._by_first.setdefault(element[0], {})[element] = None

    def take(self, element: Element) -> Entry:
        """Take an element out."""
        if self._by_first:
            del self._by_first[element[0]][element]
        return self.members.pop(element)

    def arrange(self, members: Mapping[Element, Entry]) -> None:
        """Other elements, or in another order."""
        self.members, self._by_first = dict(members), {}
