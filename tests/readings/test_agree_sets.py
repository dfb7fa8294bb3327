"""Sets of packets keep the laws of sets, and agree with the packets that are in them."""

from itertools import combinations

from hypothesis import assume, given
from hypothesis import strategies as st

from fwsim.model import fields as f
from fwsim.model.pred import Not, all_of, negate
from fwsim.readings.concrete import holds
from fwsim.readings.cover import box_pred, disjoint_boxes
from fwsim.readings.space import Space

from .strategies import FIELDS, cases, completions, preds


@given(cases())
def test_must_and_may_are_all_and_any_outcome(case):
    pred, view = case
    packets = Space().read(pred)
    bare = {field.name: view[field.name] for field in FIELDS}
    answers = [holds(pred, full) for full in completions(bare)]
    assert (bare in packets.must()) is all(answers)
    assert (bare in packets.may()) is any(answers)
    assert packets.must() <= packets <= packets.may()


@given(preds())
def test_a_witness_satisfies(pred):
    space = Space(FIELDS)
    packets = space.read(pred)
    for found, side in ((packets, pred), (~packets, Not(pred))):
        witness = found.witness()
        assert found.is_empty is (witness is None)
        assert witness is None or holds(side, witness) is True


@given(cases())
def test_a_witness_is_the_preferred_packet_if_it_may_be(case):
    pred, view = case
    full = next(completions(view))
    witness = Space(FIELDS).read(pred).witness(full)
    assert (witness == full) is holds(pred, full)


@given(preds(), preds())
def test_differences_and_inclusion(one, other):
    space = Space()
    a, b = space.read(one), space.read(other)
    assert a - b == a & ~b == space.read(all_of(one, negate(other)))
    assert (a <= b) is (a - b).is_empty
    assert space.union([a, b]) == a | b == ~(~a & ~b)


@given(cases(), st.permutations(FIELDS))
def test_the_order_of_fields_is_no_matter(case, order):
    pred, view = case
    one, other = Space(order).read(pred), Space().read(pred)
    full = next(completions(view))
    assert (full in one) is (full in other)
    assert one.count(FIELDS) == other.count(FIELDS)


@given(cases())
def test_a_cover_is_exact_and_disjoint(case):
    pred, view = case
    space = Space(FIELDS)
    packets = space.read(pred).may()
    cover = disjoint_boxes(packets, limit=1000)
    boxes = [space.read(box_pred(box)) for box in cover.boxes]
    if not cover.more:
        assert space.union(boxes) == packets
        assert sum(box.count(FIELDS) for box in boxes) == packets.count(FIELDS)
        inside = [holds(box_pred(box), view) for box in cover.boxes]
        assert inside.count(True) == (view in packets)
    assert all((a & b).is_empty for a, b in combinations(boxes[:20], 2))
    assert all(box <= packets for box in boxes)


@given(preds(), st.integers(0, 5))
def test_a_cover_cut_short_counts_the_rest(pred, limit):
    packets = Space(FIELDS).read(pred)
    full, cut = disjoint_boxes(packets, limit=1000), disjoint_boxes(packets, limit=limit)
    assert cut.boxes == full.boxes[:limit]
    assert len(cut.boxes) + cut.more == len(full.boxes) + full.more


@given(preds(), st.sets(st.sampled_from(FIELDS)))
def test_a_cover_of_some_fields_tells_what_they_may_be(pred, fields):
    space = Space(FIELDS)
    packets = space.read(pred)
    cover = disjoint_boxes(packets, fields, limit=1000)
    assume(not cover.more)
    names = {field.name for field in fields}
    assert all(set(box) <= names for box in cover.boxes)
    boxes = space.union(space.read(box_pred(box)) for box in cover.boxes)
    assert boxes == packets.onto(fields) == boxes.onto(fields)


@given(preds(fields=(f.PROTO,)), st.integers(0, 255), st.integers(0, 255))
def test_an_assignment_is_the_image_of_the_set(pred, clear, flip):
    space = Space()
    packets = space.read(pred).may()
    moved = packets.assign(f.PROTO, clear, flip)
    image = {(v & ~clear) ^ flip for v in range(256) if {"proto": v} in packets}
    assert {v for v in range(256) if {"proto": v} in moved} == image


@given(cases())
def test_an_erased_field_may_be_anything(case):
    pred, view = case
    space = Space(FIELDS)
    packets = space.read(pred)
    erased = packets.erase(f.PROTO)
    assert packets <= erased
    full = next(completions(view))
    anything = any(holds(pred, full | {"proto": v}) for v in range(256))
    assert (full in erased) is anything
