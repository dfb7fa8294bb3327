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
from fwsim.machine.sets.writing import changes
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import FALSE, In, Pred, all_of, any_of, atoms, is_in, negate
from fwsim.model.tuples import NamedTuple
from fwsim.questions.lint.changed import renamed
from fwsim.questions.lint.few import Few, Group
from fwsim.questions.lint.kinds import final
from fwsim.questions.lint.overlap import Before, Exact, Overlaps, exact

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
    those that do not go on to the next rule; `entry` are all that come in, by the built-in chains
    `hooks`. Devices are free even where a hook has none: which those are is of no use but for
    witnesses (`there`)."""

    def __init__(self, chain: Chain, own: list[BCDDFunction]) -> None:
        self.chain, self.own = chain, own
        self.rules = tuple(chain.rules)
        self.takes: list[BCDDFunction] = []
        self.callers: list[Where] = []
        self.hooks: set[str] = set()
        self.entry: BCDDFunction
        self.few: Few
        self.before: Before
        self.overlaps: Overlaps
        self.wanted: list[Exact]


class _Ends(NamedTuple):
    """The packets that end in some rules of a chain, and those that return from them."""

    gone: BCDDFunction
    back: BCDDFunction


class Survey:
    """A table's chains as rows."""

    def __init__(
        self, table: Table, family: int, env: Env, universe: BCDDFunction, *, frags: bool
    ) -> None:
        self.table, self.env, self.diagrams = table, env, env.diagrams
        self.frags = frags
        self._hosts = (F.SRC[family], F.DST[family], F.MAC_SRC)
        first = env.read(_FIRST) & universe if table.name == "nat" else universe
        self.universe = first
        self.rows: dict[str, Row] = {}
        self._hits: dict[Where, BCDDFunction] = {}
        self._few: dict[Where, Group] = {}
        self._gone: dict[str, BCDDFunction] = {}
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

    def some(self, chain: str, number: int) -> BCDDFunction:
        """Of the same packets a few, if there are any: for where it is asked whether there are."""
        return self.few(chain, number).packets

    def few(self, chain: str, number: int) -> Group:
        """The same, and what they have in common."""
        at = chain, number
        if at not in self._few:
            known = self.known(chain, number)
            row = self.rows[chain]
            large = at not in self._hits and row.few.worth
            found = self._some(row, number, known) if large else ()
            group = next((group for group in found if group.packets.satisfiable()), None)
            self._few[at] = group or Group(self.hits(chain, number), known)
        return self._few[at]

    def _some(self, row: Row, number: int, known: Exact) -> Iterator[Group]:
        own = row.own[number - 1] if number else self.universe
        asked = atoms(row.rules[number - 1].pred) if number else ()
        named = {atom.field for atom in asked if isinstance(atom, In)}
        for packets, values in row.few.beside(named):
            yield self._left(row, number, Group(packets & own, {**known, **values}))

    def like(self, at: Where, values: Exact) -> Group:
        """Of a rule's packets those that have these values, where it asks for no others."""
        row, known = self.rows[at[0]], {**values, **self.known(*at)}
        packets = self.diagrams.having(known) & row.entry & row.own[at[1] - 1]
        return self._left(row, at[1], Group(packets, known))

    def goal(self, packets: BCDDFunction) -> Exact:
        """Where one of some packets goes."""
        return self.diagrams.one_of(packets, (F.PROTO, F.DPORT, self._hosts[1], F.IN, F.OUT))

    def _left(self, row: Row, number: int, group: Group) -> Group:
        before = number - 1 if number else len(row.own)
        return group._replace(packets=row.before.left(before, *group))

    def known(self, chain: str, number: int) -> Exact:
        """The values that all packets have which a rule matches."""
        return self.rows[chain].wanted[number - 1] if number else {}

    def gone(self, name: str) -> BCDDFunction:
        """The packets that never come back out of a chain."""
        if name not in self._gone:
            self._gone[name] = self._all_gone(self.rows[name])
        return self._gone[name]

    def rules(self) -> Iterator[tuple[Row, int, Rule]]:
        """Every rule of the chains that built-in ones lead to, with its number."""
        for row in self.rows.values():
            for number, rule in enumerate(row.rules, 1):
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
            return self.gone(row.chain.name).imp_strict(row.entry)
        own = row.own[number - 1] & row.entry
        return row.before.left(number - 1, own, row.wanted[number - 1])

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
        rules = tuple(chain.rules)
        wanted = [self._asked(rule, name, n) for n, rule in enumerate(rules, 1)]
        own = [
            read(pred, f"{self.table.name} {name} {n}") & self.universe
            for n, pred in enumerate(wanted, 1)
        ]
        row = self.rows[name] = Row(chain, own)
        row.takes = [self._taken(rule, mine) for rule, mine in zip(row.rules, own, strict=True)]
        row.wanted = [exact(pred) for pred in wanted]
        row.overlaps = Overlaps(row.wanted)
        row.before = Before(row.takes, row.overlaps, self.diagrams)
        for n, rule in enumerate(chain.rules, 1):
            if rule.jump:
                self.rows[rule.jump.chain].callers.append((name, n))

    def _taken(self, rule: Rule, own: BCDDFunction) -> BCDDFunction:
        dropped = self.diagrams.false
        if self.frags and rule.drops != FALSE:
            dropped = self.env.read(rule.drops) & self.universe
        if rule.jump and rule.jump.come_back:
            return own & self.gone(rule.jump.chain) | dropped
        return own if rule.jump or final(rule) else dropped

    def _all_gone(self, row: Row) -> BCDDFunction:
        """What does not come back; what returns is not gone, whatever comes behind it."""
        parts = [
            self._end(rule, own, takes)
            for rule, own, takes in zip(row.rules, row.own, row.takes, strict=True)
        ]
        while len(parts) > 1:
            parts = [self._then(*parts[at : at + 2]) for at in range(0, len(parts), 2)]
        return parts[0].gone if parts else self.diagrams.false

    def _end(self, rule: Rule, own: BCDDFunction, takes: BCDDFunction) -> _Ends:
        none = self.diagrams.false
        if rule.jump and not rule.jump.come_back:
            gone = own & self.gone(rule.jump.chain)
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
        else:
            row.hooks = {hook for caller, _ in row.callers for hook in self.rows[caller].hooks}
            row.entry = self.diagrams.either([self.hits(c, n) for c, n in row.callers])
        row.few = Few(row.entry, self._hosts, self.diagrams)

    # -- fields that the table changes ------------------------------------------------------------

    @cached_property
    def _changed(self) -> frozenset[Field]:
        return frozenset(
            field
            for chain in self.table.chains.values()
            for rule in chain.rules
            if not rule.jump and not rule.verdict
            for action in rule.actions
            for field in changes(action)
        )

    def _asked(self, rule: Rule, chain: str, number: int) -> Pred:
        """When a rule matches, whatever the fields are that the table changes."""
        pred, changed = rule.pred, self._changed
        if not changed or not any(isinstance(a, In) and a.field in changed for a in atoms(pred)):
            return pred
        return renamed(pred, changed, f"{self.table.name} {chain} {number}")
