"""Which fields a chain asks for: where these are the same, so is what it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from fwsim.language.rules import entries_in, jump_of, raw_chains
from fwsim.language.ruleset import Rule, Table
from fwsim.model import fields as F
from fwsim.model.actions import Assign, Copy, Nat
from fwsim.model.fields import Field
from fwsim.model.pred import In, atoms


class Reads:
    """The fields that the chains of a table ask for, or of which they change a part."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._found: dict[str, tuple[Field, ...]] = {}

    @cached_property
    def shared(self) -> set[str]:
        """The chains to which more than one rule leads."""
        chains = raw_chains(self.table).values()
        calls = Counter(jump_of(entry) for chain in chains for entry in entries_in(chain))
        return {name for name, count in calls.items() if name and count > 1}

    def of(self, name: str) -> tuple[Field, ...]:
        """Those of a chain, and of the chains that it leads to."""
        if name not in self._found:
            found: dict[Field, None] = {}
            below: dict[str, None] = {}
            for rule in self.table.chains[name].rules:
                found.update(dict.fromkeys(_fields(rule)))
                if rule.jump:
                    below[rule.jump.chain] = None
            for chain in below:
                found.update(dict.fromkeys(self.of(chain)))
            self._found[name] = tuple(found)
        return self._found[name]


def _fields(rule: Rule) -> Iterator[Field]:
    for pred in (rule.pred, rule.drops):
        yield from (atom.field for atom in atoms(pred) if isinstance(atom, In))
    for action in () if rule.jump or rule.verdict else rule.actions:
        match action:
            case Assign():
                yield action.field
            case Copy():
                yield from (action.source, action.target)
            case Nat():
                family = rule.family
                yield from (F.SRC[family], F.DST[family], F.SPORT, F.DPORT, F.PROTO, F.CT_STATUS)
