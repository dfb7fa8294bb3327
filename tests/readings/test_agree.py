"""All readings of a predicate agree, on random terms and on packets at the edges of their spans."""

from itertools import count

from hypothesis import assume, given
from hypothesis import strategies as st

from fwsim.model.pred import And, Free, In, Not, Or, all_of, any_of, atoms, negate
from fwsim.readings.columns import column, columns
from fwsim.readings.concrete import compile_pred, free_key, holds
from fwsim.readings.explain import explain
from fwsim.readings.prose import condition, phrase
from fwsim.readings.space import Space

from .strategies import (
    FIELDS,
    cases,
    completions,
    edges,
    insides,
    outcomes,
    preds,
    terms,
    values,
    views,
)


@st.composite
def populations(draw):
    pred = draw(preds())
    return pred, draw(st.lists(views(pred), min_size=1, max_size=5)), draw(outcomes())


_SHAPES = terms(st.just(Free("coin")))


@st.composite
def tossed(draw):
    """A predicate of free facts alone, each asked once, and how each turned out."""
    pred = _apart(draw(_SHAPES), count())
    return pred, {free_key(atom.name): draw(st.integers(0, 1)) for atom in atoms(pred)}


def _apart(pred, numbers):
    match pred:
        case Free():
            return Free(f"coin{next(numbers)}")
        case Not():
            return Not(_apart(pred.pred, numbers))
        case _:
            return type(pred)(tuple(_apart(part, numbers) for part in pred.preds))


def meaning(pred, view):
    """The predicate by its definition, read as slowly and plainly as it is written."""
    match pred:
        case In():
            seen = view[pred.field.name] & (pred.field.top if pred.mask is None else pred.mask)
            return any(low <= seen <= high for low, high in pred.spans)
        case Free():
            return bool(view[free_key(pred.name)])
        case Not():
            return not meaning(pred.pred, view)
        case And():
            return all(meaning(part, view) for part in pred.preds)
        case Or():
            return any(meaning(part, view) for part in pred.preds)


def told(reasons):
    """Every reason, those of the ways too."""
    for reason in reasons:
        yield reason
        for way in reason.ways:
            yield from told(way)


@given(cases())
def test_concrete_reads_the_definition(case):
    pred, view = case
    answers = {meaning(pred, full) for full in completions(view)}
    answer = holds(pred, view)
    assert answers == {answer} if answer is not None else True
    for full in completions(view):
        assert holds(pred, full) is meaning(pred, full)


@given(st.sampled_from(FIELDS).flatmap(insides), st.data())
def test_an_atom_means_the_same_to_all_readings(atom, data):
    assume(isinstance(atom, In))
    noise = data.draw(values(atom.field))
    near = edges(atom, atom.field)
    seen = range(256) if atom.field.bits <= 8 else [*near, *(value ^ noise for value in near)]
    seen = [value for value in seen if value <= atom.field.top]
    rows = [{atom.field.name: value} for value in seen]
    meant = [meaning(atom, row) for row in rows]
    test, packets = compile_pred(atom), Space().read(atom)
    must, _ = columns(atom, {atom.field.name: column(atom.field, seen)})
    assert [test(row) for row in rows] == meant
    assert must.tolist() == meant
    assert [row in packets for row in rows] == meant


@given(cases())
def test_explanation_has_the_verdict_of_concrete(case):
    pred, view = case
    verdict, reasons = holds(pred, view), explain(pred, view)
    assert all(reason.holds is verdict for reason in told(reasons))
    assert reasons or verdict is True


@given(cases())
def test_every_reason_is_true(case):
    pred, view = case
    for reason in told(explain(pred, view)):
        if reason.atom is None:
            assert len(reason.ways) != 1
            continue
        found = holds(reason.atom, view)
        assert reason.holds is (None if found is None else found is reason.wanted)
        seen = view[reason.atom.field.name] if isinstance(reason.atom, In) else None
        assert reason.seen == seen


@given(tossed())
def test_the_reasons_alone_decide(case):
    pred, view = case
    keys = {free_key(reason.atom.name) for reason in told(explain(pred, view)) if reason.atom}
    assert holds(pred, {key: view[key] for key in keys}) is holds(pred, view)


