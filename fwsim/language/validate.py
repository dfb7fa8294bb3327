"""What must hold of a whole ruleset: jumps lead somewhere and never in circles, targets stand where
they may (net/ipv4/netfilter/ip_tables.c mark_source_chains; xt_check_target in x_tables.c).

The kernel follows each hook's chain up to the first rule that ends it for every packet. What lies
behind, and chains that no hook reaches, may go in circles, and stand wherever they like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn

from fwsim.language.options import Use
from fwsim.language.rules import Entry, entries_of, jump_of, rule_of, sample_of
from fwsim.language.ruleset import TABLES, Chain, Rule, Ruleset, Table
from fwsim.model.errors import ReadError, Span

Jumps = Mapping[str, Mapping[str, Entry]]  # from a chain to others, by the first rule that jumps

_NOWHERE: frozenset[str] = frozenset()


def validate(ruleset: Ruleset) -> None:
    """Raise ReadError at the rule at fault; return if the kernel would take the ruleset."""
    for table in ruleset.tables.values():
        validate_table(table)


def validate_table(table: Table) -> None:
    """As `validate`, for one table."""
    jumps: dict[str, dict[str, Entry]] = {}
    particular: list[tuple[Entry, str]] = []
    for name, chain in table.chains.items():
        jumps[name] = _survey(chain, table, particular)
    hooks = _hooks(table, jumps)
    for entry, where in particular:
        walks = hooks.get(where, _NOWHERE)
        if not all(_stands_well(use, table.name, walks) for use in sample_of(entry).particular):
            _refuse_place(rule_of(entry), table.name, walks)


def _survey(chain: Chain, table: Table, particular: list[tuple[Entry, str]]) -> dict[str, Entry]:
    """Where a chain's rules jump, by the first that does. What may not stand everywhere is noted in
    `particular`, with the chain, or nothing where the kernel does not come by."""
    jumps: dict[str, Entry] = {}
    where = chain.name
    for entry in entries_of(chain.rules):
        rule, jump = sample_of(entry), jump_of(entry)
        if jump:
            if jump not in table.chains or jump in TABLES[table.name]:
                _refuse_jump(entry, table.name)
            if where:
                jumps.setdefault(jump, entry)
        if rule.particular:
            particular.append((entry, where))
        if rule.final:
            where = ""
    return jumps


def _refuse_jump(entry: Entry, table: str) -> NoReturn:
    chain, span = jump_of(entry), _target_span(entry)
    if chain in TABLES[table]:
        raise ReadError(f"{chain} is built in: only the kernel enters it, no jump", span=span)
    raise ReadError(
        f"there is neither a chain nor a known target {chain!r} in table {table}",
        span=span,
        hint=f"Declare the chain (`:{chain} - [0:0]` in a dump, `iptables -N {chain}`), "
        "or check the target's name.",
    )


def _target_span(entry: Entry) -> Span | None:
    rule = rule_of(entry)
    return rule.target_span or rule.span


def _hooks(table: Table, jumps: Jumps) -> dict[str, frozenset[str]]:
    """From which hooks each chain is reached. ReadError where jumps go in a circle there."""
    reached = dict.fromkeys(table.chains, _NOWHERE)
    reached |= {hook: frozenset((hook,)) for hook in TABLES[table.name]}
    for name in _callers_first(TABLES[table.name], jumps):
        hooks = reached[name]
        for to in jumps[name]:
            if not hooks <= reached[to]:
                reached[to] |= hooks
    return reached


def _callers_first(hooks: Iterable[str], jumps: Jumps) -> list[str]:
    """The chains that the hooks reach, each behind all that jump to it."""
    done: dict[str, bool] = {}
    order: list[str] = []
    for hook in hooks:
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
                    _refuse_circle({chain: jumps[chain] for chain in done})
            else:
                pending.pop()
                done[name] = True
                order.append(name)
    return order[::-1]


def _refuse_circle(jumps: Jumps) -> NoReturn:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(jumps).prepare()
    except CycleError as err:
        circle: list[str] = err.args[1][::-1]
        raise ReadError(
            f"jumps go in a circle: {' → '.join(circle)}",
            span=_target_span(jumps[circle[0]][circle[1]]),
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
