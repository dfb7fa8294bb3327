"""The concrete reading: does this packet match?

A predicate is folded once into nested closures; asking them is the hot path of every walk. They
ask from left to right and stop where `ipt_do_table` stops (net/ipv4/netfilter/ip_tables.c): at
the first condition that fails. A `Free` fact that nobody knows makes the answer None, "it
depends", by Kleene's tables; it stops nothing, since a later condition may still fail.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fwsim.model.pred import Free, In, Pred, Spans, atoms, fold

View = Mapping[Any, int]
Test = Callable[[View], bool | None]


def free_key(name: str) -> str:
    """The key under which a view holds what is known of `Free(name)`."""
    return "free:" + name


def compile_pred(pred: Pred) -> Test:
    """The predicate as a function of a view, a mapping from fields' keys to values: True, False,
    or None where it depends on a `Free` that the view does not hold (see `free_key`). A view that
    can `settle` such facts is asked for them, once each time the test comes to one."""
    free = any(isinstance(atom, Free) for atom in atoms(pred))
    return fold(pred, _DEPENDS if free else _DECIDED)


def holds(pred: Pred, view: View) -> bool | None:
    """Ask once; to ask often, keep what `compile_pred` returns."""
    return compile_pred(pred)(view)


class _Decided:
    """Closures of predicates without `Free`: plain two-valued logic."""

    def inside(self, atom: In) -> Test:
        if atom.mask is None:
            return _plain(atom.field.key, atom.spans)
        return _masked(atom.field.key, atom.spans, atom.mask)

    def free(self, atom: Free) -> Test:
        key = free_key(atom.name)

        def ask(view: View) -> bool | None:
            settle = getattr(view, "settle", None)
            seen = settle(atom) if settle else view.get(key)
            return None if seen is None else bool(seen)

        return ask

    def negate(self, value: Test) -> Test:
        return lambda view: not value(view)

    def all_of(self, values: Iterator[Test]) -> Test:
        match tuple(values):
            case (a, b):
                return lambda view: a(view) and b(view)
            case (a, b, c):
                return lambda view: a(view) and b(view) and c(view)
            case (a, b, c, d):
                return lambda view: a(view) and b(view) and c(view) and d(view)
            case tests:
                return _all(tests)

    def any_of(self, values: Iterator[Test]) -> Test:
        return _any(tuple(values))


class _Depends(_Decided):
    """Closures of predicates with `Free`: Kleene's three-valued logic."""

    def negate(self, value: Test) -> Test:
        def ask(view: View) -> bool | None:
            inner = value(view)
            return None if inner is None else not inner

        return ask

    def all_of(self, values: Iterator[Test]) -> Test:
        return _until(False, tuple(values))

    def any_of(self, values: Iterator[Test]) -> Test:
        return _until(True, tuple(values))


_DECIDED, _DEPENDS = _Decided(), _Depends()


def _plain(name: Any, spans: Spans) -> Test:
    if len(spans) == 1:
        ((low, high),) = spans
        if low == high:
            return lambda view: view[name] == low
        return lambda view: low <= view[name] <= high
    if values := _singles(spans):
        return lambda view: view[name] in values
    edges = _edges(spans)
    return lambda view: bisect(edges, view[name]) & 1 == 1


def _masked(name: Any, spans: Spans, mask: int) -> Test:
    if len(spans) == 1:
        ((low, high),) = spans
        if low == high:
            return lambda view: view[name] & mask == low
        return lambda view: low <= view[name] & mask <= high
    if values := _singles(spans):
        return lambda view: view[name] & mask in values
    edges = _edges(spans)
    return lambda view: bisect(edges, view[name] & mask) & 1 == 1


def _singles(spans: Spans) -> frozenset[int]:
    """The values, if every span is one value (ports of multiport, members of a set)."""
    return frozenset(a for a, _ in spans) if all(a == b for a, b in spans) else frozenset()


def _edges(spans: Spans) -> list[int]:
    """Where membership changes: a value behind an odd number of edges is inside."""
    return [edge for low, high in spans for edge in (low, high + 1)]


def _all(tests: tuple[Test, ...]) -> Test:
    def ask(view: View) -> bool:
        for test in tests:  # noqa: SIM110 (a loop is twice as fast as `all` here)
            if not test(view):
                return False
        return True

    return ask


def _any(tests: tuple[Test, ...]) -> Test:
    def ask(view: View) -> bool:
        for test in tests:  # noqa: SIM110 (as above)
            if test(view):
                return True
        return False

    return ask


def _until(decisive: bool, tests: tuple[Test, ...]) -> Test:
    def ask(view: View) -> bool | None:
        answer: bool | None = not decisive
        for test in tests:
            match test(view):
                case None:
                    answer = None
                case found if found is decisive:
                    return decisive
        return answer

    return ask
