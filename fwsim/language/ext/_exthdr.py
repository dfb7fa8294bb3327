"""What the matches that look for an IPv6 extension header share (ipv6_find_hdr).

A packet that ends within the header is dropped at once; kernels before 2026 only missed it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from fwsim.language.options import Meaning
from fwsim.model import exthdr
from fwsim.model.chain import Found, find
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.pred import Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple


class Header(NamedTuple):
    """An extension header of which the kernel reads `least` bytes; `name` as people say it."""

    kind: int
    least: int
    name: str

    def found(self, facts: Facts) -> Found | None:
        """The first in the packet, if there is one with so many bytes."""
        found = find(facts.packet, self.kind)
        return found if found is not None and found.left >= self.least else None

    def field(
        self, name: str, bits: int, read: Callable[[Found], int], kind: str = "number"
    ) -> Field:
        """Something read off it; 0 where it is not there."""

        def project(facts: Facts) -> int:
            found = self.found(facts)
            return 0 if found is None else read(found)

        return Field(f"{self.name} {name}", bits, kind, project)

    def length(self) -> Field:
        """How long it says that it is."""
        return self.field("length", 12, lambda found: exthdr.octets(self.kind, found.data))

    def number(self, name: str, at: int, size: int, kind: str = "number") -> Field:
        """`size` of its bytes as a number."""

        def read(found: Found) -> int:
            return int.from_bytes(found.data[at : at + size], "big")

        return self.field(name, 8 * size, read, kind)

    def meaning(self, pred: Pred) -> Meaning:
        """`pred` about it where it is there; a drop at once where it is cut off."""
        presence = _presence(self)
        return Meaning(all_of(is_in(presence, 1), pred), is_in(presence, 2))


@cache
def _presence(header: Header) -> Field:
    """0: there is none; 1: there is one; 2: it, or one before it, is cut off."""

    def project(facts: Facts) -> int:
        found = find(facts.packet, header.kind)
        if found is None:
            return 0
        if found.left < header.least or found.left < exthdr.octets(header.kind, found.data):
            return 2
        return 1

    return Field(f"{header.name} present", 2, project=project)
