"""The cover: a set of packets in words, as boxes that are disjoint and together exact.

A box gives fields their values and leaves the others free. Field by field, in the diagram's own
order, the values are sorted by what they leave to be decided: those that leave the same share a
box, so a box is as wide as it can be without overlapping another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from fwsim.model.fields import Field
from fwsim.model.frozen import Frozen
from fwsim.model.pred import In, Pred, all_of, any_of, join_spans
from fwsim.model.tuples import NamedTuple
from fwsim.readings.space import PacketSet, bounded, too_large

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

Box = dict[str, tuple[In, ...]]  # a field's values: one of these, which are disjoint
_WORK = 1 << 22  # the most nodes that a cover looks at, some ten seconds
_COUNTED = 1 << 15  # nodes looked at to count boxes, a tenth of a second
_SPELT = 64  # the most spans that a pattern of bits is spelt out as
_BY_BIT = frozenset({"hex", "tcpflags"})  # fields whose patterns people write with a mask


class Cover(Frozen):
    """Disjoint boxes, and how many more of them there are; at least that many, where these are not
    all `counted`."""

    boxes: tuple[Box, ...]
    more: int = 0
    counted: bool = True


def box_pred(box: Box) -> Pred:
    """The predicate that a box stands for."""
    return all_of(*(any_of(*atoms) for atoms in box.values()))


@bounded
def disjoint_boxes(
    packets: PacketSet, fields: Iterable[Field] | None = None, limit: int = 50
) -> Cover:
    """The set in at most `limit` boxes over these fields (all, if None); what else it depends on,
    free facts too, is forgotten first. QuestionError if the set is too tangled to be told."""
    space = packets.space
    node = packets.onto(space.fields if fields is None else fields).node
    if not node.satisfiable():
        return Cover(())
    sorter = _Sorter(space.diagrams)
    boxes = tuple(islice(sorter.boxes(node), limit))
    more = max(sorter.count(node) - len(boxes), 0)
    return Cover(boxes, more, sorter.counted)


class _Part(NamedTuple):
    field: Field
    values: tuple[In, ...]
    rest: BCDDFunction  # what these values leave to be decided


class _Sorter:
    def __init__(self, diagrams: Diagrams) -> None:
        self.diagrams = diagrams
        self.looked = self.counting = 0
        self.counted = True
        self._parts: dict[BCDDFunction, list[_Part]] = {}
        self._counts: dict[BCDDFunction, int] = {}

    def boxes(self, node: BCDDFunction) -> Iterator[Box]:
        if node.valid():
            yield {}
            return
        for part in self.parts(node):
            for box in self.boxes(part.rest):
                yield {part.field.name: part.values, **box}

    def count(self, node: BCDDFunction) -> int:
        """How many boxes there are, at least; the values of a field need not be told for that.
        `counted` is false where some are not looked at."""
        if node.valid():
            return 1
        if node not in self._counts:
            if self.counting > _COUNTED:
                self.counted = False
                return 1
            self._counts[node] = sum(map(self.count, self.rests(node)))
        return self._counts[node]

    def rests(self, node: BCDDFunction) -> Collection[BCDDFunction]:
        """What is left to be decided once the field is known that a node asks for first."""
        found: dict[BCDDFunction, None] = {}  # in order, for the count to be the same each time
        todo, seen = [node], {node}
        here = self.diagrams.together_with(node)
        while todo:
            node = todo.pop()
            if node.node_var() not in here:
                found[node] = None
                continue
            self.counting += 1
            for way in node.cofactors() or ():
                if way not in seen and way.satisfiable():
                    seen.add(way)
                    todo.append(way)
        return found

    def _look(self) -> None:
        self.looked += 1
        if self.looked > _WORK:
            raise too_large()

    def parts(self, node: BCDDFunction) -> list[_Part]:
        """The values of the field that a node asks for first, sorted by what they leave."""
        asked = self.diagrams.question(node)
        if asked is not None and node not in self._parts:
            found: dict[BCDDFunction, list[_Pattern]] = {}
            for pattern, rest in self.patterns(node, asked.field):
                found.setdefault(rest, []).append(pattern)
            self._parts[node] = [
                _Part(asked.field, _atoms(asked.field, ps), rest) for rest, ps in found.items()
            ]
        return self._parts[node]

    def patterns(self, node: BCDDFunction, field: Field) -> Iterator[tuple[_Pattern, BCDDFunction]]:
        """Each way through the field's bits, in the order of the values."""
        todo = [(node, 0, 0)]
        while todo:
            here, value, care = todo.pop()
            asked = self.diagrams.question(here)
            if asked is None or asked.field is not field:
                yield _Pattern(value, care), here
                continue
            self._look()
            one = 1 << asked.bit
            ways = ((asked.yes, value | one, care | one), (asked.no, value, care | one))
            todo += [way for way in ways if way[0].satisfiable()]


class _Pattern(NamedTuple):
    """The values v with v & care == value."""

    value: int
    care: int

    @property
    def low(self) -> int:
        """The free bits at the bottom: with these alone, the pattern is a span."""
        return (self.care & -self.care) - 1

    def gaps(self, field: Field) -> int:
        """The free bits above."""
        return field.top ^ self.care ^ self.low


def _atoms(field: Field, patterns: list[_Pattern]) -> tuple[In, ...]:
    """The patterns as spans where that is how people write them, else with a mask."""
    gaps = [1 << p.gaps(field).bit_count() for p in patterns if p.gaps(field)]
    spell = sum(gaps) <= _SPELT and field.kind not in _BY_BIT
    spans: list[tuple[int, int]] = []
    masks: dict[int, list[tuple[int, int]]] = {}
    for pattern in patterns:
        if spell or not pattern.gaps(field):
            spans += ((v, v | pattern.low) for v in _spelt(pattern, field))
        else:
            masks.setdefault(pattern.care, []).append((pattern.value, pattern.value))
    plain = [In(field, join_spans(spans))] if spans else []
    return (*plain, *(In(field, join_spans(found), mask) for mask, found in masks.items()))


def _spelt(pattern: _Pattern, field: Field) -> Iterator[int]:
    """The pattern's value with every choice of the bits in its gaps."""
    gaps = choice = pattern.gaps(field)
    while True:
        yield pattern.value | (gaps ^ choice)
        if not choice:
            return
        choice = (choice - 1) & gaps
