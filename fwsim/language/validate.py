"""What must hold of a whole ruleset: jumps lead somewhere and never in circles, targets stand where
they may (net/ipv4/netfilter/ip_tables.c mark_source_chains; xt_check_target in x_tables.c).

The kernel follows each hook's chain up to the first rule that ends it for every packet. What lies
behind, and chains that no hook reaches, may go in circles, and stand wherever they like.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import NoReturn

from fwsim.language.options import Target, Use, find
from fwsim.language.rules import Entry, entries_in, raw_chains, rule_of, sample_of
from fwsim.language.ruleset import TABLES, VERDICTS, Rule, Ruleset, Table
from fwsim.model.errors import ReadError

_NOWHERE: frozenset[str] = frozenset()


def validate(ruleset: Ruleset, before: Ruleset | None = None) -> None:
    """Raise ReadError at the rule at fault; return if the kernel would take the ruleset. `before`
    is one that was good and came before this one."""
    for name, table in ruleset.tables.items():
        good = before.tables.get(name) if before else None
        if table is not good and not (good and _adds_nothing(table, good)):
            validate_table(table)


def _adds_nothing(table: Table, good: Table) -> bool:
    """Compared with a table that is good, no chain jumps elsewhere, and nothing stands anew whose
    place matters: then chains are reached from no more hooks than before."""
    old = raw_chains(good)
    return all(
        _what_counts(name, entries_in(chain), table)
        <= _what_counts(name, entries_in(old[name]) if name in old else (), good)
        for name, chain in raw_chains(table).items()
        if chain is not old.get(name)
    )


def _what_counts(name: str, entries: Sequence[Entry], table: Table) -> set[object]:
    """Where a chain's rules jump, and its rules whose place matters."""
    particular: list[tuple[Entry, str]] = []
    jumps = _survey(name, entries, table, particular)
    return {*jumps, *((id(entry), where) for entry, where in particular)}


def validate_table(table: Table) -> None:
    """As `validate`, for one table."""
    particular: list[tuple[Entry, str]] = []
    jumps = {
        name: _survey(name, entries_in(chain), table, particular)
        for name, chain in raw_chains(table).items()
    }
    hooks = _hooks(table, jumps)
    well: set[tuple[int, frozenset[str]]] = set()
    for entry, where in particular:
        rule, walks = sample_of(entry), hooks.get(where, _NOWHERE)
        if (id(rule), walks) not in well:
            if not all(_stands_well(use, table.name, walks) for use in rule.particular):
                _refuse_place(rule_of(entry), table.name, walks)
            well.add((id(rule), walks))


def _survey(
    where: str, entries: Sequence[Entry], table: Table, particular: list[tuple[Entry, str]]
) -> list[str]:
    """Where a chain's rules jump. What may not stand everywhere is noted in `particular`, with the
    chain, or with nothing where the kernel does not come by."""
    jumps: list[str] = []
    for entry in entries:
        if isinstance(entry, tuple):
            shape, _, jump = entry  # that the chain is there was seen when the line was
            if not shape.particular:
                if jump and where:
                    jumps.append(jump)
                continue
            rule = shape.sample
        else:
            rule, jump = entry, led_to(entry, table.name, table.chains)
        if jump and where:
            jumps.append(jump)
        if rule.particular:
            particular.append((entry, where))
        if rule.final:
            where = ""
    return jumps


def led_to(rule: Rule, table: str, chains: Container[str]) -> str:
    """The chain that a rule jumps to, or nothing. ReadError if it is not among the table's."""
    if rule.jump is None:
        return ""
    chain, span = rule.jump.chain, rule.target_span or rule.span
    if chain in TABLES[table]:
        raise ReadError(f"{chain} is built in: only the kernel enters it, no jump", span=span)
    if chain not in chains:
        raise ReadError(
            f"there is neither a chain nor a known target {chain!r} in table {table}",
            span=span,
            hint=f"Is {chain.upper()} meant?"
            if chain.upper() in VERDICTS or find(Target, chain.upper())
            else f"Declare the chain (`:{chain} - [0:0]` in a dump, `iptables -N {chain}`), "
            "or check the target's name.",
        )
    return chain


def _hooks(table: Table, jumps: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    """From which hooks each chain is reached. ReadError where jumps go in a circle there."""
    reached = dict.fromkeys(table.chains, _NOWHERE)
    reached |= {hook: frozenset((hook,)) for hook in TABLES[table.name]}
    for name in _callers_first(table, jumps):
        hooks = reached[name]
        for to in jumps[name]:
            if not hooks <= reached[to]:
                reached[to] |= hooks
    return reached


def _callers_first(table: Table, jumps: Mapping[str, list[str]]) -> list[str]:
    """The chains that hooks reach, each behind all that jump to it."""
    done: dict[str, bool] = {}
    order: list[str] = []
    for hook in TABLES[table.name]:
        done[hook] = False
        pending = [(hook, iter(jumps[hook]))]
        while pending:
            name, further = pending[-1]
            for to in further:
                if to not in done:
                    done[to] = False
                    pending.append((to, iter(jumps[to])))
                    break
                if not done[to]:
                    _refuse_circle(table, {chain: jumps[chain] for chain in done})
            else:
                pending.pop()
                done[name] = True
                order.append(name)
    return order[::-1]


def _refuse_circle(table: Table, jumps: Mapping[str, list[str]]) -> NoReturn:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(jumps).prepare()
    except CycleError as err:
        circle: list[str] = err.args[1][::-1]
        rules = table.chains[circle[0]].rules
        rule = next(rule for rule in rules if rule.jump and rule.jump.chain == circle[1])
        raise ReadError(
            f"jumps go in a circle: {' → '.join(circle)}",
            span=rule.target_span or rule.span,
            hint="The kernel refuses such a table; remove one of these jumps.",
        ) from None
    raise AssertionError("there is no circle")


def _stands_well(use: Use, table: str, hooks: frozenset[str]) -> bool:
    placed = not use.tables or table in use.tables
    return placed and (not use.hooks or hooks <= set(use.hooks))


def _refuse_place(rule: Rule, table: str, hooks: frozenset[str]) -> NoReturn:
    use = next(use for use in rule.uses if not _stands_well(use, table, hooks))
    ext, span = use.ext, use.span or rule.span
    if use.tables and table not in use.tables:
        raise ReadError(
            f"{ext.name} belongs in table {' or '.join(use.tables)}, not in {table}", span=span
        )
    raise ReadError(
        f"{ext.name} belongs in {', '.join(use.hooks)}; this chain is reached from "
        f"{', '.join(sorted(hooks - set(use.hooks)))}",
        span=span,
    )
