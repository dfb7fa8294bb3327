"""The packets at a point of their way, told in terms of the packets as they came in.

A changed field is not another variable: each of its bits is a decision diagram over the bits that
came in. So a predicate read here, under an `Env`, gives the packets at the beginning of the way
for which it holds here; no set ever has to be traced back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from fwsim.model.fields import Field
from fwsim.model.pred import Free, In, Pred, fold
from fwsim.model.tuples import NamedTuple
from fwsim.readings.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

Bits = tuple["BCDDFunction", ...]  # of a field, the least significant first
Derive = Callable[["Env", Field], "Bits | None"]


class Change(NamedTuple):
    """What becomes of one bit: it is set where `on`, cleared where `off`, else as it was."""

    on: BCDDFunction
    off: BCDDFunction


class Delta(dict[tuple[Field, int], Change]):
    """What becomes of fields' bits on a piece of the way."""

    def only(self, where: BCDDFunction) -> Delta:
        """The same, where it concerns these packets."""
        found = Delta()
        for key, change in self.items():
            kept = Change(change.on & where, change.off & where)
            if kept.on.satisfiable() or kept.off.satisfiable():
                found[key] = kept
        return found

    def then(self, later: Delta) -> Delta:
        """This, and what comes after it."""
        if not self or not later:
            return later or self
        both = Delta(self)
        for key, change in later.items():
            before = self.get(key)
            both[key] = change if before is None else _after(before, change)
        return both

    @property
    def fields(self) -> set[str]:
        """The names of the fields that it changes."""
        return {field.name for field, _ in self}


def _after(before: Change, later: Change) -> Change:
    on, off = later
    return Change(on | off.imp_strict(before.on), off | on.imp_strict(before.off))


def together(deltas: Iterable[tuple[BCDDFunction, Delta]], diagrams: Diagrams) -> Delta:
    """What becomes of packets of which these sets, disjoint, go different ways."""
    ons: dict[tuple[Field, int], list[BCDDFunction]] = {}
    offs: dict[tuple[Field, int], list[BCDDFunction]] = {}
    for where, delta in deltas:
        for key, (on, off) in delta.items():
            ons.setdefault(key, []).append(on & where)
            offs.setdefault(key, []).append(off & where)
    changes = ((key, diagrams.either(ons[key]), diagrams.either(offs[key])) for key in ons)
    return Delta(
        (key, Change(on, off)) for key, on, off in changes if on.satisfiable() or off.satisfiable()
    )


class Facts:
    """Facts that no field holds: `assumed` answers those that somebody knows, by their names;
    `asked` are the others that were asked for, by the names of their bits."""

    def __init__(self, assumed: Callable[[str], bool | None] = lambda _name: None) -> None:
        self.assumed = assumed
        self.asked: dict[str, Free] = {}

    def name(self, free: Free, asker: object) -> str:
        """The name of a fact's bit; one that has an answer for each that asks has many."""
        name = free.name if free.once else f"{free.name} ({asker}, {free.nth})"
        self.asked.setdefault(name, free)
        return name


class Env:
    """The fields as they are now. `derive` gives the bits of those that follow from others, such
    as the type of an address; what is neither changed nor derived is as it came in."""

    def __init__(
        self,
        space: Space,
        changed: Mapping[Field, Bits] | None = None,
        derive: Derive = lambda _env, _field: None,
        facts: Facts | None = None,
    ) -> None:
        self.space, self.diagrams = space, space.diagrams
        self.changed, self.derive = dict(changed or {}), derive
        self.facts = Facts() if facts is None else facts
        self._derived: dict[Field, Bits | None] = {}
        self._atoms: dict[In, BCDDFunction] = {}

    def bits(self, field: Field) -> Bits:
        """The field's bits as they are now."""
        found = self._own(field)
        return tuple(self.diagrams.bits(field)) if found is None else found

    def _own(self, field: Field) -> Bits | None:
        if field in self.changed:
            return self.changed[field]
        if field not in self._derived:
            self._derived[field] = self.derive(self, field)
        return self._derived[field]

    def read(self, pred: Pred, asker: object = None) -> BCDDFunction:
        """The packets for which it holds here, facts that nobody knows as further bits. Where such
        a fact has an answer of its own for each that asks, `asker` says who does."""
        return fold(pred, _Reader(self, asker))

    def inside(self, atom: In) -> BCDDFunction:
        """The packets for which an atom holds here."""
        own = self._own(atom.field)
        if own is None:
            return self.diagrams.inside(atom)
        if atom not in self._atoms:
            self._atoms[atom] = self.diagrams.within(atom, own)
        return self._atoms[atom]

    def constant(self, field: Field, value: int) -> Bits:
        """The bits of a value."""
        true, false = self.diagrams.true, self.diagrams.false
        return tuple(true if value >> place & 1 else false for place in range(field.bits))

    def having(self, changed: Mapping[Field, Bits]) -> Env:
        """The same with these fields as given."""
        return Env(self.space, {**self.changed, **changed}, self.derive, self.facts)

    def after(self, delta: Delta) -> Env:
        """The fields as a piece of the way leaves them."""
        if not delta:
            return self
        changed: dict[Field, list[BCDDFunction]] = {}
        for (field, place), (on, off) in delta.items():
            bits = changed.setdefault(field, list(self.bits(field)))
            bits[place] = on | off.imp_strict(bits[place])
        return self.having({field: tuple(bits) for field, bits in changed.items()})

    def key(self, fields: Iterable[Field]) -> tuple[Bits | None, ...]:
        """What tells apart two of these, as far as predicates over the fields are concerned."""
        return tuple(map(self._own, fields))


class _Reader:
    """The algebra that reads a predicate under an Env."""

    def __init__(self, env: Env, asker: object) -> None:
        self.env, self.asker, self.diagrams = env, asker, env.diagrams

    def inside(self, atom: In) -> BCDDFunction:
        return self.env.inside(atom)

    def free(self, atom: Free) -> BCDDFunction:
        answer = self.env.facts.assumed(atom.name)
        if answer is not None:
            return self.diagrams.true if answer else self.diagrams.false
        return self.diagrams.free(Free(self.env.facts.name(atom, self.asker)))

    def negate(self, value: BCDDFunction) -> BCDDFunction:
        return ~value

    def all_of(self, values: Iterator[BCDDFunction]) -> BCDDFunction:
        return self.diagrams.all_of(values)

    def any_of(self, values: Iterator[BCDDFunction]) -> BCDDFunction:
        return self.diagrams.any_of(values)
