"""Which packets may come to a rule, told without a walk: more than do, never fewer.

Of what rules do before, only that is looked at which matters for a rule's condition: who may have
changed a field that it asks for. What a rule in front lets through or keeps is left out, but for
plain verdicts of the same chain. So a question about one rule of many thousand is asked of few.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Rule, Ruleset
from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.sets.cases import holds as within
from fwsim.machine.sets.order import At, Order
from fwsim.machine.sets.universe import OF_PROTOCOLS
from fwsim.machine.sets.writing import Earlier, Writer, may_be, written
from fwsim.machine.world import Namespace
from fwsim.model import fields as F
from fwsim.model.actions import ACCEPT, DROP, RETURN, Nat
from fwsim.model.fields import Field
from fwsim.model.names import iface_value
from fwsim.model.pred import FALSE, Free, In, Pred, fold

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

_LOOPBACK = "lo"
_ENDS = (ACCEPT, DROP, RETURN)
_AS_THEY_CAME = frozenset({F.PROTO, F.SPORT, F.DPORT, F.ICMP_TYPE, F.ICMP_CODE, F.TCP_FLAGS,
                           *F.SRC.values(), *F.DST.values()})  # fmt: skip


_May = Callable[[bool], "BCDDFunction"]
"""The packets for which a predicate may hold (True), and for which it may not."""
_CONSTANT = {F.MARK: 0, F.PRIORITY: 0, F.FRAG: 0, F.HEADERS: 1}


class Coming:
    """Under one ruleset, the packets that come in, or with `local` those that the host sends, in
    terms of themselves as they did. `places` are those by which they may come."""

    def __init__(self, ns: Namespace, ruleset: Ruleset, diagrams: Diagrams, *, local: bool) -> None:
        self.ns, self.ruleset, self.diagrams, self.local = ns, ruleset, diagrams, local
        self.family = ruleset.family
        start = "send" if local else "arrive"
        tables = ruleset.tables.keys()
        self._order = Order(start, tables, loops=self._loops, nft=ruleset.nft)
        self.places = self._order.places
        self._comes: dict[tuple[At, str], BCDDFunction] = {}
        self._hits: dict[tuple[At, str, int], BCDDFunction] = {}
        self._ends: dict[tuple[At, str, int, int], BCDDFunction] = {}
        self._atoms: dict[Hashable, BCDDFunction] = {}
        self._known: dict[tuple[At, Field], Earlier] = {}

    @property
    def _loops(self) -> bool:
        """They may go out by lo: what comes in is delivered before, but for odd routes."""
        routes = self.ns.routes.get(self.family, ())
        return self.local or any(r.dev == _LOOPBACK and r.kind == "unicast" for r in routes)

    # -- chains and rules -------------------------------------------------------------------------

    def has(self, at: At, chain: str) -> bool:
        """There is such a chain."""
        return self.ruleset.chain(at.table, chain) is not None

    def matched(self, at: At, chain: str, number: int) -> BCDDFunction:
        """Those that a rule, counted from 1, may match or drop."""
        rule = self._rule(at, chain, number)
        hit = self._hit(at, chain, number)
        if rule.drops == FALSE:
            return hit
        dropped = self._read(at, chain, number, rule.drops)(True)
        return hit | (dropped & self.left(at, chain, number))

    def left(self, at: At, chain: str, number: int) -> BCDDFunction:
        """Those that may come past the rules of a chain before one."""
        comes = self._come(at, chain)
        return comes & ~self._ended(at, chain, number - 1) if comes.satisfiable() else comes

    def end(self, at: At, chain: str) -> BCDDFunction:
        """Those that may come to a built-in chain's policy: from its last rule, or from one that
        returns."""
        rules = self.ruleset.tables[at.table].chains[chain].rules
        back = [
            self._hit(at, chain, number)
            for number, rule in enumerate(rules, 1)
            if rule.verdict == RETURN or (rule.jump and not rule.jump.come_back)
        ]
        return self.diagrams.either([self.left(at, chain, len(rules) + 1), *back])

    def _hit(self, at: At, chain: str, number: int) -> BCDDFunction:
        key = at, chain, number
        if key not in self._hits:
            self._hits[key] = self.diagrams.true  # where rules go in circles by what they change
            found = self.left(at, chain, number)
            if found.satisfiable():
                pred = self._rule(at, chain, number).pred
                found = found & self._read(at, chain, number, pred)(True)
            self._hits[key] = found
        return self._hits[key]

    def _come(self, at: At, chain: str) -> BCDDFunction:
        """Those that may enter a chain."""
        true, false = self.diagrams.true, self.diagrams.false
        if self.ruleset.tables[at.table].chains[chain].policy is not None:
            return true if chain == at.hook else false
        key = at, chain
        if key not in self._comes:
            self._comes[key] = true
            ways = []
            for caller, number in self._callers[at.table].get(chain, ()):
                comes = self._come(at, caller)
                if comes.satisfiable():
                    pred = self._rule(at, caller, number).pred
                    ways.append(comes & self._read(at, caller, number, pred)(True))
            self._comes[key] = self.diagrams.either(ways)
        return self._comes[key]

    def _ended(self, at: At, chain: str, count: int) -> BCDDFunction:
        """Those that the plain verdicts among the first rules of a chain surely end."""
        found = self.diagrams.false
        while count:
            size = count & -count
            count -= size
            found = found | self._block(at, chain, count, size)
        return found

    def _block(self, at: At, chain: str, first: int, size: int) -> BCDDFunction:
        key = at, chain, first, size
        if key not in self._ends:
            half = size // 2
            self._ends[key] = (
                self._block(at, chain, first, half) | self._block(at, chain, first + half, half)
                if half
                else self._surely(at, chain, first + 1)
            )
        return self._ends[key]

    def _surely(self, at: At, chain: str, number: int) -> BCDDFunction:
        rule = self._rule(at, chain, number)
        if rule.verdict not in _ENDS:
            return self.diagrams.false
        return ~self._read(at, chain, number, rule.pred)(False)

    def _rule(self, at: At, chain: str, number: int) -> Rule:
        return self.ruleset.tables[at.table].chains[chain].rules[number - 1]

    @cached_property
    def _callers(self) -> dict[str, dict[str, list[tuple[str, int]]]]:
        found: dict[str, dict[str, list[tuple[str, int]]]] = {t: {} for t in self.ruleset.tables}
        for table, chain, number, rule in self._rules():
            if rule.jump:
                found[table].setdefault(rule.jump.chain, []).append((chain, number))
        return found

    def _rules(self) -> Iterator[tuple[str, str, int, Rule]]:
        for table in self.ruleset.tables.values():
            for chain in table.chains.values():
                for number, rule in enumerate(chain.rules, 1):
                    yield table.name, chain.name, number, rule

    def _once(self, table: str, chain: str) -> bool:
        """A packet comes to the chain once at most."""
        if self.ruleset.tables[table].chains[chain].policy is not None:
            return True
        callers = self._callers[table].get(chain, ())
        return len(callers) == 1 and self._once(table, callers[0][0])

    # -- conditions -------------------------------------------------------------------------------

    def _read(self, at: At, chain: str, number: int, pred: Pred) -> _May:
        return fold(pred, _Reader(self, at, chain, number))

    def inside(self, at: At, chain: str, number: int, atom: In, holds: bool) -> BCDDFunction:
        """For which packets a field may lie in an atom where a rule asks for it, or may not."""
        own = OF_PROTOCOLS.get(atom.field.name)
        if own is not None and within(atom, 0) is not within(atom, 1):
            assert isinstance(own, In)
            return self.inside(at, chain, number, own, holds is within(atom, 1))
        found = self._at_first(at, atom, holds)
        if found.valid():
            return found
        writers = [
            (writer, places)
            for writer, places in self._earlier(at, atom.field).of(atom, holds)
            if may_be(writer.action, atom, holds) and not self._is_behind(writer, at, chain, number)
        ]
        if not writers:
            return found
        key = at, atom, holds, tuple((w.table, w.chain, w.number) for w, _ in writers)
        if key not in self._atoms:
            self._atoms[key] = self.diagrams.true  # where rules go in circles
            hits = [self._hit(p, w.chain, w.number) for w, places in writers for p in places]
            self._atoms[key] = self.diagrams.either([found, *hits])
        return self._atoms[key]

    def _at_first(self, at: At, atom: In, holds: bool) -> BCDDFunction:
        """Where no rule changed the field."""
        constant, devices = _CONSTANT.get(atom.field), atom.field == F.IN and not at.looped
        if devices and self.local:
            constant = 0
        if constant is not None:
            return self.diagrams.true if within(atom, constant) is holds else self.diagrams.false
        if not devices and atom.field not in _AS_THEY_CAME:
            return self.diagrams.true
        own = self.diagrams.inside(atom)
        own = own if holds else ~own
        return own | self._ports if devices else own

    @cached_property
    def _ports(self) -> BCDDFunction:
        """What comes in by a port, and so by its bridge too."""
        ports = sorted(iface_value(d.name) for d in self.ns.devices.values() if d.master or d.bond)
        return self.diagrams.inside(In(F.IN, tuple((n, n) for n in ports)))

    def _is_behind(self, writer: Writer, at: At, chain: str, number: int) -> bool:
        same = not at.looped and (writer.table, writer.chain) == (at.table, chain)
        return same and writer.number >= number and self._once(at.table, chain)

    def _earlier(self, at: At, field: Field) -> Earlier:
        """Who may have changed a field before packets are at a place."""
        if (at, field) not in self._known:
            found, until = Earlier(field), list(self._order.until(at))
            for writer in self._writers.get(field, ()):
                nat = isinstance(writer.action, Nat)
                found.add(writer, [
                    place for place in until
                    if place.table == writer.table and not (nat and self._leaves(place, at, field))
                ])  # fmt: skip
            self._known[at, field] = found
        return self._known[at, field]

    def _leaves(self, place: At, at: At, field: Field) -> bool:
        """NAT of a place leaves the field as it is: NAT ends its own table, and is of one side."""
        source = field in (F.SRC[self.family], F.SPORT)
        return place == at or source != (place.hook in SOURCE_NAT_HOOKS)

    @cached_property
    def _writers(self) -> dict[Field, list[Writer]]:
        found: dict[Field, list[Writer]] = {}
        for table, chain, number, rule in self._rules():
            for action in () if rule.jump or rule.verdict else rule.actions:
                for field in written(action, self.family):
                    found.setdefault(field, []).append(Writer(table, chain, number, action))
        return found


class _Reader:
    """The algebra that reads a predicate as what may be: whether it may hold, or may not."""

    def __init__(self, coming: Coming, at: At, chain: str, number: int) -> None:
        self.coming, self.diagrams, self.place = coming, coming.diagrams, (at, chain, number)

    def inside(self, atom: In) -> _May:
        return lambda holds: self.coming.inside(*self.place, atom, holds)

    def free(self, atom: Free) -> _May:
        return lambda holds: self.diagrams.true

    def negate(self, value: _May) -> _May:
        return lambda holds: value(not holds)

    def all_of(self, values: Iterator[_May]) -> _May:
        found = list(values)

        def may(holds: bool) -> BCDDFunction:
            ways = (value(holds) for value in found)
            return self.diagrams.all_of(ways) if holds else self.diagrams.either(list(ways))

        return may

    def any_of(self, values: Iterator[_May]) -> _May:
        return self.negate(self.all_of(self.negate(value) for value in values))
