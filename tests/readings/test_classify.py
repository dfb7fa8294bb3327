"""The first box, found by trees, is the first one that a comparison with all of them finds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.readings.boxes import Axis, Box
from fwsim.readings.classify import Classifier
from fwsim.readings.columns import Column, column

GROUP = Axis(Field("group", 32))
GROUPS = 3
AXES = (
    Axis(F.SRC[4]),
    Axis(F.DST[6]),
    Axis(F.DPORT),
    Axis(F.PROTO),
    Axis(F.MARK, 0xF0),
    Axis(F.IN),
)
Side = tuple[int, int]


def _near(random: Random, axis: Axis) -> int:
    """A value; some are near each other, so that ranges touch and lie in each other."""
    if random.random() < 0.5:
        return random.randrange(12) * max(1, axis.top // 4096) & axis.top
    return random.randint(0, axis.top) & axis.top


def _single(random: Random, axis: Axis) -> Side:
    value = _near(random, axis)
    return value, value


def _span(random: Random, axis: Axis) -> Side:
    low, high = sorted((_near(random, axis), _near(random, axis)))
    return low, high


def _prefix(random: Random, axis: Axis) -> Side:
    free = (1 << random.randrange(axis.top.bit_length())) - 1
    value = _near(random, axis) & ~free
    return value, min(value | free, axis.top)


def _apart(random: Random, axis: Axis) -> Side:
    value = random.randint(0, axis.top)
    return value, value


KINDS: dict[str, tuple[Callable[[Random, Axis], Side], ...]] = {
    "addresses and ports of their own": (_apart,),
    "the same few values": (_single,),
    "prefixes": (_prefix,),
    "wide ranges": (_span,),
    "all of these": (_apart, _single, _prefix, _span),
}


@pytest.mark.parametrize("count", [0, 1, 7, 300])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("often", [0.3, 1.0], ids=["some axes", "all axes"])
def test_trees_find_the_first_box(kind: str, count: int, often: float, seed: int) -> None:
    random = Random(f"{seed} {kind} {count} {often}")
    boxes = []
    for _ in range(count):
        group = random.randrange(GROUPS)
        sides = {axis: random.choice(KINDS[kind])(random, axis) for axis in AXES}
        kept = {axis: side for axis, side in sides.items() if random.random() < often}
        boxes.append(Box({GROUP: (group, group), **kept}))
    found = Classifier(boxes, GROUP, GROUPS)
    rows = [_row(random, boxes) for _ in range(400)]
    since = np.array([random.choice((0, 0, random.randrange(count + 1))) for _ in rows])
    columns: dict[Axis, Column] = {
        axis: column(axis.field, (row[axis] for row in rows)) for axis in (GROUP, *AXES)
    }

    def codes(axis: Axis) -> Column:
        return found.scales[axis].codes(columns[axis])

    first = found.first(codes, since)
    for number, row in enumerate(rows):
        holds = (
            n for n in range(int(since[number]), count)
            if all(a <= row[axis] & axis.top <= b for axis, (a, b) in boxes[n].sides.items())
        )  # fmt: skip
        assert first[number] == next(holds, count)
    if count == 300:
        assert any(tree.levels for tree in found.trees)
        assert (first < count).any()


def _row(random: Random, boxes: list[Box]) -> dict[Axis, int]:
    """A packet at the ends of a box, within it, or anywhere; a mask hides some bits."""
    row = {axis: random.randint(0, axis.field.top) for axis in AXES}
    row[GROUP] = random.randrange(GROUPS)
    if boxes and random.random() < 0.9:
        for axis, (low, high) in random.choice(boxes).sides.items():
            inside = random.choice((low, high, random.randint(low, high)))
            if random.random() < 0.05 and axis is not GROUP:
                inside = random.choice((max(0, low - 1), min(high + 1, axis.top)))
            row[axis] = inside & axis.top | row[axis] & ~axis.top
    return row
