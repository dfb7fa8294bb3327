"""The explanation: the conditions that decided, with the value that was seen.

A hit is explained by the conditions that held, a miss by every condition that failed (not only by
the first, at which the kernel stops: a rule that misses by one condition alone is a near miss, but
what only another protocol's header has is no condition to be missed by),
and "it depends" by what is not known. So all reasons of one explanation hold alike, and a miss
never comes without one.
"""

from __future__ import annotations

from fwsim.model.fields import PROTO, TRANSPORT
from fwsim.model.pred import Free, In, Pred, fold, join_spans
from fwsim.model.tuples import NamedTuple
from fwsim.readings.concrete import View, compile_pred
from fwsim.readings.signed import SignedAlgebra


class Reason(NamedTuple):
    """One condition that decided.

    `wanted` is False where the rule asks that the atom does not hold; `holds` says whether the
    condition, so understood, is met (None: nobody knows); `seen` is the field's whole value, None
    for a `Free`. Where there were several ways to meet a condition and all failed, it is one
    reason: `atom` is None and `ways` holds the reasons of each; no ways at all, and it can never
    be met."""

    atom: In | Free | None
    wanted: bool
    holds: bool | None
    seen: int | None = None
    ways: tuple[tuple[Reason, ...], ...] = ()


def explain(pred: Pred, view: View) -> tuple[Reason, ...]:
    """Why `pred` matches the view, misses it, or depends: see the module's text."""
    return fold(pred, _Explanation(view))(True).reasons


class _Account(NamedTuple):
    holds: bool | None
    reasons: tuple[Reason, ...]


class _Explanation(SignedAlgebra[_Account]):
    def __init__(self, view: View) -> None:
        self.view = view

    def atom(self, atom: In | Free, wanted: bool) -> _Account:
        found = compile_pred(atom)(self.view)
        holds = None if found is None else found is wanted
        return _Account(holds, (Reason(atom, wanted, holds, self.seen(atom)),))

    def seen(self, atom: In | Free) -> int | None:
        if isinstance(atom, In):
            return self.view[atom.field.key]
        return None

    def every(self, parts: list[_Account]) -> _Account:
        holds = _weakest(parts)
        return _Account(holds, _together(holds, parts))

    def some(self, parts: list[_Account]) -> _Account:
        for part in parts:
            if part.holds:
                return part
        if any(part.holds is None for part in parts):
            return _Account(None, _together(None, parts))
        return _Account(False, _no_way(tuple(part.reasons for part in parts)))


def _weakest(parts: list[_Account]) -> bool | None:
    answers = {part.holds for part in parts}
    return False if False in answers else None if None in answers else True


def _together(holds: bool | None, parts: list[_Account]) -> tuple[Reason, ...]:
    told = (reason for part in parts if part.holds is holds for reason in part.reasons)
    return _of_its_protocol(tuple(dict.fromkeys(told)))


def _of_its_protocol(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Of a packet that missed by its protocol nobody asks for what another one's header has."""
    by_protocol = any(
        isinstance(r.atom, In) and r.atom.field == PROTO and r.wanted and r.holds is False
        for r in reasons
    )
    return tuple(r for r in reasons if not _is_transport(r)) if by_protocol else reasons


def _is_transport(reason: Reason) -> bool:
    if reason.ways:
        return all(_is_transport(part) for way in reason.ways for part in way)
    return isinstance(reason.atom, In) and reason.atom.field in TRANSPORT


def _no_way(ways: tuple[tuple[Reason, ...], ...]) -> tuple[Reason, ...]:
    """A missed choice. If each way fails by the same field alone, one atom with all their spans
    says the same; otherwise the ways are kept apart."""
    ways = tuple(dict.fromkeys(ways))
    if len(ways) == 1:
        return ways[0]
    merged = _merged([way[0] for way in ways if len(way) == 1])
    if merged is not None and all(len(way) == 1 for way in ways):
        return (merged,)
    return (Reason(None, True, False, ways=ways),)


def _merged(reasons: list[Reason]) -> Reason | None:
    wanted = [r.atom for r in reasons if isinstance(r.atom, In) and r.wanted]
    if len({(a.field, a.mask) for a in wanted}) != 1 or len(wanted) != len(reasons):
        return None
    spans = join_spans(span for atom in wanted for span in atom.spans)
    return reasons[0]._replace(atom=In(wanted[0].field, spans, wanted[0].mask))
