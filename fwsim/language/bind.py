"""Rules and what stands around them: the host's address sets, and the other rules that share a
memory with them (a set, a recent list, a hashlimit table, a rate estimator)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from fwsim.language.options import Use
from fwsim.language.rules import Entry, Rules, entries_of, rule_of, sample_of
from fwsim.language.ruleset import Chain, Rule, Ruleset, Table, Unread
from fwsim.language.types import Context, Kin
from fwsim.model.frozen import replace


def bind(rulesets: Mapping[int, Ruleset], sets: Mapping[str, Any]) -> dict[int, Ruleset]:
    """The rulesets, every rule that shares something told of the others and of the sets. Of rules
    that nobody has read yet, only those are read."""
    kin: dict[Hashable, list[Kin]] = {}
    for family, ruleset in rulesets.items():
        for rule in _sharing_rules(ruleset):
            for use in _sharing(rule):
                for scope in use.ext.shares(use.options, family) if use.ext.shares else ():
                    kin.setdefault(scope, []).append(Kin(family, use.ext.name, use.options))
    if not kin:
        return dict(rulesets)
    known = MappingProxyType({scope: tuple(uses) for scope, uses in kin.items()})
    return {
        family: _ruleset(ruleset, Context(family, sets=sets, kin=known))
        for family, ruleset in rulesets.items()
    }


def _sharing(rule: Rule) -> Iterator[Use]:
    """The rule's extensions that share a memory with others."""
    return (use for use in rule.uses if use.ext.shares is not None)


def _shares(entry: Entry) -> bool:
    return any(_sharing(sample_of(entry)))


def _has_any(chain: Chain) -> bool:
    rules = chain.rules
    return any(map(_shares, rules.kinds() if isinstance(rules, Unread) else rules))


def _sharing_rules(ruleset: Ruleset) -> Iterator[Rule]:
    """The rules that share something, in the order in which the kernel came to know them: its list
    of tables begins with the latest."""
    for table in reversed(tuple(ruleset.tables.values())):
        for chain in table.chains.values():
            if _has_any(chain):
                yield from (rule_of(e) for e in entries_of(chain.rules) if _shares(e))


def _ruleset(ruleset: Ruleset, around: Context) -> Ruleset:
    tables = {name: _table(table, around) for name, table in ruleset.tables.items()}
    return replace(ruleset, tables=MappingProxyType(tables))


def _table(table: Table, around: Context) -> Table:
    chains = {name: _chain(chain, around) for name, chain in table.chains.items()}
    return replace(table, chains=MappingProxyType(chains))


def _chain(chain: Chain, around: Context) -> Chain:
    if not _has_any(chain):
        return chain
    entries = [
        replace(rule_of(entry), around=around) if _shares(entry) else entry
        for entry in entries_of(chain.rules)
    ]
    return replace(chain, rules=Rules(entries))
