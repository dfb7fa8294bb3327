"""The columns that somebody gives for many packets, checked and brought into one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.model.errors import FwsimError, QuestionError
from fwsim.model.fields import Field
from fwsim.model.names import STATES, address_value, iface_value
from fwsim.model.packet import proto_number
from fwsim.model.tuples import NamedTuple
from fwsim.readings.columns import Column, column

_LONGEST_NAME = 15
FieldOf = Callable[[str], Field]


class Columns(NamedTuple):
    """`arrays` have that many rows; `single` are values that all packets share."""

    rows: int
    arrays: dict[str, Column]
    single: dict[str, int]

    @property
    def names(self) -> frozenset[str]:
        """The fields that are told."""
        return frozenset((*self.arrays, *self.single))


def read_columns(given: Mapping[str, Any], field_of: FieldOf) -> Columns:
    """Read columns; `field_of` finds the field (or raises) that one is for. QuestionError for one
    whose values are none of its field's, or that has another length than the first."""
    arrays: dict[str, Column] = {}
    single: dict[str, int] = {}
    for name, values in given.items():
        field = field_of(name)
        found = _read(name, field, values)
        if isinstance(found, int):
            single[field.name] = found
        else:
            arrays[field.name] = found
    lengths = {name: len(one) for name, one in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise QuestionError(f"the columns are not of one length: {told}")
    return Columns(next(iter(lengths.values()), 1), arrays, single)


def _read(name: str, field: Field, values: Any) -> Column | int:
    if isinstance(values, str | int | np.generic):
        return _number(name, field, values)
    try:
        array = np.asarray(values)
    except ValueError:
        raise QuestionError(f"{name} is one value or a column of them, all alike") from None
    if not array.ndim:
        return _number(name, field, array.item())
    words = -(-field.bits // 64)
    if array.ndim == 2 and words > 1 and array.shape[1] == words and array.dtype == np.uint64:
        return array
    if array.ndim > 1:
        rows = f", or has rows of {words} words of dtype uint64" if words > 1 else ""
        raise QuestionError(f"{name} has one axis{rows}, not the shape {array.shape}")
    if array.dtype.kind in "iu" or (array.dtype.kind == "b" and field.bits == 1):
        return _numbers(name, field, array)
    if array.dtype.kind in "OUS":
        return _things(name, field, array)
    raise QuestionError(
        f"{name} holds {array.dtype}, and is a column of integers", hint=_hint(name, field)
    )


def _numbers(name: str, field: Field, array: NDArray[Any]) -> Column:
    if len(array):
        for worst in (array.argmin(), array.argmax()):
            _fitting(name, field, int(array[worst]), f" in row {worst}")
    if field.bits > 64:
        return _chosen(field, *np.unique(array, return_inverse=True))
    kept: Column = array.astype(column(field, ()).dtype, copy=False)
    return kept


def _things(name: str, field: Field, array: NDArray[Any]) -> Column:
    """Names, or integers of any size."""
    things = array.tolist()
    try:
        values = {thing: _number(name, field, thing) for thing in set(things)}
    except TypeError:
        raise QuestionError(f"{name} is a column of integers or names") from None
    places = {thing: place for place, thing in enumerate(values)}
    number = np.fromiter((places[thing] for thing in things), np.int64, len(things))
    return _chosen(field, list(values.values()), number)


def _chosen(field: Field, values: Any, number: NDArray[np.int64]) -> Column:
    table: Column = column(field, (int(value) for value in values))
    return table[number] if len(number) else table[:0]


def _number(name: str, field: Field, value: Any) -> int:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return _named(name, field, value)
    truth = isinstance(value, bool | np.bool_)
    if (truth and field.bits > 1) or not isinstance(value, int | np.integer | np.bool_):
        raise QuestionError(f"{name} is an integer, not {value!r}", hint=_hint(name, field))
    return _fitting(name, field, int(value))


def _fitting(name: str, field: Field, value: int, where: str = "") -> int:
    if not 0 <= value <= field.top:
        top = field.top if field.bits <= 64 else f"2**{field.bits} - 1"
        raise QuestionError(f"{name} is a number from 0 to {top}, not {value}{where}")
    return value


def _named(name: str, field: Field, text: str) -> int:
    read = _NAMES.get(field.kind)
    try:
        if read is not None:
            return read(text, field)
    except (ValueError, FwsimError):
        pass
    raise QuestionError(f"{name} cannot be {text!r}", hint=_hint(name, field))


def _device(text: str, _: Field) -> int:
    if len(text.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        raise ValueError(text)
    return iface_value(text)


_NAMES: Mapping[str, Callable[[str, Field], int]] = {
    "address": lambda text, field: address_value(text, 4 if field.bits == 32 else 6),
    "iface": _device,
    "proto": lambda text, _: proto_number(text),
    "state": lambda text, _: STATES.index(text.upper()),
}
_HINTS = {
    "address": "An address is an integer, or text in its usual form.",
    "iface": f"A device is its name, up to {_LONGEST_NAME} bytes; an empty one is none.",
    "proto": "A protocol is its number, or its name.",
    "state": f"A state is one of {', '.join(STATES)}, or its place there, from 0.",
}


def _hint(name: str, field: Field) -> str:
    bits = f"{name} is an integer of {field.bits} bit{'s' * (field.bits > 1)}."
    return _HINTS.get(field.kind, bits)
