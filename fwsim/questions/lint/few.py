"""A few of very many packets, to answer for all where it is asked only whether there are any.

The sets that come into a chain are large where hosts are told apart one by one, by their addresses
and MACs. Among those of one host that any of them is found as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.model import fields as F
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.model.fields import Field
    from fwsim.questions.lint.overlap import Exact
    from fwsim.readings.diagram import Diagrams

_DEVICES = (F.IN, F.OUT)
_LARGE = 2000  # nodes; a few packets have some hundred


class Group(NamedTuple):
    """Packets that have these values in common."""

    packets: BCDDFunction
    known: Exact


class Few:
    """Some of a set of packets: those of one host. `hosts` are the fields that tell hosts apart."""

    def __init__(self, packets: BCDDFunction, hosts: tuple[Field, ...], diagrams: Diagrams) -> None:
        self._packets, self._diagrams = packets, diagrams
        self._telling = hosts
        self._one: dict[Field, int] = {}
        self._found: dict[Collection[Field], Group] = {}

    @cached_property
    def worth(self) -> bool:
        """All together are so many that a few are found more quickly."""
        return self._packets.node_count() > _LARGE

    def beside(self, named: Collection[Field]) -> Iterator[Group]:
        """Those that have one host's address and MAC, where that is none of these fields, and one
        way; then those that have any."""
        telling = tuple(field for field in self._telling if field not in named)
        yield self._having((*telling, *(f for f in _DEVICES if f not in named)))
        yield self._having(telling)

    def _having(self, fields: tuple[Field, ...]) -> Group:
        if fields not in self._found:
            if not self._one and self._packets.satisfiable():
                for field in (*self._telling, *_DEVICES):
                    self._diagrams.bits(field)
                self._one = self._diagrams.one_of(self._packets, (*self._telling, *_DEVICES))
            known = {f: self._one[f] for f in fields} if self._one else {}
            self._found[fields] = Group(self._diagrams.having(known) & self._packets, known)
        return self._found[fields]
