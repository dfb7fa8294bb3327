"""Which rules of a chain can meet at all: found out from their exact values, before any set is
asked. Two rules that want different values of one field never match the same packet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.model.fields import Field
from fwsim.model.pred import And, In, Pred

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

Exact = Mapping[Field, int]
_FEW = 16  # so many rules are asked one by one, more of them by unions


def exact(pred: Pred) -> Exact:
    """The fields of which a predicate wants one value."""
    parts = pred.preds if isinstance(pred, And) else (pred,)
    return {
        part.field: part.spans[0][0]
        for part in parts
        if isinstance(part, In)
        and part.mask is None
        and len(part.spans) == 1
        and part.spans[0][0] == part.spans[0][1]
    }


class Overlaps:
    """The rules of a chain by the field that tells most of them apart; those that do not name it
    may meet any."""

    def __init__(self, wanted: Sequence[Exact]) -> None:
        self._wanted = wanted
        self._field = _telling(wanted)
        self._with: dict[int, list[int]] = {}
        self._any: list[int] = []
        for number, fields in enumerate(wanted):
            value = self._value(fields)
            if value is None:
                self._any.append(number)
            else:
                self._with.setdefault(value, []).append(number)

    def _value(self, fields: Exact) -> int | None:
        return None if self._field is None else fields.get(self._field)

    def of(self, number: int) -> Iterable[int]:
        """The rules that may meet this one, in order, itself among them."""
        return self.meeting(self._wanted[number])

    def near(self, fields: Exact, after: int = 0) -> Iterator[int]:
        """The same, from one rule on, and looked at field by field."""
        for number in self.meeting(fields):
            if number >= after:
                wanted = self._wanted[number]
                if all(wanted.get(field, value) == value for field, value in fields.items()):
                    yield number

    def meeting(self, fields: Exact) -> Iterable[int]:
        """The rules that may match packets of which these fields have these values, in order."""
        own = self._value(fields)
        if own is None:
            return range(len(self._wanted))
        near = self._with.get(own, [])
        return sorted([*near, *self._any]) if self._any else near


def _telling(wanted: Sequence[Exact]) -> Field | None:
    values: dict[Field, set[int]] = {}
    for fields in wanted:
        for field, value in fields.items():
            values.setdefault(field, set()).add(value)
    return max(values, key=lambda field: len(values[field]), default=None)


class Before:
    """What the first rules of a chain take away together, any number of them."""

    def __init__(
        self, parts: Sequence[BCDDFunction], overlaps: Overlaps, diagrams: Diagrams
    ) -> None:
        self._parts, self._overlaps, self._diagrams = parts, overlaps, diagrams

    @cached_property
    def _levels(self) -> list[list[BCDDFunction]]:
        """Unions of 1, 2, 4, … rules in a row."""
        levels = [list(self._parts)]
        while len(levels[-1]) > 1:
            last = levels[-1]
            levels.append([a | b for a, b in zip(last[::2], last[1::2], strict=False)])
        return levels

    def left(self, number: int, packets: BCDDFunction, known: Exact) -> BCDDFunction:
        """Those of some packets, which have these values, that none of the first rules takes."""
        for part in self._first(number, known):
            if not packets.satisfiable():
                break
            packets = part.imp_strict(packets)
        return packets

    def _first(self, number: int, known: Exact) -> Iterable[BCDDFunction]:
        near = self._overlaps.meeting(known)
        if not isinstance(near, range):
            found = [n for n in near if n < number]
            if len(found) <= _FEW:
                return [self._parts[n] for n in found]
        if number <= _FEW:
            return self._parts[:number]
        at, blocks = 0, []
        for level in reversed(range(number.bit_length())):
            if number >> level & 1:
                blocks.append(self._levels[level][at >> level])
                at += 1 << level
        return blocks
