"""What rules may write into fields, as far as it matters for an atom that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from fwsim.machine.sets.cases import holds
from fwsim.machine.sets.order import At
from fwsim.model import fields as F
from fwsim.model.actions import Action, Assign, Compute, Copy, Divert, Nat, Rewrite, Template
from fwsim.model.fields import Field
from fwsim.model.pred import In
from fwsim.model.tuples import NamedTuple


def changes(action: Action) -> tuple[Field, ...]:
    """The fields of a packet that an action changes, and lets it go on."""
    match action:
        case Assign() | Compute():
            return (action.field,)
        case Copy():
            return (action.target,)
        case Rewrite():
            return action.fields
        case Template(notrack=True):
            return (F.CTSTATE,)
    return ()


def written(action: Action, family: int) -> tuple[Field, ...]:
    """The fields that an action may change, whether or not the packet goes on."""
    match action:
        case Divert():
            return (F.MARK,)
        case Nat():
            return F.SRC[family], F.DST[family], F.SPORT, F.DPORT
    return changes(action)


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
            return _may_give(given(action, atom.field), atom, inside)
    return True


def given(action: Action, field: Field) -> tuple[int, int] | None:
    """What a translation may give a field, from the least to the greatest value; None: nothing, or
    it is none."""
    if not isinstance(action, Nat):
        return None
    told, every = action.range.ports, (0, field.top)
    if field not in (F.SPORT, F.DPORT):
        own = action.kind in ("masquerade", "redirect")
        return every if own else action.range.addresses
    return every if told is None and (action.range.random or action.range.fully_random) else told


def _may_give(values: tuple[int, int] | None, atom: In, inside: bool) -> bool:
    if values is None:
        return False
    low, high = values
    if low == high:
        return holds(atom, low) is inside
    if atom.mask is not None:
        return True
    if inside:
        return any(first <= high and low <= last for first, last in atom.spans)
    return not any(first <= low and high <= last for first, last in atom.spans)


class Writer(NamedTuple):
    """A rule's action that changes a field."""

    table: str
    chain: str
    number: int
    action: Action


class Earlier:
    """Writers of a field, each with the places where packets may have met it; those that give one
    value are found by it."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self._single: dict[int, list[tuple[Writer, list[At]]]] = {}
        self._others: list[tuple[Writer, list[At]]] = []

    def add(self, writer: Writer, places: list[At]) -> None:
        """A writer, and where packets may have met it."""
        values = given(writer.action, self.field)
        single = values is not None and values[0] == values[1]
        if places:
            kept = self._single.setdefault(values[0], []) if values and single else self._others
            kept.append((writer, places))

    def of(self, atom: In, holds: bool) -> Iterator[tuple[Writer, list[At]]]:
        """Those that may matter to an atom."""
        (low, high), *more = atom.spans
        if holds and atom.mask is None and low == high and not more:
            yield from self._single.get(low, ())
        else:
            yield from chain.from_iterable(self._single.values())
        yield from self._others
