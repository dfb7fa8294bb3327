"""What a walk through the rules depended on, so that it may be remembered: beside where a packet
goes between (addresses, devices, MACs, protocol, TOS, TTL) and its connection's state and mark,
which facts its rules asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fwsim.language.index import index_of
from fwsim.language.ruleset import Rule, Ruleset
from fwsim.machine.table import Visit
from fwsim.model.actions import Action, Aside, Assign, Copy, Jump, Log, Nat, Verdict
from fwsim.model.fields import RPF
from fwsim.model.pred import In, Pred, atoms

# told by the ends, the connection's state and mark, and what the host is
OF_ENDS = frozenset({
    "src", "dst", "in", "out", "physin", "physout", "bridged", "proto", "headers", "frag",
    "l4_header", "ports", "mark", "priority", "ttl", "tos", "ctstate", "conntrack",
    "ct_known", "ct_dir", "ct_proto", "ct_mark", "ct_orig_src", "ct_orig_dst", "ct_repl_src",
    "ct_repl_dst", "src_type", "dst_type", "src_type_in", "dst_type_in", "src_type_out",
    "dst_type_out", "in_group", "out_group", "from_ethernet", "packet_type",
    "sender", "realm", "path_mtu",
    *(field.name for field in RPF.values()),
    "bytes_for_header",  # asked for where a header is not whole, of which no way is remembered
})  # fmt: skip
PORTS = frozenset({
    "sport", "dport", "ct_orig_sport", "ct_orig_dport", "ct_repl_sport", "ct_repl_dport",
})  # fmt: skip
# told apart packet by packet
OF_PACKET = frozenset({"length", "tcp_flags", "tcp_options", "ct_status", "ct_labels"})
_WRITABLE = frozenset({"mark", "priority", "tos", "ttl"})
_REPEATABLE = (Verdict, Jump, Log, Aside, Assign, Copy, Nat)


class Reads:
    """Which facts of OF_PACKET the rules of a host ask for, and whether for "ports"."""

    def __init__(self, rulesets: Mapping[int, Ruleset]) -> None:
        self._rulesets = rulesets
        self._known: dict[tuple[int, str, str, int, bool], frozenset[str] | None] = {}

    def of(
        self, family: int, tables: Iterable[tuple[str, list[Visit]]], *, first: bool
    ) -> frozenset[str] | None:
        """Those that a walk through tables depended on; None if it depended on more, or did what
        is not the same each time. `first`: the connection begins, and the nat table is asked."""
        found: frozenset[str] = frozenset()
        for table, visits in tables:
            if table == "nat" and not first:
                return None
            for visit in visits:
                key = family, table, visit.chain, visit.rule, bool(visit.holds)
                if key not in self._known:
                    self._known[key] = self._asked(*key)
                asked = self._known[key]
                if asked is None:
                    return None
                found |= asked
        return found

    def _asked(
        self, family: int, table: str, chain: str, number: int, holds: bool
    ) -> frozenset[str] | None:
        rules = self._rulesets[family].tables[table].chains[chain].rules
        index = index_of(rules)
        found = _facts(index.drops) if index else frozenset()
        if not number or found is None:
            return found
        rule = rules[number - 1]
        own = _facts((rule.pred, rule.drops))
        if own is None or (holds and not _repeatable(rule)):
            return None
        return found | own


def _facts(preds: Iterable[Pred]) -> frozenset[str] | None:
    names = set()
    for pred in preds:
        for atom in atoms(pred):
            if not isinstance(atom, In):
                return None
            if atom.field.project is not None and atom.field.name not in OF_ENDS:
                return None
            names.add(atom.field.name)
    if names - OF_ENDS - PORTS - OF_PACKET:
        return None
    return frozenset((names & OF_PACKET) | ({"ports"} if names & PORTS else set()))


def _repeatable(rule: Rule) -> bool:
    """It does the same to every packet of which the same is known, and nothing to others."""
    return all(isinstance(one, _REPEATABLE) and _within(one) for one in rule.actions)


def _within(action: Action) -> bool:
    if isinstance(action, Assign):
        return action.field.name in _WRITABLE
    if isinstance(action, Copy):
        return action.target.name in _WRITABLE and action.source.name in OF_ENDS
    return True
