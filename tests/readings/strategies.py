"""Random predicates, and views that stand where their answers change."""

from functools import cache
from itertools import product

from hypothesis import strategies as st

from fwsim.model import fields as f
from fwsim.model.pred import And, Free, In, Not, Or, atoms, is_in, join_spans, masked, prefix
from fwsim.readings.concrete import free_key

FIELDS = (f.PROTO, f.DPORT, f.MARK, f.SRC[4], f.CTSTATE, f.IN)
_COIN, _SMALL = st.booleans(), st.integers(1, 8)
COINS = (Free("coin", "a coin"), Free("dice", "dice"))


@cache
def values(field):
    """Any value, the ends and single bits more often."""
    few_bits = st.lists(st.integers(0, field.bits - 1), max_size=3, unique=True).map(
        lambda bits: sum(1 << bit for bit in bits)
    )
    return st.sampled_from((0, field.top)) | few_bits | st.integers(0, field.top)


@cache
def spans(field):
    """Sorted, disjoint spans, some of one value, none to a handful of them."""
    one = st.tuples(values(field), values(field)).map(sorted).map(tuple)
    single = values(field).map(lambda value: (value, value))
    near = st.builds(lambda low, size: (low, min(low + size, field.top)), values(field), _SMALL)
    return st.lists(one | single | near, max_size=5).map(join_spans)


@cache
def insides(field):
    """An atom: raw spans with or without a mask, or what a smart constructor makes."""
    value, this = values(field), st.just(field)
    return st.one_of(
        st.builds(In, this, spans(field)),
        st.builds(In, this, spans(field), value),
        st.builds(lambda found, mask: In(field, _under(mask, found), mask), spans(field), value),
        st.builds(is_in, this, value),
        st.builds(lambda v, mask: masked(field, v & mask, mask), value, value),
        st.builds(prefix, this, value, st.integers(0, field.bits)),
    )


def _under(mask, spans):
    """The spans moved to where values under the mask can be."""
    return join_spans(tuple(sorted((low & mask, high & mask))) for low, high in spans)


@cache
def terms(leaves):
    """Any predicate made of these leaves."""
    return st.recursive(leaves, _combined, max_leaves=8)


def _combined(inner):
    parts = st.lists(inner, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, parts), st.builds(Or, parts))


@cache
def preds(fields=FIELDS, coins=COINS):
    """Any predicate over these fields and free facts."""
    facts = st.one_of(*map(insides, fields))
    return terms(facts | facts | st.sampled_from(coins) if coins else facts)


def edges(pred, field):
    """The values of a field around which the predicate's answer may change."""
    found = {0, field.top}
    for atom in atoms(pred):
        if isinstance(atom, In) and atom.field == field:
            for low, high in atom.spans:
                found |= {low - 1, low, high, high + 1}
    return sorted(v for v in found if 0 <= v <= field.top)


@st.composite
def views(draw, pred, fields=FIELDS):
    """A packet near the edges of the predicate; noise in the bits that a mask may not see."""
    view = {}
    for field in fields:
        near = edges(pred, field)
        value = near[draw(st.integers(0, len(near) - 1))]
        view[field.name] = value ^ draw(values(field)) if draw(_COIN) else value
    return view


@cache
def outcomes(coins=COINS):
    """What is known of the free facts: each holds, does not, or is left out."""
    facts = {free_key(coin.name): st.sampled_from((0, 1)) for coin in coins}
    return st.fixed_dictionaries({}, optional=facts)


@st.composite
def cases(draw, coins=COINS):
    """A predicate, a packet near its edges, and what is known of the free facts."""
    pred = draw(preds(coins=coins))
    return pred, draw(views(pred)) | draw(outcomes(coins))


def completions(view):
    """The view with each outcome of the free facts that it leaves open."""
    open_ = [key for key in (free_key(coin.name) for coin in COINS) if key not in view]
    for outcome in product((0, 1), repeat=len(open_)):
        yield view | dict(zip(open_, outcome, strict=True))
