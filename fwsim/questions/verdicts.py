"""`Net.verdicts`: what a table does to millions of packets, told as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.language.ruleset import TABLES, Table
from fwsim.machine.crowd import POLICY, Crowd
from fwsim.machine.kinds import Place
from fwsim.machine.many import Known, Packets, known_fields
from fwsim.machine.plan import VERDICTS, Plan
from fwsim.machine.simulate import Simulation
from fwsim.model.errors import QuestionError
from fwsim.model.fields import Field
from fwsim.model.frozen import Frozen
from fwsim.model.keeping import Keeping
from fwsim.model.pred import In, atoms
from fwsim.model.tuples import NamedTuple
from fwsim.questions.told_columns import Columns, read_columns
from fwsim.readings.concrete import free_key

_BLOCK = 1 << 16  # packets that are walked together: their columns fit a processor's cache
_MOST_PLANS = 8
_UNSEEN = {"PREROUTING": "out", "INPUT": "out", "OUTPUT": "in", "POSTROUTING": "in"}

Plans = MutableMapping[Any, Plan]


class Decided(NamedTuple):
    """How many packets a rule decided, and how; `rule` 0 is the policy."""

    verdict: str
    chain: str
    rule: int
    packets: int


class Verdicts(Frozen):
    """What became of each packet, in the order of the columns: `verdict`, `chain` and `rule`."""

    plan: Plan
    codes: NDArray[np.uint8]
    numbers: NDArray[np.int64]

    @cached_property
    def verdict(self) -> NDArray[np.str_]:
        """ACCEPT (that of NAT rules too), DROP, REJECT, QUEUE, UNKNOWN where it depends on what
        nobody told, or RETURN where a user chain that was asked about decides nothing."""
        return np.array(VERDICTS)[self.codes]

    @cached_property
    def chain(self) -> NDArray[np.object_]:
        """The chain of the rule or policy that decided, as Python strings."""
        names = [chain.name for chain in self.plan.chains]
        return np.array(names, np.object_)[self._places]

    @cached_property
    def rule(self) -> NDArray[np.int64]:
        """The rule that decided, counting from 1; 0 is the policy. Where the verdict is UNKNOWN,
        the first rule of which nobody knows what it does to the packet."""
        found = self.numbers - self.plan.offsets[self._places] + 1
        return np.where(self.numbers == POLICY, 0, found)

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        places = np.searchsorted(self.plan.offsets, self.numbers, side="right") - 1
        return np.maximum(places, 0)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What the unknown verdicts depend on, in words."""
        rules = np.unique(self.numbers[self.codes == VERDICTS.index("UNKNOWN")])
        return tuple(dict.fromkeys(why for n in rules for why in self.plan.unknown(int(n))))

    def counts(self) -> list[Decided]:
        """What each rule and policy decided, those of most packets first."""
        both = (self.numbers + 1) * len(VERDICTS) + self.codes
        _, first, packets = np.unique(both, return_index=True, return_counts=True)
        found = [
            Decided(str(self.verdict[at]), self.chain[at], int(self.rule[at]), int(count))
            for at, count in zip(first, packets, strict=True)
        ]
        return sorted(found, key=lambda one: -one.packets)

    def __eq__(self, other: object) -> bool:
        return self is other  # arrays have no truth

    def __hash__(self) -> int:
        return id(self)

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        counts = np.bincount(self.codes, minlength=len(VERDICTS))
        told = (f"{n} {name}" for n, name in zip(counts, VERDICTS, strict=True) if n)
        return f"<Verdicts: {', '.join(told) or 'no packets'}>"


class Where(NamedTuple):
    """Which rules are asked: a table from one of its chains on."""

    table: Table
    chain: str
    family: int


def verdicts(
    simulation: Simulation,
    plans: Plans,
    columns: Mapping[str, Any],
    which: tuple[str, str, int],
) -> Verdicts:
    """Net.verdicts of `which` table, chain and family; `plans` keeps what was made of the rules for
    the next time."""
    asked = Where(_table(simulation, *which), *which[1:])
    told = read_columns(columns, lambda name: _field(asked, name))
    _sensible(told, asked.chain)
    plan = _plan(simulation, plans, asked, told)
    codes, numbers = [np.zeros(0, np.uint8)], [np.zeros(0, np.int64)]
    for packets in _blocks(plan.facts, told):
        crowd = Crowd(plan, packets)
        crowd.walk()
        codes.append(crowd.code)
        numbers.append(crowd.rule)
    return Verdicts(plan, np.concatenate(codes), np.concatenate(numbers))


def _blocks(facts: Known, told: Columns) -> Iterator[Packets]:
    for start in range(0, told.rows, _BLOCK):
        part = {name: one[start : start + _BLOCK] for name, one in told.arrays.items()}
        rows = min(_BLOCK, told.rows - start)
        yield Packets(rows, {**facts.defaults, **told.single, **part}, facts)


def _table(simulation: Simulation, table: str, chain: str, family: int) -> Table:
    if family not in (4, 6):
        raise QuestionError(f"a family is 4 or 6, not {family!r}")
    ruleset = simulation.world.namespaces[simulation.world.host].rulesets.get(family)
    if ruleset is None:
        raise QuestionError(f"nobody told the rules of IPv{family}")
    found = ruleset.tables.get(table)
    if found is None:
        raise QuestionError(f"there is no table {table!r}", hint=_near(table, ruleset.tables))
    if chain not in found.chains:
        hint = _near(chain, found.chains)
        raise QuestionError(f"there is no chain {chain!r} in the table {table}", hint=hint)
    return found


def _near(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), 1) or list(names)[:8]
    return f"There is {', '.join(near)}."


def _field(asked: Where, name: str) -> Field:
    """The field that a column's name is for: one of fields.py, or a field or fact that a rule of
    the table asks for."""
    known = known_fields(asked.family)
    if name in known:
        return known[name]
    rules = (rule for chain in asked.table.chains.values() for rule in chain.rules)
    for atom in (a for rule in rules for pred in (rule.pred, rule.drops) for a in atoms(pred)):
        if isinstance(atom, In):
            known[atom.field.name] = atom.field
        else:
            known[atom.name] = Field(free_key(atom.name), 1, "flag")
    if name not in known:
        hint = _near(name, known) if get_close_matches(name, known, 1) else None
        raise QuestionError(f"there is no column {name!r}", hint=hint)
    return known[name]


def _sensible(told: Columns, chain: str) -> None:
    if (unseen := _UNSEEN.get(chain)) in told.names:
        raise QuestionError(f"{chain} does not see the device {unseen!r}")
    if {"sport", "dport"} & told.names and "proto" not in told.names:
        raise QuestionError("a port says little without proto", hint="Say it: tcp, udp, 6, 17.")


def _plan(simulation: Simulation, plans: Plans, asked: Where, told: Columns) -> Plan:
    """The table made ready for such columns; made once for those that tell the same fields."""
    table, chain, family = asked
    key = (family, table.name, chain, told.names)
    if key not in plans:
        while len(plans) >= _MOST_PLANS:
            plans.pop(next(iter(plans)))
        ns, given = simulation.world.namespaces[simulation.world.host], simulation.given
        hook = chain if chain in TABLES.get(table.name, ()) else "FORWARD"
        place = Place(ns, family, hook, table.name != "raw")
        with Keeping():
            plans[key] = Plan(table, chain, Known(place, told.names, given))
    return plans[key]
