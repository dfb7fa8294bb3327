"""What a listing can tell of a ruleset, so that reading it back can be compared with that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fwsim.language.listing import counter_text
from fwsim.language.options import Options, Use
from fwsim.language.read import read
from fwsim.language.ruleset import Is, Rule, Ruleset, Table
from fwsim.language.write import rule_text, save
from fwsim.model.errors import ReadError
from fwsim.model.frozen import replace

_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
FLAGS = ("-n", "-v", "-x", "--line-numbers")
WORDS = {"numeric": "-n", "verbose": "-v", "exact": "-x", "line_numbers": "--line-numbers"}


def told(ruleset: Ruleset, flags: tuple[str, ...]) -> dict[str, str]:
    """Each table's dump, without what `iptables -L FLAGS` cannot tell."""
    return dumped(_changed(ruleset, lambda rule: _told(rule, flags), flags))


def uncounted(ruleset: Ruleset) -> dict[str, str]:
    """Each table's dump with all counters at nought, which is what `iptables -S` tells."""
    return dumped(_changed(ruleset, lambda rule: replace(rule, counters=(0, 0)), ()))


def dumped(ruleset: Ruleset) -> dict[str, str]:
    """Each table's dump, as it is."""
    return {t.name: save(ruleset, counters=True, table=t.name) for t in ruleset.tables.values()}


def restorable(ruleset: Ruleset) -> Ruleset:
    """Without the rules that iptables-restore could not read back from iptables-save: base ports
    that SNAT loses, for example."""
    return _only(ruleset, _reads)


def _only(ruleset: Ruleset, wanted: Callable[[Rule, str], bool]) -> Ruleset:
    tables = {}
    for table in ruleset.tables.values():
        chains = {
            chain.name: replace(chain, rules=tuple(r for r in chain.rules if wanted(r, table.name)))
            for chain in table.chains.values()
        }
        tables[table.name] = Table(table.name, chains)
    return Ruleset(ruleset.family, tables)


def listable(ruleset: Ruleset) -> Ruleset:
    """Without the rules whose extensions' listings nobody reads back: they do not tell enough."""
    return _only(
        ruleset, lambda rule, _: all(u.ext.unlist or not u.ext.listing for u in _uses(rule))
    )


def _uses(rule: Rule) -> list[Use]:
    return [*rule.matches, *([rule.target] if rule.target else [])]


def _reads(rule: Rule, table: str) -> bool:
    chain = "" if not rule.jump else f":{rule.jump.chain} - [0:0]\n"
    text = f"*{table}\n{chain}:own - [0:0]\n-A own {rule_text(rule)}\nCOMMIT\n"
    try:
        return rule_text(read(text, rule.family).rule(table, "own", 1)) == rule_text(rule)
    except ReadError:
        return False


def _changed(ruleset: Ruleset, change: Callable[[Rule], Rule], flags: tuple[str, ...]) -> Ruleset:
    tables = {}
    for table in ruleset.tables.values():
        chains = {
            chain.name: replace(
                chain,
                rules=tuple(map(change, chain.rules)),
                counters=_counters(chain.counters, flags),
            )
            for chain in table.chains.values()
        }
        tables[table.name] = Table(table.name, chains)
    return Ruleset(ruleset.family, tables)


def _told(rule: Rule, flags: tuple[str, ...]) -> Rule:
    matches = tuple(_joined(map(_without_asides, rule.matches)))
    changes: dict[str, Any] = {"counters": _counters(rule.counters, flags), "matches": matches}
    if "-v" not in flags:
        changes |= {"in_": None, "out": None}
    if "-n" not in flags:
        changes["matches"] = tuple(map(_named, matches))
        if rule.family == 6:
            changes |= {"src": _anywhere(rule.src), "dst": _anywhere(rule.dst)}
    return replace(rule, **changes)


def _joined(uses: Iterable[Use]) -> Iterator[Use]:
    """Several -m conntrack in a row look as one."""
    before: Use | None = None
    for use in uses:
        both = before is not None and before.ext.name == use.ext.name == "conntrack"
        if before and both and not {*before.options} & {*use.options}:
            given = {**before.options.given, **use.options.given}
            before = replace(before, options=Options(given))
            continue
        if before:
            yield before
        before = use
    if before:
        yield before


def _anywhere(option: Is[tuple[int, int]] | None) -> Is[tuple[int, int]] | None:
    if option is None or option.value[0]:
        return option
    return Is((0, 0), True) if option.negated else None


def _without_asides(use: Use) -> Use:
    """osf lists its genre alone; sctp and dccp leave out ports that ask nothing."""
    given = {
        name: one
        for name, one in use.options.given.items()
        if (use.ext.name != "osf" or name == "genre")
        and (use.ext.name not in ("sctp", "dccp") or one.negated or one.value != (0, 65535))
    }
    return replace(use, options=Options(given))


def _named(use: Use) -> Use:
    if use.ext.name not in ("conntrack", "ipvs"):
        return use
    given = {
        name: replace(one, value=(0, 0)) if name in _ADDRESSES and not one.value[0] else one
        for name, one in use.options.given.items()
    }
    return replace(use, options=Options(given))


_ADDRESSES = ("ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst", "vaddr")


def _counters(counters: tuple[int, int], flags: tuple[str, ...]) -> tuple[int, int]:
    if "-v" not in flags:
        return (0, 0)
    packets, octets = (_shown(counter_text(n, "-x" in flags)) for n in counters)
    return packets, octets


def _shown(text: str) -> int:
    return int(text.rstrip("KMGT")) * _UNITS.get(text[-1], 1)
