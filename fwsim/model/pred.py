"""The predicate: what a match means, as data, written once and read many ways.

A rule's meaning must serve a packet, a population, a set, an explanation. So it is no function but
a small frozen term with one `fold`; every reading is an algebra over it (fwsim.readings):

    Pred = In(field, spans, mask) | Free(name) | Not(p) | And(ps) | Or(ps)

Laws, tested on random terms: all readings agree; `~p` holds exactly where `p` does not; the
smart constructors below change the shape of a term and never its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fwsim.model.fields import Field
from fwsim.model.frozen import Frozen, aside
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from fwsim.model.facts import Facts

Spans = tuple[tuple[int, int], ...]


class In(Frozen):
    """(field & mask) lies in one of the inclusive spans, which are sorted and disjoint.
    `mask` None means all bits."""

    field: Field
    spans: Spans
    mask: int | None = None


class OfConnection(NamedTuple):
    """The scope of a memory that the packet's connection keeps, as its attribute of that name."""

    name: str


Step = Callable[["Facts", Any], tuple[bool | None, Any]]
"""One asking of a fact that has memory: the facts and the memory so far (None at first) give the
answer (None: nobody knows) and the memory from now on. The old memory is never changed."""


class Free(Frozen):
    """A fact that the fields do not determine: a coin, a token bucket, what stands in the payload,
    what is not modelled. `why` is the phrase people read, `name` what --assume settles it by.

    Where the walk can find out, `step` tells how, with the memory of `scope`: None is the rule's
    own, `nth` telling its several uses apart; another is shared by all that name it. `once`: it
    is the same for a packet wherever it is asked; a coin is thrown anew each time. `told` says it
    of a field that traces need not know and all packets at once have: their sender's MAC."""

    name: str
    why: str = ""
    step: Step | None = aside(default=None)
    scope: Hashable = None
    nth: int = 0
    once: bool = True
    told: In | None = None


class Not(Frozen):
    """p does not hold."""

    pred: Pred


class And(Frozen):
    """All hold, asked from left to right until one does not, as the kernel asks."""

    preds: tuple[Pred, ...] = ()


class Or(Frozen):
    """One holds, asked from left to right until one does."""

    preds: tuple[Pred, ...] = ()


Pred = In | Free | Not | And | Or
TRUE = And()
FALSE = Or()

T = TypeVar("T")


class Algebra(Protocol[T]):
    """One way of reading a predicate. The parts of `all_of` and `any_of` come lazily, in order,
    so that a reading may stop early."""

    def inside(self, atom: In) -> T:
        """Read a field's membership."""
        ...

    def free(self, atom: Free) -> T:
        """Read an undetermined fact."""
        ...

    def negate(self, value: T) -> T:
        """Read a negation."""
        ...

    def all_of(self, values: Iterator[T]) -> T:
        """Read a conjunction."""
        ...

    def any_of(self, values: Iterator[T]) -> T:
        """Read a disjunction."""
        ...


def fold(pred: Pred, algebra: Algebra[T]) -> T:
    """Read a predicate: replace each constructor by the algebra's operation of the same name."""
    match pred:
        case In():
            return algebra.inside(pred)
        case Free():
            return algebra.free(pred)
        case Not():
            return algebra.negate(fold(pred.pred, algebra))
        case And():
            return algebra.all_of(fold(p, algebra) for p in pred.preds)
        case Or():
            return algebra.any_of(fold(p, algebra) for p in pred.preds)


def is_in(field: Field, *values: int | tuple[int, int], mask: int | None = None) -> Pred:
    """The field's value is one of these (single values or inclusive spans). Spans are sorted and
    joined; ValueError if one leaves the field's width."""
    spans = join_spans(v if isinstance(v, tuple) else (v, v) for v in values)
    if spans and (spans[0][0] < 0 or spans[-1][1] > field.top):
        raise ValueError(f"{field.name} holds {field.bits} bits, not {spans!r}")
    if mask == field.top:
        mask = None
    if not spans:
        return FALSE
    if mask is None and spans == ((0, field.top),):
        return TRUE
    return In(field, spans, mask)


def join_spans(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sorted, disjoint spans that touch nowhere, covering the same values; empty ones vanish."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(s for s in spans if s[0] <= s[1]):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def masked(field: Field, value: int, mask: int) -> Pred:
    """(field & mask) == value; FALSE where value has bits outside the mask."""
    return is_in(field, value, mask=mask) if not value & ~mask else FALSE


def prefix(field: Field, value: int, length: int) -> Pred:
    """The first `length` bits of the field are those of `value`."""
    host = field.bits - length
    low = value >> host << host
    return is_in(field, (low, low + (1 << host) - 1))


def all_of(*preds: Pred) -> Pred:
    """Conjunction; nested conjunctions and TRUE melt away, order stays."""
    flat = _flat(preds, And)
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(*preds: Pred) -> Pred:
    """Disjunction; nested disjunctions and FALSE melt away, order stays."""
    flat = _flat(preds, Or)
    return flat[0] if len(flat) == 1 else Or(flat)


def _flat(preds: Iterable[Pred], kind: type[And] | type[Or]) -> tuple[Pred, ...]:
    flat: list[Pred] = []
    for pred in preds:
        if isinstance(pred, kind):
            flat.extend(pred.preds)
        else:
            flat.append(pred)
    return tuple(flat)


def negate(pred: Pred, really: bool = True) -> Pred:
    """Not(pred) if `really`, else pred; a double negation melts away."""
    if not really:
        return pred
    return pred.pred if isinstance(pred, Not) else Not(pred)


def atoms(pred: Pred) -> Iterator[In | Free]:
    """Every atom of the term, left to right."""
    match pred:
        case In() | Free():
            yield pred
        case Not():
            yield from atoms(pred.pred)
        case And() | Or():
            for part in pred.preds:
                yield from atoms(part)
