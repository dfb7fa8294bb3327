"""Which box a packet is in first, for many packets and many boxes at once.

The boxes are sorted into a few trees, each by the axis on which it is least crowded. A tree cuts
an axis wherever a range of its boxes begins or ends, so that between two cuts every packet is in
the same ranges; where too many boxes remain, it cuts another axis too. A packet finds its place by
one binary search for each axis that was cut, and is then compared with the few boxes there in
their order. All is done for arrays of packets, so that a step costs some nanoseconds a packet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fwsim.model.tuples import NamedTuple
from fwsim.readings.boxes import Axis, Box
from fwsim.readings.columns import Column, column, ordered, values_of

Numbers = NDArray[np.int64]
Codes = NDArray[np.uint32]
Keys = NDArray[np.uint64]
Find = Callable[[Axis], Codes]  # the packets' codes on an axis

FEW = 6  # boxes that are compared one by one
_GROWTH = 4  # how many times as many entries a cut may make of the boxes that it cuts
_TOP = (1 << 32) - 1  # codes have 32 bits, so that a place and a code are one word of 64


class Scale:
    """How an axis' values become codes of 32 bits: as they are, or, where they are wider, counted
    by the ends of ranges that are not above them."""

    def __init__(self, axis: Axis, sides: Sequence[tuple[int, int]]) -> None:
        self.axis = axis
        self.ends: list[int] | None = None
        if axis.field.bits > 32:
            found = {end for low, high in sides for end in (low, high + 1)}
            self.ends = sorted(end for end in found if end <= axis.field.top)
            self._keys = ordered(axis.field, column(axis.field, self.ends))

    def code(self, value: int) -> int:
        """The code of one value, `high` of a range or `low`."""
        return value if self.ends is None else bisect_right(self.ends, value)

    def codes(self, given: Column | int) -> Codes:
        """The codes of a column; without an axis of packets for a single value."""
        values = values_of(self.axis.field, given, self.axis.mask)
        if self.ends is not None:
            keys = ordered(self.axis.field, values)
            values = np.searchsorted(self._keys, keys, side="right")
        return values.astype(np.uint32)


class Ranges(NamedTuple):
    """The boxes' ranges on one axis, as codes; `asked` are the boxes that have one."""

    low: Codes
    high: Codes
    asked: NDArray[np.bool_]


class Classifier:
    """Finds the first box. `group` is an axis on which every box has one code below `groups`; a
    group's boxes are passed over where its first one is not before what was found already."""

    def __init__(self, boxes: Sequence[Box], group: Axis, groups: int) -> None:
        self.count, self.group = len(boxes), group
        self.scales, self.ranges = _ranged(boxes)
        self.trees = [
            Tree(self.ranges, part, group, self._least(part, groups))
            for part in _parted(self.ranges, self.count)
        ]

    def _least(self, boxes: Numbers, groups: int) -> Numbers:
        least = np.full(groups, self.count)
        codes = self.ranges[self.group].low[boxes].astype(np.int64)
        least[codes[::-1]] = boxes[::-1]
        return least

    def first(self, find: Find, since: Numbers) -> Numbers:
        """The number of each packet's first box from `since` on; that of all boxes if none."""
        best = np.full(len(since), self.count)
        groups = find(self.group).astype(np.int64) if self.trees else best
        for tree in self.trees:
            at = np.flatnonzero(tree.least[groups] < best)
            if len(at):
                tree.improve(best, at, find, since)
        return best


class _Level(NamedTuple):
    """One axis, cut: `keys` are places with the codes where new places begin, which are numbered
    from `base` on; `cut` are the places that are cut, None if all."""

    axis: Axis
    keys: Keys
    cut: NDArray[np.bool_] | None
    base: int


class Tree:
    """Some boxes (their numbers, ascending) behind cuts."""

    def __init__(
        self, ranges: dict[Axis, Ranges], boxes: Numbers, group: Axis, least: Numbers
    ) -> None:
        self.least = least
        growing = _Growing(ranges, boxes)
        self.levels = growing.levels
        self.boxes, self.start, self.stop = growing.places()
        whole = {level.axis for level in self.levels if level.cut is None}
        if len(np.unique(ranges[group].low[boxes])) == 1:
            whole.add(group)  # `least` lets nobody else in
        asked = [axis for axis, one in ranges.items() if one.asked[boxes].any()]
        self.checks = [(axis, *ranges[axis][:2]) for axis in asked if axis not in whole]

    def improve(self, best: Numbers, at: Numbers, find: Find, since: Numbers) -> None:
        """Put earlier boxes into `best` for the packets `at`."""
        place = self._places(at, find)
        here, stop = self.start[place], self.stop[place]
        while True:
            left = np.flatnonzero(here < stop)
            at, here, stop = at[left], here[left], stop[left]
            box = self.boxes[here]
            left = np.flatnonzero(box < best[at])
            if not len(left):
                return
            at, here, stop, box = at[left], here[left], stop[left], box[left]
            found = self._inside(at, box, find, since)
            best[at[found]] = box[found]
            stop[found] = 0
            here += 1

    def _places(self, at: Numbers, find: Find) -> Numbers:
        place = np.zeros(len(at), np.int64)
        for axis, keys, cut, base in self.levels:
            key = place.astype(np.uint64) << np.uint64(32) | find(axis)[at]
            found = np.searchsorted(keys, key, side="right") + (base - 1)
            place = found if cut is None else np.where(cut[place], found, place)
        return place

    def _inside(self, at: Numbers, box: Numbers, find: Find, since: Numbers) -> Numbers:
        """Which of the packets are in the box that each is compared with."""
        left = np.flatnonzero(box >= since[at])
        for axis, low, high in self.checks:
            if not len(left):
                break
            boxes, codes = box[left], find(axis)[at[left]]
            left = left[(low[boxes] <= codes) & (codes <= high[boxes])]
        return left


