"""The boxes: where a predicate may hold, as a union of products of ranges.

A box gives some axes a range each and leaves the others free. The boxes of a predicate together
hold every packet for which it may hold; each says what is to be thought of a packet in it. A
predicate that would need too many is held by fewer, wider ones, in which it has to be asked.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.model.fields import Field
from fwsim.model.pred import And, Free, In, Not, Or, Pred, Spans, fold
from fwsim.model.tuples import NamedTuple
from fwsim.readings.signed import SignedAlgebra

MOST = 32  # boxes of one predicate
SURE, ASK, UNSURE = range(3)  # it holds, it has to be asked, nobody knows


class Axis(NamedTuple):
    """A field, or those of its bits that are in the mask."""

    field: Field
    mask: int | None = None

    @property
    def top(self) -> int:
        """Its largest value."""
        return self.field.top if self.mask is None else self.mask & self.field.top


class Box(NamedTuple):
    """Inclusive ranges, and what a packet that is in all of them tells of the predicate."""

    sides: dict[Axis, tuple[int, int]]
    kind: int = SURE


Told = Callable[[In | Free], Pred]
"""What an atom means where more is known: itself, another atom, TRUE or FALSE. A `Free` that is
left is unknown."""


def substitute(pred: Pred, told: Told) -> Pred:
    """The predicate with every atom replaced by what it means."""
    match pred:
        case In() | Free():
            return told(pred)
        case Not():
            return Not(substitute(pred.pred, told))
        case And() | Or():
            return type(pred)(tuple(substitute(part, told) for part in pred.preds))


class Boxes(SignedAlgebra[list[Box]]):
    """Negation is pushed to the atoms, then all is multiplied out. That is sound for three values
    too, since it never takes a fact and its negation for a contradiction."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self._others: dict[tuple[In | Free, bool], list[Box]] = {}

    def of(self, pred: Pred) -> list[Box]:
        """The boxes of a predicate. Most are conjunctions of atoms, which need no detour."""
        if isinstance(pred, And):
            return self.every([self.of(part) for part in pred.preds])
        return self.atom(pred, True) if isinstance(pred, In | Free) else fold(pred, self)(True)

    def atom(self, atom: In | Free, wanted: bool) -> list[Box]:
        """One box for each span of the values that are wanted."""
        term = self.told(atom)
        if term is atom and isinstance(atom, In):
            return self._read(atom, wanted)
        found = self._others.get((atom, wanted))
        if found is None:
            found = self._others[atom, wanted] = self._read(term, wanted)
        return found

    def every(self, parts: list[list[Box]]) -> list[Box]:
        """Each choice of one box from every part, where these overlap."""
        if not all(parts):
            return []
        single = meet(*(part[0] for part in parts if len(part) == 1))
        found = [single] if single else []
        for part in (part for part in parts if len(part) > 1):
            one = part if len(found) * len(part) <= MOST else hull(part)
            together = ((a, b) for a in found for b in one if not _apart(a, b))
            found = [both for pair in together if (both := meet(*pair))]
        return found

    def some(self, parts: list[list[Box]]) -> list[Box]:
        """The boxes of all parts."""
        found = [box for part in parts for box in part]
        return found if len(found) <= MOST else hull(found)

    def _read(self, term: Pred, wanted: bool) -> list[Box]:
        match term:
            case Free():
                return [Box({}, UNSURE)]
            case In():
                axis = Axis(term.field, term.mask)
                spans = term.spans if wanted else _others(term.spans, axis.top)
                return _boxes(axis, spans)
            case Not():
                return self._read(term.pred, not wanted)
            case _:
                return fold(term, self)(wanted)


def _boxes(axis: Axis, spans: Spans) -> list[Box]:
    if len(spans) <= MOST:
        return [Box({axis: span}) for span in spans]
    return [Box({axis: (spans[0][0], spans[-1][1])}, ASK)]


def _others(spans: Spans, top: int) -> Spans:
    """The values up to the top that are in no span."""
    found, start = [], 0
    for low, high in spans:
        if start < low <= top:
            found.append((start, low - 1))
        elif start < low:
            break
        start = high + 1
    if start <= top:
        found.append((start, top))
    return tuple(found)


def hull(boxes: list[Box]) -> list[Box]:
    """One box around all, in which the predicate has to be asked."""
    if len(boxes) < 2:
        return boxes
    shared = set(boxes[0].sides)
    for box in boxes[1:]:
        shared &= box.sides.keys()
    sides = {
        axis: (
            min(box.sides[axis][0] for box in boxes),
            max(box.sides[axis][1] for box in boxes),
        )
        for axis in shared
    }
    return [Box(sides, ASK)]


def _apart(one: Box, other: Box) -> bool:
    """They are nowhere together."""
    for axis, (low, high) in other.sides.items():
        side = one.sides.get(axis)
        if side and (side[0] > high or low > side[1]):
            return True
    return False


def meet(*boxes: Box) -> Box | None:
    """Where all of them are; None if nowhere. Unknown and not asked yet is not asked yet."""
    sides: dict[Axis, tuple[int, int]] = {}
    for box in boxes:
        for axis, side in box.sides.items():
            known = sides.get(axis)
            if known is None:
                sides[axis] = side
                continue
            both = max(known[0], side[0]), min(known[1], side[1])
            if both[0] > both[1]:
                return None
            sides[axis] = both
    kinds = {box.kind for box in boxes}
    return Box(sides, ASK if ASK in kinds else UNSURE if UNSURE in kinds else SURE)
