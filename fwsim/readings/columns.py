"""The columns: a whole population of packets at once, in numpy.

A population maps field names to columns: an integer array, or one integer for all; a field that
it leaves out is 0. A field of more than 64 bits (an interface name, an IPv6 address) has a row of
64-bit words for each packet, the most significant first; `column` builds either. What is known of
a `Free` stands under `free_key` as an array of booleans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.model.fields import Field
from fwsim.model.pred import Free, In, Pred, Spans, fold
from fwsim.readings.concrete import free_key
from fwsim.readings.spans import free_bits

Column = NDArray[Any]
Bools = NDArray[np.bool_]
Answer = tuple[Bools, Bools]  # must, may
_MANY = 64  # spans, of which it pays to keep the columns
Population = Mapping[str, Column | int]

_NO, _YES = np.zeros((), np.bool_), np.ones((), np.bool_)


def columns(pred: Pred, population: Population) -> tuple[Bools, Bools]:
    """Which packets must match and which may: two boolean arrays, one and the same where nothing
    is unknown. They have no axis if the population has no array. OverflowError for a single value
    that is too wide for its field."""
    must, may = fold(pred, _Columns(population))
    lengths = [len(c) for c in population.values() if isinstance(c, np.ndarray) and c.ndim]
    shape = (lengths[0],) if lengths else ()
    told = np.broadcast_to(must, shape)
    return told, told if may is must else np.broadcast_to(may, shape)


def column(field: Field, values: Iterable[int]) -> Column:
    """The column of these values, in the narrowest type that holds the field."""
    if field.bits <= 64:
        return np.fromiter(values, _dtype(field.bits))
    words = -(-field.bits // 64)
    raw = b"".join(value.to_bytes(8 * words, "big") for value in values)
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, words)


class _Columns:
    def __init__(self, population: Population) -> None:
        self.population = population

    def inside(self, atom: In) -> Answer:
        given = self.population.get(atom.field.name, 0)
        found = _member(atom.field, values_of(atom.field, given, atom.mask), atom.spans)
        return found, found

    def free(self, atom: Free) -> Answer:
        known = self.population.get(free_key(atom.name))
        if known is None:
            return _NO, _YES
        found = np.asarray(known, np.bool_)
        return found, found

    def negate(self, value: Answer) -> Answer:
        must, may = value
        return _pair(~may, None if may is must else ~must)

    def all_of(self, values: Iterator[Answer]) -> Answer:
        return _combine(np.logical_and, _YES, values, lambda _, may: not may.any())

    def any_of(self, values: Iterator[Answer]) -> Answer:
        return _combine(np.logical_or, _NO, values, lambda must, _: bool(must.all()))


def _pair(must: Bools, may: Bools | None) -> Answer:
    return must, must if may is None else may


def _combine(
    operation: np.ufunc,
    start: Bools,
    values: Iterator[Answer],
    done: Callable[[Bools, Bools], bool],
) -> Answer:
    """Fold the parts, and stop once no packet's answer can change any more."""
    must = may = start
    for part_must, part_may in values:
        same = may is must and part_may is part_must
        must = operation(must, part_must)
        may = must if same else operation(may, part_may)
        if done(must, may):
            break
    return must, may


def _dtype(bits: int) -> type[np.unsignedinteger[Any]]:
    return next(
        t for t in (np.uint8, np.uint16, np.uint32, np.uint64) if bits <= 8 * np.dtype(t).itemsize
    )


def values_of(field: Field, given: Column | int, mask: int | None = None) -> Column:
    """The column in its field's own type, without the bits outside the mask; without an axis of
    packets for a single value."""
    if isinstance(given, np.ndarray):
        values: Column = given.astype(_dtype(min(field.bits, 64)), copy=False)
    else:
        values = column(field, [given])[0]
    return values if mask is None else values & column(field, [mask & field.top])[0]


def _member(field: Field, values: Column, spans: Spans) -> Bools:
    if not spans:
        return _NO
    if len(spans) == 1 and field.bits > 64:
        ((low, high),) = spans
        if free_bits(low, high) is not None:
            return _agree(field, values, low, field.top ^ (high - low))
    keys = ordered(field, values)
    lows, highs = (_ends_kept if len(spans) > _MANY else _ends)(field, spans)
    if len(spans) == 1:
        found: Bools = (lows[0] <= keys) & (keys <= highs[0])
    else:
        place = np.searchsorted(lows, keys, side="right") - 1
        found = (place >= 0) & (keys <= highs[place])
    return found


def _ends(field: Field, spans: Spans) -> tuple[Column, Column]:
    """Where the spans begin and end, as something numpy can order."""
    low, high = (ordered(field, column(field, ends)) for ends in zip(*spans, strict=True))
    return low, high


_ends_kept = lru_cache(maxsize=32)(_ends)


def _agree(field: Field, values: Column, value: int, mask: int) -> Bools:
    """(values & mask) == value for wide fields, word by word: several times faster than order."""
    found = _YES
    for place, (word, bits) in enumerate(column(field, [value, mask]).T):
        if bits:
            found = found & (values[..., place] & bits == word)
    return found


def ordered(field: Field, values: Column) -> Column:
    """The values as something numpy can order: wide ones as the bytes of their words."""
    if field.bits <= 64:
        return values
    raw = np.ascontiguousarray(values).astype(">u8")
    keys: Column = raw.view(f"S{8 * raw.shape[-1]}")[..., 0]
    return keys
