"""What must hold of a whole ruleset: jumps lead somewhere and never in circles, targets stand where
they may (net/ipv4/netfilter/ip_tables.c mark_source_chains; xt_check_target in x_tables.c).

The kernel follows each hook's chain up to the first rule that ends it for every packet. What lies
behind, and chains that no hook reaches, may go in circles, and stand wherever they like.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from fwsim.language.options import Target
from fwsim.language.ruleset import TABLES, Rule, Ruleset, Table
from fwsim.model.errors import ReadError

Jumps = Mapping[str, Mapping[str, Rule]]  # from a chain to others, by the first rule that jumps


def validate(ruleset: Ruleset) -> None:
    """Raise ReadError at the rule at fault; return if the kernel would take the ruleset."""
    for table in ruleset.tables.values():
        validate_table(table)


def validate_table(table: Table) -> None:
    """As `validate`, for one table."""
    for chain in table.chains.values():
        for rule in chain.rules:
            _leads_somewhere(rule, table)
    walked = {name: _walked(chain.rules) for name, chain in table.chains.items()}
    jumps = {name: _jumps(table, name, walked[name]) for name in table.chains}
    hooks = _hooks(table, jumps)
    _no_loops({name: to for name, to in jumps.items() if hooks[name]})
    for name, chain in table.chains.items():
        for number, rule in enumerate(chain.rules):
            _placed(rule, table.name, hooks[name] if number < walked[name] else set())


def _leads_somewhere(rule: Rule, table: Table) -> None:
    if rule.jump is None:
        return
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


def _walked(rules: tuple[Rule, ...]) -> int:
    """How many of a chain's rules the kernel looks at: up to a verdict without any condition."""
    for number, rule in enumerate(rules, 1):
        if rule.verdict and _unconditional(rule):
            return number
    return len(rules)


def _unconditional(rule: Rule) -> bool:
    core = (rule.src, rule.dst, rule.in_, rule.out, rule.frag)
    any_proto = rule.proto is None or (rule.family == 4 and not rule.proto.value)
    return any_proto and not rule.matches and not any(core)


def _jumps(table: Table, name: str, walked: int) -> Mapping[str, Rule]:
    found: dict[str, Rule] = {}
    for rule in islice(table.chains[name].rules, walked):
        if rule.jump:
            found.setdefault(rule.jump.chain, rule)
    return found


def _no_loops(jumps: Jumps) -> None:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(jumps).prepare()
    except CycleError as err:
        circle: list[str] = err.args[1][::-1]
        rule = jumps[circle[0]][circle[1]]
        raise ReadError(
            f"jumps go in a circle: {' → '.join(circle)}", span=rule.target_span or rule.span,
            hint="The kernel refuses such a table; remove one of these jumps.",
        ) from None  # fmt: skip


def _hooks(table: Table, jumps: Jumps) -> dict[str, set[str]]:
    reached: dict[str, set[str]] = {name: set() for name in table.chains}
    for hook in TABLES[table.name]:
        pending = [hook]
        while pending:
            name = pending.pop()
            if hook not in reached[name]:
                reached[name].add(hook)
                pending.extend(jumps[name])
    return reached


def _placed(rule: Rule, table: str, hooks: set[str]) -> None:
    for use in (*rule.matches, *([rule.target] if rule.target else [])):
        ext, span = use.ext, use.span or rule.span
        tables = ext.tables if isinstance(ext, Target) else ()
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
