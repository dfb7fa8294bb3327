"""The counters that packets left, in the rules that are shown."""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.language.rules import Entries, Rules, entries_of, rule_of, with_chain
from fwsim.language.ruleset import Chain, Ruleset
from fwsim.machine.state import CounterKey
from fwsim.model.frozen import replace


def counted(ruleset: Ruleset, counters: Mapping[CounterKey, tuple[int, int]]) -> Ruleset:
    """The ruleset with that much added to its counters."""
    moved: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}
    for (family, table, name, number), added in counters.items():
        if family == ruleset.family and ruleset.chain(table, name):
            moved.setdefault((table, name), {})[number] = added
    tables = dict(ruleset.tables)
    for (table, name), by_number in moved.items():
        moved_chain = _moved(tables[table].chains[name], by_number)
        tables[table] = with_chain(tables[table], moved_chain)
    return replace(ruleset, tables=tables)


def _moved(chain: Chain, by_number: Mapping[int, tuple[int, int]]) -> Chain:
    entries = Entries(entries_of(chain.rules))
    for number, added in by_number.items():
        if 1 <= number <= len(entries):
            entries[number - 1] = rule_of(entries[number - 1]).counted(*added)
    packets, octets = by_number.get(0, (0, 0))
    counters = (chain.counters[0] + packets, chain.counters[1] + octets)
    return replace(chain, counters=counters, rules=Rules(entries))
