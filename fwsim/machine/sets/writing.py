"""What actions may write into fields, as far as it matters for an atom that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine.sets.cases import holds
from fwsim.model import fields as F
from fwsim.model.actions import Action, Assign, Compute, Copy, Divert, Nat, Rewrite
from fwsim.model.fields import Field
from fwsim.model.pred import In


def written(action: Action, family: int) -> Iterator[Field]:
    """The fields that an action may change."""
    match action:
        case Assign() | Compute():
            yield action.field
        case Copy():
            yield action.target
        case Rewrite():
            yield from action.fields
        case Divert():
            yield F.MARK
        case Nat():
            yield from (F.SRC[family], F.DST[family], F.SPORT, F.DPORT)


def may_be(action: Action, atom: In, inside: bool) -> bool:
    """Whether an action may give a field a value that lies in an atom, or one that does not, where
    it had another."""
    mask = atom.field.top if atom.mask is None else atom.mask
    match action:
        case Assign() | Divert() if not (action.clear | action.flip) & mask:
            return False
        case Assign() | Divert() if not mask & ~action.clear:
            return holds(atom, action.flip) is inside
        case Nat():
            return _may_give(action, atom, inside)
    return True


def _may_give(action: Nat, atom: In, inside: bool) -> bool:
    every = 0, atom.field.top
    given = action.range.ports
    if atom.field not in (F.SPORT, F.DPORT):
        own = action.kind in ("masquerade", "redirect")
        given = every if own else action.range.addresses
    elif given is None and (action.range.random or action.range.fully_random):
        given = every
    if given is None:
        return False
    low, high = given
    if low == high:
        return holds(atom, low) is inside
    if atom.mask is not None:
        return True
    if inside:
        return any(first <= high and low <= last for first, last in atom.spans)
    return not any(first <= low and high <= last for first, last in atom.spans)
