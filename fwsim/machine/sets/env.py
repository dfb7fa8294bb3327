"""The packets at a point of their way, told in terms of the packets as they came in.

A changed field is not another variable: its value is told by cases, whose conditions are decision
diagrams over the fields as they came in. So a predicate read here, under an `Env`, gives the
packets at the beginning of the way for which it holds here; no set ever has to be traced back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from fwsim.machine.sets.cases import Bits, Case, Cases, bit_of, joined, within
from fwsim.model.fields import CT_MARK, CT_STATUS, PRIORITY, Field
from fwsim.model.pred import Free, In, Pred, fold
from fwsim.model.tuples import NamedTuple
from fwsim.readings.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

_BEHIND = frozenset({PRIORITY, CT_STATUS, CT_MARK})
"""Fields that no other follows from."""
Derive = Callable[["Env", Field], "Cases | None"]


class Change(NamedTuple):
    """A field's new value, for the packets for which it has one."""

    where: BCDDFunction
    cases: Cases


class Delta(dict[Field, Change]):
    """What becomes of fields on a piece of the way, for the packets that go it."""

    def only(self, where: BCDDFunction) -> Delta:
        """The same, and for no others than these packets."""
        found = Delta()
        for field, change in self.items():
            kept = change.where & where
            if kept.satisfiable():
                found[field] = change._replace(where=kept)
        return found

    def then(self, later: Delta, diagrams: Diagrams) -> Delta:
        """This, and what comes after it."""
        if not self or not later:
            return later or self
        both = Delta(self)
        for field, change in later.items():
            before = self.get(field)
            both[field] = change if before is None else _after(before, change, diagrams)
        return both


def _after(before: Change, later: Change, diagrams: Diagrams) -> Change:
    if later.where.valid():
        return later
    cases = [Case(c.where & later.where, c.value) for c in later.cases]
    cases += [Case(later.where.imp_strict(c.where & before.where), c.value) for c in before.cases]
    return Change(before.where | later.where, joined(cases, diagrams))


def together(ways: Iterable[tuple[BCDDFunction, Delta]], diagrams: Diagrams) -> Delta:
    """What becomes of packets of which these sets, disjoint, go different ways."""
    wheres: dict[Field, list[BCDDFunction]] = {}
    cases: dict[Field, list[Case]] = {}
    for way, delta in ways:
        for field, change in delta.items():
            where = way & change.where
            wheres.setdefault(field, []).append(where)
            cases.setdefault(field, []).extend(
                Case(where & case.where, case.value) for case in change.cases
            )
    found = ((field, diagrams.either(parts)) for field, parts in wheres.items())
    return Delta(
        (field, Change(where, joined(cases[field], diagrams)))
        for field, where in found
        if where.satisfiable()
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
    """The fields as they are now. `derive` gives those that follow from others, such as the type
    of an address; what is neither changed nor derived is as it came in."""

    def __init__(
        self,
        space: Space,
        changed: Mapping[Field, Cases] | None = None,
        derive: Derive = lambda _env, _field: None,
        facts: Facts | None = None,
    ) -> None:
        self.space, self.diagrams = space, space.diagrams
        self.changed, self.derive = dict(changed or {}), derive
        self.facts = Facts() if facts is None else facts
        self._derived: dict[Field, Cases | None] = {}
        self._atoms: dict[In, BCDDFunction] = {}

    def _own(self, field: Field) -> Cases | None:
        if field in self.changed:
            return self.changed[field]
        if field not in self._derived:
            self._derived[field] = self.derive(self, field)
        return self._derived[field]

    def is_own(self, field: Field) -> bool:
        """It is as the packets brought it."""
        return self._own(field) is None

    def cases(self, field: Field) -> Cases:
        """The field's value as it is now."""
        own = self._own(field)
        if own is not None:
            return own
        return (Case(self.diagrams.true, tuple(self.diagrams.bits(field))),)

    def bits(self, field: Field) -> Bits:
        """The same, bit by bit."""
        cases = self.cases(field)
        if len(cases) == 1 and not isinstance(cases[0].value, int):
            return cases[0].value
        return tuple(bit_of(cases, place, self.diagrams) for place in range(field.bits))

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
            self._atoms[atom] = within(own, atom, self.diagrams)
        return self._atoms[atom]

    def number(self, value: int) -> Cases:
        """The same number for all packets."""
        return (Case(self.diagrams.true, value),)

    def having(self, changed: Mapping[Field, Cases]) -> Env:
        """The same with these fields as given."""
        made = Env(self.space, {**self.changed, **changed}, self.derive, self.facts)
        if all(field in _BEHIND for field in changed):
            made._derived, made._atoms = self._derived, _others(self._atoms, changed)
        return made

    def after(self, delta: Delta) -> Env:
        """The fields as a piece of the way leaves them."""
        if not delta:
            return self
        return self.having({field: self._changed(field, *delta[field]) for field in delta})

    def _changed(self, field: Field, where: BCDDFunction, cases: Cases) -> Cases:
        if where.valid():
            return cases
        new = [Case(where & case.where, case.value) for case in cases]
        old = [Case(where.imp_strict(case.where), case.value) for case in self.cases(field)]
        return joined([*new, *old], self.diagrams)

    def key(self, fields: Iterable[Field]) -> tuple[Cases | None, ...]:
        """What tells apart two of these, as far as predicates over the fields are concerned."""
        return tuple(map(self._own, fields))


class Flow(NamedTuple):
    """Packets at one point of their way."""

    alive: BCDDFunction
    env: Env

    def parted(self, pred: Pred) -> tuple[Flow, Flow]:
        """Those for which it holds here, and the others."""
        held = self.env.read(pred) & self.alive
        return self._replace(alive=held), self._replace(alive=held.imp_strict(self.alive))


def _others(
    atoms: Mapping[In, BCDDFunction], changed: Mapping[Field, Cases]
) -> dict[In, BCDDFunction]:
    return {atom: where for atom, where in atoms.items() if atom.field not in changed}


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
        if atom.told is not None:
            return self.env.inside(atom.told)
        return self.diagrams.free(Free(self.env.facts.name(atom, self.asker)))

    def negate(self, value: BCDDFunction) -> BCDDFunction:
        return ~value

    def all_of(self, values: Iterator[BCDDFunction]) -> BCDDFunction:
        return self.diagrams.all_of(values)

    def any_of(self, values: Iterator[BCDDFunction]) -> BCDDFunction:
        return self.diagrams.any_of(values)
