"""The strategy: what is drawn satisfies the predicate, comes near its edges, and shrinks to the
first wish."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.worlds import drawn, simplest

from fwsim.model import fields as f
from fwsim.model.pred import FALSE, all_of, any_of, is_in, masked, negate, prefix
from fwsim.readings.concrete import holds
from fwsim.readings.space import Space
from fwsim.readings.strategy import edges, satisfying, views

from .strategies import FIELDS, preds

WEB = all_of(is_in(f.PROTO, 6), is_in(f.DPORT, 80, (8000, 8010)))


@settings(max_examples=150)
@given(st.data())
def test_what_is_drawn_satisfies_the_predicate(data: st.DataObject) -> None:
    pred = data.draw(preds())
    if Space().read(pred).is_empty:
        with pytest.raises(ValueError, match="no such packets"):
            satisfying(pred)
    else:
        assert holds(pred, data.draw(satisfying(pred, FIELDS))) is True


def test_every_edge_is_drawn_and_what_lies_between() -> None:
    ports = [view["dport"] for view in drawn(satisfying(WEB), 200)]
    assert {80, 8000, 8010} <= set(ports)
    assert set(ports) & set(range(8001, 8010))


def test_what_is_just_outside_is_an_edge_too() -> None:
    assert edges([WEB], f.DPORT) == (79, 80, 81, 7999, 8000, 8010, 8011)
    assert edges([WEB], f.PROTO) == (6,)
    outside = [view["dport"] for view in drawn(satisfying(negate(WEB)), 200)]
    assert {79, 81, 7999, 8011} <= set(outside)


def test_it_shrinks_to_the_first_wish_that_is_possible() -> None:
    space = Space([f.DPORT, f.SRC[4]])
    likes = {"dport": (80, 443, 22), "src": (5,)}
    any_ = views(space.everything, lambda field, _: likes[field.name])
    assert simplest(any_) == {"dport": 80, "src": 5}
    assert simplest(any_, lambda view: view["dport"] != 80) == {"dport": 443, "src": 5}
    packets = space.read(is_in(f.DPORT, (100, 300)))
    few = views(packets, lambda field, _: likes[field.name])
    assert simplest(few) == {"dport": 100, "src": 5}


def test_it_shrinks_to_the_smallest_where_no_wish_will_do() -> None:
    port = simplest(
        satisfying(prefix(f.SRC[4], 0, 8), [f.DPORT]), lambda view: view["dport"] >= 1234
    )
    assert port == {"dport": 1234, "src": 0}


def test_a_field_that_nobody_likes_is_not_drawn() -> None:
    packets = Space([f.TTL]).read(any_of(masked(f.MARK, 4, 4), is_in(f.DPORT, 7)))
    assert drawn(views(packets, lambda _field, _view: ()), 1) == [{"dport": 0, "mark": 4, "ttl": 0}]


def test_nothing_is_drawn_of_nothing() -> None:
    with pytest.raises(ValueError, match="no such packets"):
        satisfying(FALSE)
