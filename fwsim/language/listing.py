"""Rulesets as `iptables -L` 1.8.9 (legacy) lists them (print_header and print_rule_details in
iptables/xshared.c, print_firewall in iptables.c and ip6tables.c; xtables_print_num).

Addresses are shown as numbers even without -n: a listing must not depend on name servers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fwsim.language.options import Glued, Match, Target, Use
from fwsim.language.ruleset import Chain, Is, Rule, Ruleset, Table, empty_table
from fwsim.language.types import HostMask
from fwsim.model.errors import QuestionError
from fwsim.model.names import proto_text
from fwsim.model.tuples import NamedTuple


class Format(NamedTuple):
    """-n, -v, -x and --line-numbers."""

    numeric: bool = False
    verbose: bool = False
    exact: bool = False
    line_numbers: bool = False


def listing(
    ruleset: Ruleset,
    *,
    table: str = "filter",
    chain: str | None = None,
    numeric: bool = False,
    verbose: bool = False,
    exact: bool = False,
    line_numbers: bool = False,
) -> str:
    """What `iptables -t TABLE -L [CHAIN]` prints, byte for byte; a table that the ruleset does not
    hold is shown as the kernel makes it. QuestionError if there is no such chain."""
    shown = ruleset.tables.get(table) or empty_table(table)
    if chain is not None and chain not in shown.chains:
        raise QuestionError(f"table {table} has no chain {chain!r}")
    chains = shown.chains.values() if chain is None else [shown.chains[chain]]
    form = Format(numeric, verbose, exact, line_numbers)
    references = _references(shown)
    return "\n".join("".join(_chain_lines(one, references, form)) for one in chains)


def _references(table: Table) -> Counter[str]:
    """How many rules jump to each chain."""
    rules = (rule for chain in table.chains.values() for rule in chain.rules)
    return Counter(rule.jump.chain for rule in rules if rule.jump)


def _chain_lines(chain: Chain, references: Counter[str], form: Format) -> Iterator[str]:
    yield f"Chain {chain.name} ({_about(chain, references, form)})\n"
    yield f"{_columns(form)}\n"
    for number, rule in enumerate(chain.rules, 1):
        yield f"{_rule_line(rule, number, form)}\n"


def _about(chain: Chain, references: Counter[str], form: Format) -> str:
    if chain.policy is None:
        return f"{references[chain.name]} references"
    packets, octets = (counter_text(n, form.exact) for n in chain.counters)
    counters = f" {packets} packets, {octets} bytes" if form.verbose else ""
    return f"policy {chain.policy}{counters}"


def _columns(form: Format) -> str:
    number = f"{'num':<4} " if form.line_numbers else ""
    counters = f"{'pkts':>8} {'bytes':>10} " if form.exact else f"{'pkts':>5} {'bytes':>5} "
    devices = f" {'in':<6} {'out':<6} " if form.verbose else ""
    return (
        f"{number}{counters if form.verbose else ''}{'target':<9}  prot opt{devices}"
        f" {'source':<19}  {'destination':<19} "
    )


def _rule_line(rule: Rule, number: int, form: Format) -> str:
    line = f"{number:<4} " if form.line_numbers else ""
    if form.verbose:
        width = 8 if form.exact else 5
        line += "".join(f"{counter_text(n, form.exact):>{width}} " for n in rule.counters)
    line += f"{_target(rule):<9} {_mark(rule.proto)}{_protocol(rule, form):<4} {_fragment(rule)} "
    if form.verbose:
        line += f" {_device(rule.in_, form):<6} {_device(rule.out, form):<6} "
    for address in (rule.src, rule.dst):
        line += f"{_mark(address)}{_address(address, rule.family, form):<19} "
    return line + "".join(_details(rule, form))


def counter_text(number: int, exact: bool = False) -> str:
    """A counter, shortened past 99999 to thousands (K), millions (M) and so on, always rounded
    from the last step."""
    if exact or number <= 99999:
        return str(number)
    for unit in "KMG":
        number = (number + 500) // 1000
        if number <= 9999:
            return f"{number}{unit}"
    return f"{(number + 500) // 1000}T"


def _target(rule: Rule) -> str:
    ext = rule.target.ext if rule.target else None
    return (ext.listed_as if isinstance(ext, Target) else "") or rule.target_name


def _mark(option: Is[Any] | None) -> str:
    return "!" if option and option.negated else " "


def _protocol(rule: Rule, form: Format) -> str:
    number = rule.proto.value if rule.proto else 0
    if form.numeric:
        return str(number)
    return proto_text(number) if number else "all"


def _fragment(rule: Rule) -> str:
    if rule.frag is None:
        return "--"
    return "!f" if rule.frag.negated else "-f"


def _device(option: Is[str] | None, form: Format) -> str:
    if option is None:
        return "*" if form.numeric else "any"
    return f"{'!' if option.negated else ''}{option.value}"


def _address(option: Is[tuple[int, int]] | None, family: int, form: Format) -> str:
    value, mask = option.value if option else (0, 0)
    # iptables looks at the mask, ip6tables at the address
    if not form.numeric and not (mask if family == 4 else value):
        return "anywhere"
    return HostMask().write((value, mask), family)


def _details(rule: Rule, form: Format) -> Iterator[str]:
    if rule.jump and not rule.jump.come_back:
        yield "[goto] "
    for use in rule.matches:
        yield _listed(use, rule, form)
    if rule.target:
        yield _listed(rule.target, rule, form)


def _listed(use: Use, rule: Rule, form: Format) -> str:
    if use.ext.listing is None:
        return f"{use.ext.name} " if isinstance(use.ext, Match) else ""
    text = use.ext.listing(use.options, rule.context, form.numeric)
    return text if not text or isinstance(text, Glued) else f" {text}"
