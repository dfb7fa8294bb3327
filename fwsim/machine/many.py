"""Many packets as columns: what is told of them, and what follows from that for the other fields.

A field that is told has its column. One that is not is what it is for packets of their kind
(fwsim.machine.kinds), or it follows from their addresses and ports, or nobody knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fwsim.machine import routing
from fwsim.machine.ends import TUPLES, tuple_column
from fwsim.machine.kinds import KINDS, Place, UntoldError, value
from fwsim.machine.moment import Given
from fwsim.model import fields as F
from fwsim.model.errors import QuestionError
from fwsim.model.fields import Field
from fwsim.model.names import iface_text
from fwsim.model.pred import FALSE, TRUE, Free, In, Pred, is_in
from fwsim.model.tuples import NamedTuple
from fwsim.readings.columns import Column, column, ordered, values_of
from fwsim.readings.concrete import free_key, holds

WRITTEN = {field.name: field for field in (F.MARK, F.TOS, F.PRIORITY, F.CT_MARK)}
"""The fields that rules of a table change and its later rules may ask for."""
_PORTS = {"sport": F.SPORT, "dport": F.DPORT}
_ICMP = {4: 1, 6: 58}
_TYPES = {
    f"{which}_type{limit}": (which, limit[1:])
    for which in ("src", "dst")
    for limit in ("", "_in", "_out")
}


class Packets:
    """Some packets. `told` are columns of that many rows, or single values."""

    def __init__(self, count: int, told: Mapping[str, Column | int], facts: Known) -> None:
        self.count, self.told, self.facts = count, dict(told), facts
        self._found: dict[str, Column | int] = {}

    def get(self, name: str) -> Column | int:
        """A field's column or its single value."""
        if name not in self._found:
            self._found[name] = self.facts.column(name, self)
        return self._found[name]

    def write(self, field: Field, rows: NDArray[np.int64], values: Column) -> None:
        """Give the field these values in these rows."""
        changed = np.array(np.broadcast_to(values_of(field, self.get(field.name)), (self.count,)))
        changed[rows] = values
        self._found[field.name] = changed


