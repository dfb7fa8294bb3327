"""The boxes of a predicate tell of every packet what the predicate tells, or that it must be
asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fwsim.model import fields as F
from fwsim.model.pred import And, In, Not, Or, all_of, any_of, is_in, negate
from fwsim.readings.boxes import ASK, MOST, SURE, UNSURE, Axis, Box, Boxes, substitute
from fwsim.readings.concrete import holds

from .strategies import preds, views


def _kinds(boxes: list[Box], view: Mapping[str, int]) -> set[int]:
    return {
        box.kind
        for box in boxes
        if all(
            low <= view.get(axis.field.name, 0) & axis.top <= high
            for axis, (low, high) in box.sides.items()
        )
    }


@given(st.data())
def test_boxes_tell_what_the_predicate_tells(data: Any) -> None:
    pred = data.draw(preds())
    view = data.draw(views(pred))
    boxes = Boxes(lambda atom: atom).of(pred)
    assert len(boxes) <= MOST
    kinds, truth = _kinds(boxes, view), holds(pred, view)
    if ASK in kinds:
        return
    assert truth is (True if SURE in kinds else None if UNSURE in kinds else False)


@given(st.data())
def test_a_packet_for_which_it_may_hold_is_in_a_box(data: Any) -> None:
    pred = data.draw(preds())
    view = data.draw(views(pred))
    if holds(pred, view) is not False:
        assert _kinds(Boxes(lambda atom: atom).of(pred), view)


def test_too_many_boxes_become_one_around_them() -> None:
    ports = is_in(F.DPORT, *range(0, 400, 4))
    (box,) = Boxes(lambda atom: atom).of(all_of(is_in(F.PROTO, 6), ports))
    assert box == Box({Axis(F.PROTO): (6, 6), Axis(F.DPORT): (0, 396)}, ASK)
    marks = any_of(*(is_in(F.MARK, n) for n in range(0, 80, 2)))
    (box,) = Boxes(lambda atom: atom).of(marks)
    assert box == Box({Axis(F.MARK): (0, 78)}, ASK)


def test_a_negation_is_the_ranges_around() -> None:
    boxes = Boxes(lambda atom: atom).of(negate(is_in(F.DPORT, (0, 9), (20, 65535))))
    assert boxes == [Box({Axis(F.DPORT): (10, 19)})]
    boxes = Boxes(lambda atom: atom).of(negate(is_in(F.DPORT, (1, 65534))))
    assert boxes == [Box({Axis(F.DPORT): (0, 0)}), Box({Axis(F.DPORT): (65535, 65535)})]


def test_atoms_may_mean_something_else() -> None:
    def told(atom: Any) -> Any:
        return is_in(F.PROTO, 6, 17) if atom.field == F.PORTS else atom

    ports, other = is_in(F.PORTS, 1), is_in(F.DPORT, 5)
    assert substitute(Not(And((ports, other))), told) == Not(And((is_in(F.PROTO, 6, 17), other)))
    boxes = Boxes(told).of(Or((ports, other)))
    assert [box.sides for box in boxes] == [
        {Axis(F.PROTO): (6, 6)}, {Axis(F.PROTO): (17, 17)}, {Axis(F.DPORT): (5, 5)}
    ]  # fmt: skip
    assert isinstance(other, In)
