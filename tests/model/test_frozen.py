"""Frozen records behave as the frozen dataclasses that they stand for."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.model.frozen import Frozen, aside, replace


class Point(Frozen):
    x: int
    y: int = 0
    seen: str = aside(default="")

    @cached_property
    def sum(self) -> int:
        return self.x + self.y


class Other(Frozen):
    x: int
    y: int = 0


@dataclass(frozen=True)
class Model:
    x: int
    y: int = 0
    seen: str = field(default="", compare=False)


small = st.integers(0, 2)
calls = st.tuples(
    st.lists(small, max_size=4),
    st.dictionaries(st.sampled_from(["x", "y", "seen", "z"]), small, max_size=4),
)


def made(kind: Any, call: tuple[list[int], dict[str, int]]) -> Any:
    try:
        return kind(*call[0], **call[1])
    except TypeError:
        return None


@given(calls, calls, st.dictionaries(st.sampled_from(["x", "y", "seen"]), small))
def test_they_do_what_dataclasses_do(one: Any, two: Any, changes: dict[str, int]) -> None:
    point, model = made(Point, one), made(Model, one)
    assert repr(point).replace("Point", "Model") == repr(model)
    other, other_model = made(Point, two), made(Model, two)
    assert (point == other) is (model == other_model)
    if point is None:
        return
    if point == other:
        assert hash(point) == hash(other)
    changed = replace(point, **changes)
    values = {"x": model.x, "y": model.y, "seen": model.seen, **changes}
    assert repr(changed).replace("Point", "Model") == repr(Model(**values))


def test_records_of_two_classes_are_never_equal() -> None:
    assert Point(1, 2) != Other(1, 2)
    assert Point(1, 2) != (1, 2)


def test_they_do_not_change() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="a Point does not change"):
        point.x = 2
    with pytest.raises(AttributeError, match="a Point does not change"):
        del point.x
    assert point == Point(1)


def test_what_they_worked_out_is_no_part_of_them() -> None:
    point = Point(1, 2)
    assert point.sum == 3
    assert point == Point(1, 2)
    assert replace(point, x=5).sum == 7
    assert pickle.loads(pickle.dumps(point)) == point


def test_a_wrong_name_is_told() -> None:
    with pytest.raises(TypeError, match="Point takes x, y, seen"):
        replace(Point(1), z=1)