class Known:
    """What can be said of packets of which some fields are told, from packet to packet others;
    `defaults` are what the usual ones are where they are not. `given` answers free facts."""

    def __init__(self, place: Place, names: frozenset[str], given: Given) -> None:
        self.place, self.names, self.given = place, names, given
        self.defaults = {n: v for n, v in _defaults(place.family).items() if n not in names}
        self.hidden = _lengths(names - {"proto"})
        self._fields = known_fields(place.family)
        self._derived: dict[Field, _Derived] = {}
        self._told: dict[In | Free, Pred] = {}
        self._kinds: dict[tuple[Field, tuple[int, ...]], int] = {}

    @property
    def fragments(self) -> bool:
        """There may be later fragments among them."""
        return "frag" in self.names

    def reads(self, field: Field, others: Iterable[Field]) -> bool:
        """The field may have another value where those others have."""
        hidden = self.hidden | _lengths({other.name for other in others})
        try:
            for proto in range(256):
                value(self.place, field, {"proto": proto}, hidden)
        except UntoldError:
            return True
        return field.name in self.names

    def told(self, atom: In | Free) -> Pred:
        """What an atom means for these packets: another, TRUE or FALSE, or a `Free` that nobody
        knows."""
        if isinstance(atom, In) and self.derived(atom.field).column is not None:
            return atom
        if atom not in self._told:
            self._told[atom] = self._fact(atom) if isinstance(atom, Free) else self._field(atom)
        return self._told[atom]

    def _fact(self, atom: Free) -> Pred:
        key = free_key(atom.name)
        if key in self.names:
            return is_in(Field(key, 1, "flag"), 1)
        known = self.given.answer(atom.name)
        return atom if known is None else TRUE if known else FALSE

    def _field(self, atom: In) -> Pred:
        values = self.derived(atom.field).values
        if values is None:
            return Free(_NOBODY.format(atom.field.name))
        right = [v for v in values if holds(atom, {atom.field.key: values[v]})]
        if len(right) in (0, len(values)):
            return TRUE if right else FALSE
        return is_in(F.PROTO, *right)

    def derived(self, field: Field) -> _Derived:
        """How a field of these packets is found."""
        if field not in self._derived:
            self._fields[field.name] = field
            self._derived[field] = self._derive(field)
        return self._derived[field]

    def column(self, name: str, packets: Packets) -> Column | int:
        """A field's column or its single value."""
        field = self._fields.get(name)
        if field is None:
            return packets.told[name]
        found = self.derived(field)
        if found.column is not None:
            return found.column(packets)
        if found.values is None:
            raise QuestionError(_NOBODY.format(name))
        if len({*found.values.values()}) == 1:
            return next(iter(found.values.values()))
        proto, values = packets.get("proto"), found.values
        if isinstance(proto, int):
            return values[proto]
        table: Column = column(field, (values.get(number, 0) for number in range(256)))
        return table[proto]

    def _derive(self, field: Field) -> _Derived:
        name = field.name
        if name in _PORTS:
            return _Derived(column=lambda packets: self._port(name, packets))
        if name in self.names or name in self.defaults:
            return _Derived(column=lambda packets: packets.told[name])
        if name in TUPLES:
            return _Derived(column=lambda packets: self._of_tuple(field, packets))
        if name in _TYPES:
            return _Derived(column=lambda packets: self._address_type(name, packets))
        return self._of_proto(field)

    def _of_proto(self, field: Field) -> _Derived:
        """What follows from the protocol alone, if it does."""
        protos = range(256) if "proto" in self.names else (self.defaults["proto"],)
        try:
            found = {p: value(self.place, field, {"proto": p}, self.hidden) for p in protos}
        except UntoldError:
            return self._of_kind(field)
        return _Derived(found)

    def _of_kind(self, field: Field) -> _Derived:
        """What follows from all that tells kinds apart, if it does for one of them."""
        names = ["proto", *(name for name in KINDS if name in self.names - {"proto"})]
        try:
            value(self.place, field, dict.fromkeys(names, 0), self.hidden - {*KINDS})
        except UntoldError:
            return _Derived()

        def found(packets: Packets) -> Column:
            kinds, number = _kinds([packets.get(name) for name in names])
            values = (self._value(field, dict(zip(names, kind, strict=True))) for kind in kinds)
            chosen: Column = column(field, values)[number]
            return chosen

        return _Derived(column=found)

    def _value(self, field: Field, kind: dict[str, int]) -> int:
        key = (field, tuple(kind.values()))
        if key not in self._kinds:
            try:
                self._kinds[key] = value(self.place, field, kind, self.hidden - {*KINDS})
            except UntoldError:
                raise QuestionError(
                    f"the columns do not tell {field.name} of all these packets",
                    hint=f"Give it as a column: {field.name}.",
                ) from None
        return self._kinds[key]

    # -- what follows from addresses and ports ----------------------------------------------------

    def _port(self, name: str, packets: Packets) -> Column | int:
        """A port, where the packet has any."""
        there, told = packets.get("ports"), packets.told[name]
        if isinstance(there, int):
            return told if there else 0
        return np.where(there != 0, told, 0)

    def _of_tuple(self, field: Field, packets: Packets) -> Column:
        def get(one: Field) -> Column | int:
            self.derived(one)
            return packets.get(one.name)

        return tuple_column(field, get, self.place.family)

    def _address_type(self, name: str, packets: Packets) -> Column:
        """The type of an address, which changes only where a route begins or ends."""
        which, limit = _TYPES[name]
        field = (F.SRC if which == "src" else F.DST)[self.place.family]
        keys = ordered(field, values_of(field, packets.get(which)))
        spot = np.searchsorted(ordered(field, column(field, self._edges)), keys, side="right") - 1
        devices: Column | int = packets.get(limit) if limit else 0
        kinds, number = _kinds([spot, devices])
        family = self.place.family
        types = [
            routing.address_type(
                self.place.ns, family, self._edges[at], iface_text(dev) if dev else ""
            )
            for at, dev in kinds
        ]
        found: Column = np.array(types, np.uint8)[number]
        return found

    @cached_property
    def _edges(self) -> list[int]:
        """Where routes, and address types that need none, begin and end."""
        family, ns = self.place.family, self.place.ns
        bits = 32 if family == 4 else 128
        nets = [(route.dst, route.length) for route in ns.routes.get(family, ())]
        for rule in ns.route_rules(family):
            nets += [rule.src, rule.dst]
        nets += [
            (0, bits),
            ((1 << bits) - 1, bits),
            (0xE << 28, 4) if family == 4 else (0xFF << 120, 8),
        ]
        found = {0}
        for address, length in nets:
            low = address >> bits - length << bits - length
            found |= {low, low + (1 << bits - length)}
        return sorted(edge for edge in found if edge < 1 << bits)


class _Derived(NamedTuple):
    """A field's values by protocol, or its column; neither if nobody knows."""

    values: dict[int, int] | None = None
    column: Callable[[Packets], Column | int] | None = None


_NOBODY = "{}, which the columns do not tell"


def _lengths(names: Set[str]) -> frozenset[str]:
    """The names, with what a packet's length follows from."""
    return frozenset(names | {"data_len"} if "length" in names else names)


def _defaults(family: int) -> dict[str, int]:
    usual = {"src": 0, "dst": 0, "sport": 0, "dport": 0, "in": 0, "out": 0, "proto": _ICMP[family]}
    return usual | dict.fromkeys(WRITTEN, 0)


def _kinds(columns: list[Column | int]) -> tuple[list[tuple[int, ...]], Column]:
    """The different rows of these columns, and for each packet the number of its own."""
    number: Column = np.zeros((), np.int64)
    rows: list[tuple[int, ...]] = [()]
    for one in columns:
        if not isinstance(one, np.ndarray):
            rows = [(*row, one) for row in rows]
            continue
        wide = one.ndim > 1
        keys = ordered(F.IN, one) if wide else one
        values, place = np.unique(keys, return_inverse=True)
        both, number = np.unique(number * len(values) + place, return_inverse=True)
        numbers = [int.from_bytes(v.ljust(16, b"\0"), "big") if wide else int(v) for v in values]
        rows = [(*rows[b // len(values)], numbers[b % len(values)]) for b in both.tolist()]
    return rows, number


def known_fields(family: int) -> dict[str, Field]:
    """The fields that every ruleset may ask for, by name."""
    found: list[object] = [*vars(F).values(), *F.RPF.values()]
    found += (one.get(family) for one in vars(F).values() if isinstance(one, dict))
    return {field.name: field for field in found if isinstance(field, Field)}