@given(tossed())
def test_meeting_what_failed_turns_a_miss_into_a_hit(case):
    pred, view = missed(*case)
    changed = dict(view)
    for reason in _one_way(explain(pred, view)):
        assume(reason.atom is not None)  # it can never be met
        changed[free_key(reason.atom.name)] = int(reason.wanted)
    assert holds(pred, changed) is True


def missed(pred, view):
    return (Not(pred) if holds(pred, view) else pred), view


def _one_way(reasons):
    for reason in reasons:
        if reason.ways:
            yield from _one_way(reason.ways[0])
        else:
            yield reason


@given(tossed())
def test_every_reason_of_a_miss_is_needed(case):
    pred, view = missed(*case)
    reasons = explain(pred, view)
    for spared in reasons:
        changed = dict(view)
        for reason in _one_way([r for r in reasons if r is not spared]):
            if reason.atom is not None:
                changed[free_key(reason.atom.name)] = int(reason.wanted)
        assert holds(pred, changed) is False


@given(populations())
def test_columns_agree_with_concrete(case):
    pred, rows, known = case
    population = {field.name: column(field, [row[field.name] for row in rows]) for field in FIELDS}
    must, may = columns(pred, population | known)
    answers = [holds(pred, row | known) for row in rows]
    assert must.tolist() == [answer is True for answer in answers]
    assert may.tolist() == [answer is not False for answer in answers]


@given(populations())
def test_columns_of_one_value_agree_with_concrete(case):
    pred, rows, known = case
    must, may = columns(pred, rows[0] | known)
    answer = holds(pred, rows[0] | known)
    assert (bool(must), bool(may)) == (answer is True, answer is not False)


@given(cases(coins=()))
def test_without_free_facts_must_is_may(case):
    pred, view = case
    must, may = columns(pred, view)
    assert must is may
    packets = Space().read(pred)
    assert packets.must() == packets == packets.may()


@given(cases())
def test_space_agrees_with_concrete(case):
    pred, view = case
    packets = Space().read(pred)
    for full in completions(view):
        assert (full in packets) is holds(pred, full)


@given(cases())
def test_complement_excludes(case):
    pred, view = case
    for full in completions(view):
        assert holds(Not(pred), full) is not holds(pred, full)
    space = Space()
    packets, others = space.read(pred), space.read(Not(pred))
    assert others == ~packets
    assert (packets & others).is_empty
    assert packets | others == space.everything


@given(cases())
def test_double_negation(case):
    pred, view = case
    assert holds(Not(Not(pred)), view) is holds(negate(negate(pred)), view) is holds(pred, view)
    assert explain(Not(Not(pred)), view) == explain(pred, view)
    assert condition(Not(Not(pred))) == condition(pred)


@given(st.lists(preds(), max_size=4).map(tuple), outcomes(), st.data())
def test_de_morgan(parts, known, data):
    denied = tuple(map(Not, parts))
    view = data.draw(views(And(parts))) | known
    for one, other in ((And(parts), Or(denied)), (Or(parts), And(denied))):
        assert holds(Not(one), view) is holds(other, view)
        assert explain(Not(one), view) == explain(other, view)
        assert condition(Not(one)) == condition(other)


@given(st.lists(preds(), max_size=4), outcomes(), st.data())
def test_smart_constructors_keep_the_meaning(parts, known, data):
    for smart, plain in ((all_of, And), (any_of, Or)):
        view = data.draw(views(plain(tuple(parts)))) | known
        assert holds(smart(*parts), view) is holds(plain(tuple(parts)), view)
        space = Space()
        assert space.read(smart(*parts)) == space.read(plain(tuple(parts)))


@given(cases())
def test_everything_can_be_said(case):
    pred, view = case
    assert condition(pred)
    assert all(phrase(reason) for reason in told(explain(pred, view)))


@given(cases())
def test_a_compiled_predicate_keeps_no_memory_of_what_it_saw(case):
    pred, view = case
    test = compile_pred(pred)
    first = test(view)
    for full in completions(view):
        test(full)
    assert test(view) is first
