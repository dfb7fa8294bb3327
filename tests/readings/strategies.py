"""Random predicates, and views that stand where their answers change."""

from hypothesis import strategies as st

from fwsim.model import fields as f
from fwsim.model.pred import And, Free, In, Not, Or, atoms, is_in, join_spans, masked, prefix
from fwsim.readings.concrete import free_key

FIELDS = (f.PROTO, f.DPORT, f.MARK, f.SRC[4], f.CTSTATE, f.IN)
COINS = (Free("coin", "a coin"), Free("dice", "dice"))


def values(field):
    """Any value, the ends and single bits more often."""
    few_bits = st.lists(st.integers(0, field.bits - 1), max_size=3).map(
        lambda bits: sum(1 << bit for bit in set(bits))
    )
    return st.sampled_from((0, field.top)) | few_bits | st.integers(0, field.top)


@st.composite
def spans(draw, field):
    """Sorted, disjoint spans, some of one value, none to a handful of them."""
    ends = draw(st.lists(st.tuples(values(field), values(field)), max_size=4))
    single = draw(st.lists(values(field), max_size=3))
    return join_spans([(min(pair), max(pair)) for pair in ends] + [(v, v) for v in single])


@st.composite
def insides(draw, fields=FIELDS):
    """An atom: raw spans with or without a mask, or what a smart constructor makes."""
    field = draw(st.sampled_from(fields))
    mask = draw(values(field))
    value = draw(values(field))
    return draw(
        st.one_of(
            spans(field).map(lambda found: In(field, found)),
            spans(field).map(lambda found: In(field, found, mask)),
            st.just(is_in(field, value)),
            st.just(masked(field, value & mask, mask)),
            st.integers(0, field.bits).map(lambda length: prefix(field, value, length)),
        )
    )


def terms(leaves):
    """Any predicate made of these leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, max_size=4).map(lambda parts: And(tuple(parts))),
            st.lists(inner, max_size=4).map(lambda parts: Or(tuple(parts))),
        ),
        max_leaves=8,
    )


def preds(fields=FIELDS, coins=COINS):
    """Any predicate over these fields and free facts."""
    return terms(insides(fields) | st.sampled_from(coins) if coins else insides(fields))


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
        near = draw(st.sampled_from(edges(pred, field)))
        noise = draw(st.just(0) | values(field))
        view[field.name] = near ^ noise if draw(st.booleans()) else near
    return view


@st.composite
def outcomes(draw, coins=COINS):
    """What is known of the free facts: each holds, does not, or is left out."""
    known = {free_key(coin.name): draw(st.sampled_from((None, 0, 1))) for coin in coins}
    return {key: value for key, value in known.items() if value is not None}
