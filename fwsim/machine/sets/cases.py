"""The value of a field at a point of the way, as cases: which packets, as they came in, have which
value there. A value is a number, or bits that are functions of the packets themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fwsim.model.pred import In
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

Bits = tuple["BCDDFunction", ...]  # of a field, the least significant first
Value = int | Bits


class Case(NamedTuple):
    """Packets, and the value that the field has for them."""

    where: BCDDFunction
    value: Value


Cases = tuple[Case, ...]
"""Disjoint; together all packets that matter."""


def joined(cases: Iterable[Case], diagrams: Diagrams) -> Cases:
    """The cases with equal values put together, those of no packets left out."""
    groups: dict[Value, list[BCDDFunction]] = {}
    for where, value in cases:
        groups.setdefault(value, []).append(where)
    return tuple(
        Case(found, value)
        for value, parts in groups.items()
        if (found := diagrams.either(parts)).satisfiable()
    )


def within(cases: Cases, atom: In, diagrams: Diagrams) -> BCDDFunction:
    """The packets whose value lies in an atom."""
    return diagrams.either([
        where if isinstance(value, int) else where & diagrams.within(atom, value)
        for where, value in cases
        if not isinstance(value, int) or holds(atom, value)
    ])  # fmt: skip


def holds(atom: In, value: int) -> bool:
    """A number lies in an atom."""
    seen = value if atom.mask is None else value & atom.mask
    return any(low <= seen <= high for low, high in atom.spans)


def bit_of(cases: Cases, place: int, diagrams: Diagrams) -> BCDDFunction:
    """The packets whose value has a bit set."""
    return diagrams.either([
        where if isinstance(value, int) else where & value[place]
        for where, value in cases
        if not isinstance(value, int) or value >> place & 1
    ])  # fmt: skip


def mapped(
    cases: Cases, number: Callable[[int], int], bits: Callable[[Bits], Bits], diagrams: Diagrams
) -> Cases:
    """The cases with every value changed: numbers by one function, bits by the other."""
    return joined(
        (
            Case(where, number(value) if isinstance(value, int) else bits(value))
            for where, value in cases
        ),
        diagrams,
    )


def lessened(cases: Cases, diagrams: Diagrams) -> Cases:
    """The cases with every value less by one."""

    def borrowed(bits: Bits) -> Bits:
        found, none = [], diagrams.true  # so far, no lower bit is set
        for bit in bits:
            found.append(bit ^ none)
            none = bit.imp_strict(none)
        return tuple(found)

    return mapped(cases, lambda number: number - 1, borrowed, diagrams)


def differ(old: Cases, new: Cases, diagrams: Diagrams) -> BCDDFunction:
    """The packets for which two values of a field are not the same."""
    return diagrams.either([
        here & there & _unlike(one, other, diagrams)
        for here, one in old
        for there, other in new
        if one != other
    ])  # fmt: skip


def _unlike(one: Value, other: Value, diagrams: Diagrams) -> BCDDFunction:
    """Where two values differ. A bit against another that is no constant counts as different: it
    was chosen freely, or a number was added."""
    if isinstance(one, int) and isinstance(other, int):
        return diagrams.true
    if isinstance(one, int):
        one, other = other, one
    assert not isinstance(one, int)
    parts = []
    for place, bit in enumerate(one):
        if isinstance(other, int):
            parts.append(~bit if other >> place & 1 else bit)
        elif bit != other[place]:
            fixed = other[place]
            parts.append(~bit if fixed.valid() else diagrams.true if fixed.satisfiable() else bit)
    return diagrams.either(parts)
