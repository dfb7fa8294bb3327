"""One table, rule by rule: which packets each rule matches of those that come to it.

What may come into the table is not known: every field is free at its entrance, among the packets
that there can be. All sets are of packets as they enter the table. A field that the table's own
rules both change and ask for may be anything wherever it is asked (a bit of its own for each rule
that asks), so that what is found holds whatever its value.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from fwsim.language.ruleset import TABLES, Chain, Rule, Table
from fwsim.model import fields as F
from fwsim.model.actions import (
    Action,
    Assign,
    Compute,
    Copy,
    Rewrite,
    Template,
)
from fwsim.model.fields import Field
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import FALSE, And, In, Not, Or, Pred, all_of, any_of, atoms, is_in, negate
from fwsim.model.tuples import NamedTuple
from fwsim.questions.lint.kinds import final
from fwsim.questions.lint.overlap import Before, Overlaps, exact
from fwsim.readings.concrete import free_key

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.machine.sets.env import Env

Where = tuple[str, int]
"""A chain and the number of a rule in it, from 1; 0 is its policy."""

_NO_IN, _NO_OUT = is_in(F.IN, iface_value("")), is_in(F.OUT, iface_value(""))
_AT = {
    "PREROUTING": all_of(negate(_NO_IN), _NO_OUT),
    "INPUT": all_of(negate(_NO_IN), _NO_OUT),
    "FORWARD": all_of(negate(_NO_IN), negate(_NO_OUT)),
    "OUTPUT": all_of(_NO_IN, negate(_NO_OUT)),
    "POSTROUTING": negate(_NO_OUT),
}
_FIRST = is_in(F.CTSTATE, STATES.index("NEW"))


class Row:
    """A chain: `own` are the packets that each rule would match of all that there can be, `takes`
    those that do not go on to the next rule, `gone` those that never come back out of the chain;
    `entry` are all that come in, by the built-in chains `hooks`. Devices are free even where a
    hook has none: which those are is of no use but for witnesses (`there`)."""

    def __init__(self, chain: Chain, own: list[BCDDFunction]) -> None:
        self.chain, self.own = chain, own
        self.takes: list[BCDDFunction] = []
        self.callers: list[Where] = []
        self.hooks: set[str] = set()
        self.gone: BCDDFunction
        self.entry: BCDDFunction
        self.before: Before
        self.overlaps: Overlaps


class _Ends(NamedTuple):
    """The packets that end in some rules of a chain, and those that return from them."""

    gone: BCDDFunction
    back: BCDDFunction


class Survey:
    """A table's chains as rows."""

    def __init__(self, table: Table, env: Env, universe: BCDDFunction, *, frags: bool) -> None:
        self.table, self.env, self.diagrams = table, env, env.diagrams
        self.frags = frags
        first = env.read(_FIRST) & universe if table.name == "nat" else universe
        self.universe = first
        self.rows: dict[str, Row] = {}
        self._hits: dict[Where, BCDDFunction] = {}
        order = self._order()
        for name in order:
            self._enter(name)
        for name in reversed(order):
            self._come_to(name)

    def hits(self, chain: str, number: int) -> BCDDFunction:
        """The packets that come to a rule and match it; those that come to the policy, if 0."""
        if (chain, number) not in self._hits:
            self._hits[chain, number] = self._hit(self.rows[chain], number)
        return self._hits[chain, number]

    def rules(self) -> Iterator[tuple[Row, int, Rule]]:
        """Every rule of the chains that built-in ones lead to, with its number."""
        for row in self.rows.values():
            for number, rule in enumerate(row.chain.rules, 1):
                yield row, number, rule

    def rule(self, at: Where) -> Rule:
        """The rule at a place."""
        return self.table.chains[at[0]].rules[at[1] - 1]

    def there(self, row: Row) -> BCDDFunction:
        """The packets that have devices as they do in a chain."""
        return self.at(*sorted(row.hooks))

    def at(self, *hooks: str) -> BCDDFunction:
        """The same, in built-in chains."""
        return self.env.read(any_of(*(_AT[hook] for hook in hooks)))

    def base(self, name: str) -> bool:
        """It is a built-in chain."""
        return name in TABLES[self.table.name]

    def _hit(self, row: Row, number: int) -> BCDDFunction:
        if not number:
            return row.gone.imp_strict(row.entry)
        return row.before.left(number - 1, row.own[number - 1] & row.entry)

    # -- made once --------------------------------------------------------------------------------

    def _order(self) -> list[str]:
        """The chains that built-in ones lead to, each behind those that it calls."""
        calls: dict[str, set[str]] = {}
        waiting = [name for name in self.table.chains if self.base(name)]
        while waiting:
            name = waiting.pop()
            if name not in calls:
                rules = self.table.chains[name].rules
                calls[name] = {rule.jump.chain for rule in rules if rule.jump}
                waiting += calls[name]
        return [*TopologicalSorter(calls).static_order()]

    def _enter(self, name: str) -> None:
        chain, read = self.table.chains[name], self.env.read
        wanted = [self._asked(rule, name, n) for n, rule in enumerate(chain.rules, 1)]
        own = [
            read(pred, f"{self.table.name} {name} {n}") & self.universe
            for n, pred in enumerate(wanted, 1)
        ]
        row = self.rows[name] = Row(chain, own)
        row.takes = [self._taken(rule, mine) for rule, mine in zip(chain.rules, own, strict=True)]
        row.gone = self._gone(row)
        row.overlaps = Overlaps([exact(pred) for pred in wanted])
        row.before = Before(row.takes, row.overlaps, self.diagrams)
        for n, rule in enumerate(chain.rules, 1):
            if rule.jump:
                self.rows[rule.jump.chain].callers.append((name, n))

    def _taken(self, rule: Rule, own: BCDDFunction) -> BCDDFunction:
        dropped = self.diagrams.false
        if self.frags and rule.drops != FALSE:
            dropped = self.env.read(rule.drops) & self.universe
        if rule.jump and rule.jump.come_back:
            return own & self.rows[rule.jump.chain].gone | dropped
        return own if rule.jump or final(rule) else dropped

    def _gone(self, row: Row) -> BCDDFunction:
        """What does not come back; what returns is not gone, whatever comes behind it."""
        parts = [
            self._end(rule, own, takes)
            for rule, own, takes in zip(row.chain.rules, row.own, row.takes, strict=True)
        ]
        while len(parts) > 1:
            parts = [self._then(*parts[at : at + 2]) for at in range(0, len(parts), 2)]
        return parts[0].gone if parts else self.diagrams.false

    def _end(self, rule: Rule, own: BCDDFunction, takes: BCDDFunction) -> _Ends:
        none = self.diagrams.false
        if rule.jump and not rule.jump.come_back:
            gone = own & self.rows[rule.jump.chain].gone
            return _Ends(gone, gone.imp_strict(own))
        return _Ends(none, own) if rule.target_name == "RETURN" else _Ends(takes, none)

    def _then(self, first: _Ends, second: _Ends | None = None) -> _Ends:
        """Rules in a row, and those behind them."""
        if second is None:
            return first
        gone = first.gone | first.back.imp_strict(second.gone)
        return _Ends(gone, first.back | first.gone.imp_strict(second.back))

    def _come_to(self, name: str) -> None:
        row = self.rows[name]
        if self.base(name):
            row.entry, row.hooks = self.universe, {name}
            return
        row.hooks = {hook for caller, _ in row.callers for hook in self.rows[caller].hooks}
        row.entry = self.diagrams.either([self.hits(c, n) for c, n in row.callers])

    # -- fields that the table changes ------------------------------------------------------------

    @cached_property
    def _changed(self) -> frozenset[Field]:
        return frozenset(
            field
            for chain in self.table.chains.values()
            for rule in chain.rules
            if not rule.jump and not rule.verdict
            for action in rule.actions
            for field in _changes(action)
        )

    def _asked(self, rule: Rule, chain: str, number: int) -> Pred:
        """When a rule matches, whatever the fields are that the table changes."""
        pred, changed = rule.pred, self._changed
        if not changed or not any(isinstance(a, In) and a.field in changed for a in atoms(pred)):
            return pred
        return _renamed(pred, changed, f"{self.table.name} {chain} {number}")


def _changes(action: Action) -> tuple[Field, ...]:
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


def _renamed(pred: Pred, fields: frozenset[Field], by: str) -> Pred:
    match pred:
        case In() if pred.field in fields:
            own = Field(free_key(f"{pred.field.name} at {by}"), pred.field.bits, pred.field.kind)
            return In(own, pred.spans, pred.mask)
        case Not():
            return Not(_renamed(pred.pred, fields, by))
        case And():
            return And(tuple(_renamed(part, fields, by) for part in pred.preds))
        case Or():
            return Or(tuple(_renamed(part, fields, by) for part in pred.preds))
    return pred
