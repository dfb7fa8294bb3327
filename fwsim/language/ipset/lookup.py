"""Who is in a set now, where packets change it: elements that come, go, run out and count.

Semantics: ip_set_test, ip_set_add, ip_set_del (net/netfilter/ipset/ip_set_core.c), the test and add
of ip_set_hash_gen.h, ip_set_bitmap_gen.h and ip_set_list_set.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from fwsim.language.ipset.member import fits
from fwsim.language.ipset.model import Element, Entry, Head, Iface, has_place_of
from fwsim.language.ipset.seen import Question, UnknownError, net_of, seen_parts
from fwsim.language.ipset.store import Store
from fwsim.language.values import bits_of
from fwsim.model.tuples import NamedTuple


class Found(NamedTuple):
    """Whether the packet is in the set, and by which entry."""

    answer: bool
    entry: Entry | None = None


NOTHING = Found(False)


class Sets(Store):
    """The sets of a host, as a packet finds and changes them."""

    # -- asking -----------------------------------------------------------------------------------

    def test(self, name: str, question: Question) -> Found:
        """What the packet finds in a set. Raises UnknownError."""
        head = self.sets[name].head
        if not fits(head, question.ways, question.family):
            return NOTHING
        if head.kind.name == "list:set":
            return self._list(name, question)
        seen = seen_parts(head, question, self.facts)
        if seen is None:
            return NOTHING
        for element in self._candidates(name, seen):
            entry = self.entry(name, element)
            if entry is None:
                continue
            if head.kind.name == "bitmap:ip,mac" and element[1] is None:
                return Found(True, self._learned(name, element, entry, seen[1]))
            entry = self._counted(name, element, entry, question)
            if _agrees(head, entry, question):
                wanted = question.exceptions and bool(head.kind.nets)
                return Found(entry.nomatch is wanted, entry)
        return NOTHING

    def _list(self, name: str, question: Question) -> Found:
        counts = question.counts and question.counts_inside
        inside = question._replace(counted=None, counts=counts)
        head = self.sets[name].head
        for element in self.held(name):
            entry = self.entry(name, element)
            found = self.test(element[0], inside)
            if not found.answer or entry is None:
                continue
            entry = self._counted(name, element, entry, question)
            if _agrees(head, entry, question):
                return Found(True, entry if "skbinfo" in head.options else found.entry)
        return NOTHING

    def _candidates(self, name: str, seen: tuple[Any, ...]) -> Iterator[Element]:
        """Elements that may be the packet's, in the order in which the kernel looks."""
        head = self.sets[name].head
        kind, bits = head.kind, bits_of(head.family or 4)
        match kind.name:
            case "hash:net,iface":
                yield from self._by_device(name, seen)
            case "bitmap:ip,mac":
                for element in self.beginning(name, seen[0]):
                    if element[1] in (None, seen[1]):
                        yield element
            case _:
                for lengths in product(*self.lengths(name)):
                    parts = list(seen)
                    for at, length in zip(kind.nets, lengths, strict=True):
                        parts[at] = net_of(parts[at], length, bits, head)
                    yield tuple(parts)

    def _by_device(self, name: str, seen: tuple[Any, ...]) -> Iterator[Element]:
        """The smallest network decides, and no other is asked, where its last element is of another
        device. Bridge ports are apart: iptables never asks for them (IPSET_FLAG_PHYSDEV)."""
        head, (address, device) = self.sets[name].head, seen
        bits = bits_of(head.family or 4)
        for length in self.lengths(name)[0]:
            elements = self.beginning(name, net_of(address, length, bits, head))
            own = [element for element in elements if not element[1].physdev]
            yield from (element for element in own if element[1].is_of(device))
            if own and not own[-1][1].is_of(device):
                return

    def _counted(self, name: str, element: Element, entry: Entry, question: Question) -> Entry:
        if "counters" not in self.sets[name].head.options or not question.counts:
            return entry
        octets = entry.octets + self.facts["length"]
        counted = entry._replace(packets=entry.packets + 1, octets=octets)
        self.put(name, element, counted)
        return counted

    def _learned(self, name: str, element: Element, entry: Entry, mac: int) -> Entry:
        """The packet's MAC is added, which begins the address's time."""
        new = self._begun(self._new(self.sets[name].head, None), entry)
        self.put(name, element, None)
        self.put(name, (element[0], mac), new)
        return new

    def _begun(self, entry: Entry, before: Entry) -> Entry:
        """With the time that was to begin when a MAC would be learned."""
        waited = before.timeout
        return entry._replace(timeout=None if waited is None else self.facts.now + waited)

    # -- changing ---------------------------------------------------------------------------------

    def add(self, name: str, question: Question, seconds: int | None, exist: bool) -> bool:
        """Put the packet's element in, for the set's own time unless told (0: for good)."""
        head = self.sets[name].head
        if head.kind.name == "list:set":
            inner = (element[0] for element in self.held(name))
            return any(self.add(one, question, seconds, exist) for one in inner)
        element = self._element(name, question)
        if element is None or not _within(head, element):
            return False
        there, entry = self._in_place(name, element), self._new(head, seconds)
        if there is None:
            if not self._has_room(name):
                return False
            self.put(name, element, entry)
            return True
        waits = there[-1] is None
        if not exist and not waits:
            return False
        before = self.entry(name, there)
        if waits and before and seconds in (None, head.timeout):
            entry = self._begun(entry, before)
        self.put(name, there, None)
        self.put(name, there if head.kind.nets else element, entry)
        return True

    def _in_place(self, name: str, element: Element) -> Element | None:
        """The element that has this one's place, if it has not run out."""
        loose = self.sets[name].head.kind.is_loose
        beside = self.beginning(name, element[0]) if loose else [element]
        there = (one for one in beside if self.entry(name, one) and has_place_of(one, element))
        return next(there, None)

    def _new(self, head: Head, seconds: int | None) -> Entry:
        stays = head.timeout if seconds is None else seconds
        timed = head.timeout is not None and stays
        counters = "counters" in head.options
        return Entry(
            timeout=self.facts.now + (stays or 0) if timed else None,
            packets=int(counters),
            octets=self.facts["length"] if counters else 0,
        )

    def _has_room(self, name: str) -> bool:
        """Whether a hash is not full, or elements that ran out leave room. One created with
        forceadd would drop another: which, nobody knows."""
        head = self.sets[name].head
        if head.kind.is_bitmap or self.size(name) < head.maxelem:
            return True
        if "forceadd" in head.options:
            raise UnknownError
        members, changes = self.sets[name].members, self.changes(name)
        every = {**members, **changes}.items()
        gone = [element for element, entry in every if entry and self.gone(entry, element)]
        for element in gone:
            self.put(name, element, None)
        return bool(gone)

    def delete(self, name: str, question: Question) -> bool:
        """Take the packet's element out."""
        if self.sets[name].head.kind.name == "list:set":
            return any(self.delete(element[0], question) for element in self.held(name))
        element = self._element(name, question)
        there = None if element is None else self._in_place(name, element)
        if there is None:
            return False
        self.put(name, there, None)
        return True

    def _element(self, name: str, question: Question) -> Element | None:
        """The packet's element: of networks, with the longest prefix that the set has."""
        head = self.sets[name].head
        if not fits(head, question.ways, question.family):
            return None
        seen = seen_parts(head, question, self.facts)
        if seen is None:
            return None
        parts, bits = list(seen), bits_of(head.family or 4)
        for at, lengths in zip(head.kind.nets, self.lengths(name), strict=True):
            parts[at] = net_of(parts[at], lengths[0] if lengths else bits, bits, head)
        if head.kind.parts[-1] == "iface":
            parts[-1] = Iface(parts[-1])
        return tuple(parts)


def _agrees(head: Head, entry: Entry, question: Question) -> bool:
    if question.counted is None or "counters" not in head.options:
        return True
    return question.counted(entry.packets, entry.octets)


def _within(head: Head, element: Element) -> bool:
    if not head.kind.is_bitmap:
        return True
    first, last = head.options["range"]
    return bool(first <= element[0] <= last)
