"""What must hold of a whole ruleset: jumps lead somewhere and never in circles, targets stand where
they may (net/ipv4/netfilter/ip_tables.c mark_source_chains; xt_check_target in x_tables.c)."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.ruleset import TABLES, Rule, Ruleset, Table
from fwsim.model.errors import ReadError


def validate(ruleset: Ruleset) -> None:
    """Raise ReadError at the rule at fault; return if the kernel would take the ruleset."""
    for table in ruleset.tables.values():
        validate_table(table)


def validate_table(table: Table) -> None:
    """As `validate`, for one table."""
    jumps = {name: list(_jumps(table, name)) for name in table.chains}
    _no_loops(table, jumps)
    hooks = _hooks(table, jumps)
    for name, chain in table.chains.items():
        for rule in chain.rules:
            _placed(rule, table.name, hooks[name])


def _jumps(table: Table, name: str) -> Iterator[tuple[str, Rule]]:
    for rule in table.chains[name].rules:
        if rule.jump is None:
            continue
        chain, span = rule.jump.chain, rule.target_span or rule.span
        if chain in TABLES[table.name]:
            raise ReadError(f"{chain} is built in: only the kernel enters it, no jump", span=span)
        if chain not in table.chains:
            raise ReadError(
                f"there is neither a chain nor a known target {chain!r} in table {table.name}",
                span=span,
                hint=f"Declare the chain (`:{chain} - [0:0]` in a dump, `iptables -N {chain}`), "
                "or check the target's name.",
            )
        yield chain, rule


def _no_loops(table: Table, jumps: dict[str, list[tuple[str, Rule]]]) -> None:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter({n: [c for c, _ in to] for n, to in jumps.items()}).prepare()
    except CycleError as err:
        circle: list[str] = err.args[1][::-1]
        rule = next(r for c, r in jumps[circle[0]] if c == circle[1])
        raise ReadError(
            f"jumps go in a circle: {' → '.join(circle)}", span=rule.target_span or rule.span,
            hint="The kernel refuses such a table; remove one of these jumps.",
        ) from None  # fmt: skip


def _hooks(table: Table, jumps: dict[str, list[tuple[str, Rule]]]) -> dict[str, set[str]]:
    reached: dict[str, set[str]] = {name: set() for name in table.chains}
    for hook in TABLES[table.name]:
        pending = [hook]
        while pending:
            name = pending.pop()
            if hook not in reached[name]:
                reached[name].add(hook)
                pending.extend(chain for chain, _ in jumps[name])
    return reached


def _placed(rule: Rule, table: str, hooks: set[str]) -> None:
    for use in (*rule.matches, *([rule.target] if rule.target else [])):
        ext, span = use.ext, use.span or rule.span
        tables = getattr(ext, "tables", ())
        if tables and table not in tables:
            raise ReadError(
                f"{ext.name} belongs in table {' or '.join(tables)}, not in {table}", span=span
            )
        if use.hooks and not hooks <= set(use.hooks):
            raise ReadError(
                f"{ext.name} belongs in {', '.join(use.hooks)}; this chain is reached from "
                f"{', '.join(sorted(hooks - set(use.hooks)))}",
                span=span,
            )
