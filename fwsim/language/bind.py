"""Rules and what stands around them: the host's address sets, and the other rules that share a
memory with them (a set, a recent list, a hashlimit table, a rate estimator)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from fwsim.language.rules import Entry, entries_in, options_of, raw_chains, sample_of, with_chains
from fwsim.language.ruleset import Ruleset, Table
from fwsim.language.types import Context, Kin
from fwsim.model.frozen import replace


def bind(rulesets: Mapping[int, Ruleset], sets: Mapping[str, Any]) -> dict[int, Ruleset]:
    """The rulesets, every rule that shares something told of the others and of the sets: once it is
    read, and of the others once it asks."""
    kin = _Kin(rulesets)
    return {
        family: _ruleset(ruleset, Context(family, sets=sets, kin=kin, nft=ruleset.nft))
        for family, ruleset in rulesets.items()
    }


def _ruleset(ruleset: Ruleset, around: Context) -> Ruleset:
    if not any(map(_shares, ruleset.tables.values())):
        return ruleset
    tables = {
        name: with_chains(table, raw_chains(table), around) if _shares(table) else table
        for name, table in ruleset.tables.items()
    }
    return replace(ruleset, tables=MappingProxyType(tables))


def _shares(table: Table) -> bool:
    return any(ext.shares for ext in table.extensions.values())


class _Kin(Mapping[Hashable, tuple[Kin, ...]]):
    """All uses that share a memory, by it; found when the first is asked for."""

    def __init__(self, rulesets: Mapping[int, Ruleset]) -> None:
        self._rulesets = rulesets

    @cached_property
    def _known(self) -> dict[Hashable, tuple[Kin, ...]]:
        kin: dict[Hashable, list[Kin]] = {}
        for family, ruleset in self._rulesets.items():
            for scope, one in _sharing(family, ruleset):
                kin.setdefault(scope, []).append(one)
        return {scope: tuple(uses) for scope, uses in kin.items()}

    def __getitem__(self, scope: Hashable) -> tuple[Kin, ...]:
        return self._known[scope]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _sharing(family: int, ruleset: Ruleset) -> Iterator[tuple[Hashable, Kin]]:
    """The uses that share something, in the order in which the kernel came to know them: its list
    of tables begins with the latest."""
    for table in reversed(tuple(ruleset.tables.values())):
        chains = raw_chains(table).values() if _shares(table) else ()
        for entry in (entry for chain in chains for entry in entries_in(chain)):
            if sample_of(entry).sharing:
                yield from _shared_by(entry, family)


def _shared_by(entry: Entry, family: int) -> Iterator[tuple[Hashable, Kin]]:
    for number, use in enumerate(sample_of(entry).uses):
        if use.ext.shares is not None:
            options = options_of(entry, number)
            for scope in use.ext.shares(options, family):
                yield scope, Kin(family, use.ext.name, options)