class _Growing:
    """A tree while it is made: which boxes are at which place."""

    def __init__(self, ranges: dict[Axis, Ranges], boxes: Numbers) -> None:
        self.ranges = ranges
        self.levels: list[_Level] = []
        self.place, self.box, self.count = np.zeros(len(boxes), np.int64), boxes, 1
        axes = [axis for axis, one in ranges.items() if one.asked[boxes].any()]
        while axes:
            large = np.bincount(self.place, minlength=self.count) > FEW
            chosen = self._least_crowded(axes, np.flatnonzero(large[self.place]))
            if chosen is None:
                break
            axes.remove(chosen)
            self._cut(chosen, large)

    def places(self) -> tuple[Numbers, Numbers, Numbers]:
        """The boxes sorted by place, and where those of each place begin and end."""
        order = np.lexsort((self.box, self.place))
        edges = np.searchsorted(self.place[order], np.arange(self.count + 1))
        return self.box[order], edges[:-1], edges[1:].copy()

    def _keys(self, axis: Axis, entries: Numbers) -> tuple[Keys, Keys]:
        """The ranges of entries, each behind the number of its place."""
        place = self.place[entries].astype(np.uint64) << np.uint64(32)
        low, high, _ = self.ranges[axis]
        return place | low[self.box[entries]], place | high[self.box[entries]]

    def _least_crowded(self, axes: Sequence[Axis], entries: Numbers) -> Axis | None:
        """The axis that, cut, leaves the fewest boxes at a place."""
        if not len(entries):
            return None
        usual = np.bincount(self.place)[self.place[entries]].mean()
        most = _GROWTH * len(entries) + (1 << 16)
        best, chosen = 0.75 * usual, None
        for axis in axes:
            crowd, cover = _crowding(*self._keys(axis, entries))
            if cover.sum() <= most and crowd.mean() < best:
                best, chosen = crowd.mean(), axis
        return chosen

    def _cut(self, axis: Axis, large: NDArray[np.bool_]) -> None:
        entries = np.flatnonzero(large[self.place])
        low, high = self._keys(axis, entries)
        behind = high[high & np.uint64(_TOP) != _TOP] + np.uint64(1)
        begin = np.flatnonzero(large).astype(np.uint64) << np.uint64(32)
        keys = np.unique(np.concatenate((begin, low, behind)))
        first = np.searchsorted(keys, low, side="right") - 1
        self._move(entries, first, np.searchsorted(keys, high, side="right") - first)
        self.levels.append(_Level(axis, keys, None if large.all() else large, self.count))
        self.count += len(keys)

    def _move(self, entries: Numbers, first: Numbers, number: Numbers) -> None:
        """The entries leave their places for `number` new ones, from the `first` new one on."""
        ends = np.cumsum(number)
        within = np.arange(ends[-1]) - np.repeat(ends - number, number)
        kept = np.ones(len(self.place), np.bool_)
        kept[entries] = False
        place = np.repeat(first + self.count, number) + within
        box = np.repeat(self.box[entries], number)
        self.place = np.concatenate((self.place[kept], place))
        self.box = np.concatenate((self.box[kept], box))


def _crowding(low: Keys, high: Keys) -> tuple[Numbers, Numbers]:
    """How many of the ranges each begins in, itself among them, and how many pieces all the ends
    cut it into."""
    lows, highs = np.sort(low), np.sort(high)
    crowd = np.searchsorted(lows, low, side="right") - np.searchsorted(highs, low)
    points = np.unique(np.concatenate((low, high + np.uint64(1))))
    cover = np.searchsorted(points, high, side="right") - np.searchsorted(points, low)
    return crowd, cover


def _ranged(boxes: Sequence[Box]) -> tuple[dict[Axis, Scale], dict[Axis, Ranges]]:
    found: dict[Axis, tuple[list[int], list[tuple[int, int]]]] = {}
    for number, box in enumerate(boxes):
        for axis, side in box.sides.items():
            numbers, sides = found.setdefault(axis, ([], []))
            numbers.append(number)
            sides.append(side)
    scales = {axis: Scale(axis, sides) for axis, (_, sides) in found.items()}
    ranges = {}
    for axis, (numbers, sides) in found.items():
        code = scales[axis].code
        low, high = np.zeros(len(boxes), np.uint32), np.full(len(boxes), _TOP, np.uint32)
        low[numbers] = [code(side[0]) for side in sides]
        high[numbers] = [code(side[1]) for side in sides]
        asked = np.zeros(len(boxes), np.bool_)
        asked[numbers] = True
        ranges[axis] = Ranges(low, high, asked)
    return scales, ranges


def _parted(ranges: dict[Axis, Ranges], count: int) -> list[Numbers]:
    """The boxes by the axis on which each is least crowded, the earliest part first; those that
    are in the way of many on every axis are a part of their own."""
    if not count:
        return []
    best = np.full(count, max(FEW, count // 8))
    chosen = np.full(count, -1)
    for number, axis in enumerate(ranges):
        low, high, asked = ranges[axis]
        own = np.flatnonzero(asked)
        wide = low[own].astype(np.uint64), high[own].astype(np.uint64)
        crowd = np.maximum(*_crowding(*wide))
        better = crowd < best[own]
        best[own[better]] = crowd[better]
        chosen[own[better]] = number
    for number, size in zip(*np.unique(chosen, return_counts=True), strict=True):
        if size <= FEW:
            chosen[chosen == number] = -1
    parts = [np.flatnonzero(chosen == number) for number in np.unique(chosen)]
    return sorted(parts, key=lambda part: int(part[0]))
