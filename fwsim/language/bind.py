"""Rules and what stands around them: the host's address sets, and the other rules that share a
memory with them (a set, a recent list, a hashlimit table, a rate estimator)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from fwsim.language.options import Use
from fwsim.language.ruleset import Chain, Rule, Ruleset, Table
from fwsim.language.types import Context, Kin
from fwsim.model.frozen import replace


def bind(rulesets: Mapping[int, Ruleset], sets: Mapping[str, Any]) -> dict[int, Ruleset]:
    """The rulesets, every rule that shares something told of the others and of the sets."""
    kin: dict[Hashable, list[Kin]] = {}
    for family, ruleset in rulesets.items():
        for rule in _loaded(ruleset):
            for use in sharing(rule):
                for scope in use.ext.shares(use.options, family) if use.ext.shares else ():
                    kin.setdefault(scope, []).append(Kin(family, use.ext.name, use.options))
    if not kin:
        return dict(rulesets)
    known = MappingProxyType({scope: tuple(uses) for scope, uses in kin.items()})
    return {
        family: _ruleset(ruleset, Context(family, sets=sets, kin=known))
        for family, ruleset in rulesets.items()
    }


def sharing(rule: Rule) -> Iterator[Use]:
    """The rule's extensions that share a memory with others."""
    for use in rule.matches:
        if use.ext.shares is not None:
            yield use
    if rule.target is not None and rule.target.ext.shares is not None:
        yield rule.target


def _loaded(ruleset: Ruleset) -> Iterator[Rule]:
    """The rules in the order in which the kernel came to know them: its list of tables begins with
    the latest."""
    for table in reversed(tuple(ruleset.tables.values())):
        for chain in table.chains.values():
            yield from chain.rules


def _ruleset(ruleset: Ruleset, around: Context) -> Ruleset:
    tables = {name: _table(table, around) for name, table in ruleset.tables.items()}
    return replace(ruleset, tables=MappingProxyType(tables))


def _table(table: Table, around: Context) -> Table:
    chains = {name: _chain(chain, around) for name, chain in table.chains.items()}
    return replace(table, chains=MappingProxyType(chains))


def _chain(chain: Chain, around: Context) -> Chain:
    if not any(next(sharing(rule), None) for rule in chain.rules):
        return chain
    rules = (replace(r, around=around) if next(sharing(r), None) else r for r in chain.rules)
    return replace(chain, rules=tuple(rules))
