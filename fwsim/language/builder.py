"""A ruleset under change: what iptables' commands do to it, as libiptc does (libiptc/libiptc.c)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from fwsim.language.options import Target, find
from fwsim.language.rules import (
    Chains,
    Declared,
    Entries,
    Entry,
    Rules,
    chain_of,
    entries_in,
    is_unmoved,
    jump_of,
    raw_chains,
    rule_of,
    saved_of,
)
from fwsim.language.ruleset import TABLES, VERDICTS, Chain, Rule, Ruleset, Table, empty_table
from fwsim.language.write import rule_line, rule_text
from fwsim.model.errors import ReadError, Span
from fwsim.model.frozen import replace

H = TypeVar("H")


class Builder:
    """Tables under change, until `freeze`: the chains of each (`heads`) and, for those whose rules
    may change, their rules as lists. Every method raises ReadError at `span` where iptables would
    refuse."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.family, self.nft = ruleset.family, ruleset.nft
        self.frozen: dict[str, Table] = dict(ruleset.tables)
        self.heads: dict[str, dict[str, Chain | Declared]] = {}
        self.rules: dict[str, dict[str, Entries]] = {}

    def freeze(self) -> Ruleset:
        """The ruleset as it stands."""
        for name, heads in self.heads.items():
            for chain, held in self.rules[name].items():
                if entries_in(heads[chain]) is not held:
                    heads[chain] = replace(self._head(name, chain), rules=Rules(held))
            same = [*heads] == [*self.frozen[name].chains]
            self.frozen[name] = Table(name, Chains(heads if same else _in_order(name, heads)))
        self.heads.clear()
        self.rules.clear()
        return Ruleset(self.family, MappingProxyType(dict(self.frozen)), self.nft)

    def table(self, name: str, span: Span) -> None:
        """Open a table for change, making it if the kernel had none yet, which then stands first in
        the kernel's list. Its policies forget their counts: libiptc puts every changed table back
        without them (COUNTER_MAP_ZEROED)."""
        if name not in TABLES:
            raise ReadError(f"there is no table {name!r}; tables: {', '.join(TABLES)}", span=span)
        if name not in self.heads:
            if name not in self.frozen:
                self.frozen = {name: empty_table(name), **self.frozen}
            self.heads[name] = dict(raw_chains(self.frozen[name]))
            self.rules[name] = {}
            for chain in TABLES[name]:
                self.heads[name][chain] = replace(self._head(name, chain), counters=(0, 0))

    def clear(self, table: str, span: Span) -> None:
        """As iptables-restore begins a table: no rules, no user chains; policies stay."""
        self.table(table, span)
        self.heads[table] = {c: self.heads[table][c] for c in TABLES[table]}
        self.rules[table] = {chain: Entries() for chain in TABLES[table]}

    def held(self, table: str, chain: str) -> Entries:
        """A chain's rules, to be changed."""
        rules = self.rules[table]
        if chain not in rules:
            rules[chain] = Entries(self._entries(table, chain))
        return rules[chain]

    def _entries(self, table: str, chain: str) -> Sequence[Entry]:
        changed = self.rules[table].get(chain)
        return entries_in(self.heads[table][chain]) if changed is None else changed

    def _head(self, table: str, chain: str) -> Chain:
        return chain_of(chain, self.heads[table][chain])

    def head(self, table: str, chain: str, span: Span) -> Chain:
        """The chain's record (its rules are in `held`)."""
        if chain not in self.heads[table]:
            raise ReadError(
                f"table {table} has no chain {chain!r}",
                span=span,
                hint=_of_other_tables(chain)
                or f"Make it with `iptables{_t(table)} -N {chain}`."
                + _near(chain, self.heads[table]),
            )
        return self._head(table, chain)

    def new(self, table: str, chain: str, span: Span, checked: bool = False) -> None:
        """-N, which checks the name more closely (`checked`) than a dump's `:CHAIN`."""
        if chain in self.heads[table]:
            raise ReadError(f"table {table} has a chain {chain!r} already", span=span)
        if not 1 <= _size(chain) <= 28:
            raise ReadError("a chain's name has 1 to 28 bytes", span=span)
        if chain in VERDICTS or (checked and find(Target, chain)):
            raise ReadError(f"{chain} is a target's name and none for a chain", span=span)
        if checked and (chain[0] in "-!" or any(c.isspace() for c in chain)):
            raise ReadError(
                "a chain's name begins with neither - nor !, and has no blanks", span=span
            )
        self.declare(table, chain, span)

    def declare(self, table: str, chain: str, span: Span) -> None:
        """-N of a good name that is free."""
        held = Entries()
        self.rules[table][chain] = held
        self.heads[table][chain] = Chain(chain, None, (0, 0), Rules(held), span)

    def policy(
        self, table: str, chain: str, policy: str, counters: tuple[int, int], span: Span
    ) -> None:
        """-P"""
        head = self.head(table, chain, span)
        if head.policy is None:
            raise ReadError(f"{chain} is a user chain, which has no policy", span=span)
        if policy not in ("ACCEPT", "DROP"):
            raise ReadError(f"a policy is ACCEPT or DROP, not {policy!r}", span=span)
        self.heads[table][chain] = replace(head, policy=policy, counters=counters)

    def insert(
        self, table: str, chain: str, at: int | None, rules: Sequence[Rule], span: Span
    ) -> None:
        """-A (at None) or -I (at counts from 1). Each rule of several goes in at the same place, so
        that -I turns them round."""
        self.head(table, chain, span)
        held = self.held(table, chain)
        if at is not None and not 1 <= at <= len(held) + 1:
            raise ReadError(f"{chain} has {len(held)} rules: no place {at} to insert at", span=span)
        if at is None:
            held.extend(rules)
        else:
            held[at - 1 : at - 1] = reversed(rules)

    def delete(self, table: str, chain: str, which: int | Rule, span: Span) -> None:
        """-D, by number or by an equal rule."""
        self.head(table, chain, span)
        if isinstance(which, int):
            del self.held(table, chain)[self.index(table, chain, which, span)]
            return
        del self.held(table, chain)[self._place(table, chain, which, span)]

    def check(self, table: str, chain: str, rule: Rule, span: Span) -> None:
        """-C"""
        self.head(table, chain, span)
        self._place(table, chain, rule, span)

    def _place(self, table: str, chain: str, rule: Rule, span: Span) -> int:
        text = rule_line(chain, rule)
        for at, held in enumerate(self._entries(table, chain)):
            if _same(held, rule, text):
                return at
        raise ReadError(f"{chain} has no such rule", span=span)

    def change(self, table: str, chain: str, number: int, rule: Rule, span: Span) -> None:
        """-R"""
        self.head(table, chain, span)
        self.held(table, chain)[self.index(table, chain, number, span)] = rule

    def index(self, table: str, chain: str, number: int, span: Span) -> int:
        """The list index of rule `number`."""
        count = len(self._entries(table, chain))
        if not 1 <= number <= count:
            raise ReadError(f"{chain} has {count} rules: there is no rule {number}", span=span)
        return number - 1

    def flush(self, table: str, chain: str | None, span: Span) -> None:
        """-F"""
        for name in self._those(table, chain, span):
            self.rules[table][name] = Entries()

    def zero(self, table: str, chain: str | None, number: int | None, span: Span) -> None:
        """-Z"""
        for name in self._those(table, chain, span):
            held = self.held(table, name)
            if number is not None:
                at = self.index(table, name, number, span)
                held[at] = _zeroed(held[at])
                continue
            self.heads[table][name] = replace(self._head(table, name), counters=(0, 0))
            held[:] = map(_zeroed, held)

    def remove(self, table: str, chain: str | None, span: Span) -> None:
        """-X; without a chain, every user chain."""
        own = [c for c in self.heads[table] if c not in TABLES[table]]
        for name in own if chain is None else [self.head(table, chain, span).name]:
            if name in TABLES[table]:
                raise ReadError(f"{name} is built in and cannot be deleted", span=span)
            if self._entries(table, name):
                raise ReadError(
                    f"{name} still has rules",
                    span=span,
                    hint=f"First `iptables{_t(table)} -F {name}`.",
                )
            users = [c for c in self._users(table, name) if chain is not None or c not in own]
            if users:
                raise ReadError(f"{name} is still jumped to from {', '.join(users)}", span=span)
        for name in own if chain is None else [chain]:
            del self.heads[table][name]
            self.rules[table].pop(name, None)

    def rename(self, table: str, old: str, new: str, span: Span) -> None:
        """-E; jumps follow. iptables would take a name of 29 to 31 bytes (and the kernel none that
        is longer)."""
        head = self.head(table, old, span)
        if old in TABLES[table]:
            raise ReadError(f"{old} is built in and keeps its name", span=span)
        if 29 <= _size(new) <= 31:
            raise ReadError(
                f"a chain's name of {_size(new)} bytes is a trap: iptables -E gives it, and then "
                "no command can list, empty or delete the chain, nor iptables-restore read it",
                span=span, hint="A name of at most 28 bytes can be used.",
            )  # fmt: skip
        self.new(table, new, span)
        self.heads[table][new] = replace(head, name=new)
        self.rules[table][new] = Entries(self._entries(table, old))
        del self.heads[table][old]
        self.rules[table].pop(old, None)
        for name in self._users(table, old):
            held = self.held(table, name)
            held[:] = [_led(entry, new) if jump_of(entry) == old else entry for entry in held]

    def _those(self, table: str, chain: str | None, span: Span) -> list[str]:
        return list(self.heads[table]) if chain is None else [self.head(table, chain, span).name]

    def _users(self, table: str, chain: str) -> list[str]:
        return [
            c
            for c in self.heads[table]
            if any(jump_of(entry) == chain for entry in self._entries(table, c))
        ]


def _in_order(table: str, heads: Mapping[str, H]) -> dict[str, H]:
    """The kernel's order, built-in chains first."""
    own = (chain for chain in heads if chain not in TABLES[table])
    order = [chain for chain in TABLES[table] if chain in heads]
    order += sorted(own, key=lambda chain: chain.encode("utf-8", "surrogateescape"))
    return {chain: heads[chain] for chain in order}


def _zeroed(entry: Entry) -> Entry:
    return entry if is_unmoved(entry) else replace(rule_of(entry), counters=(0, 0))


def _led(entry: Entry, chain: str) -> Rule:
    """The rule, with its jump to another chain."""
    rule = rule_of(entry)
    assert rule.jump is not None
    return replace(rule, jump=rule.jump._replace(chain=chain))


def _same(entry: Entry, other: Rule, line: str) -> bool:
    """The kernel's records are the same, however the rules were spelled. `line` is the other one's
    as iptables-save writes it."""
    saved = saved_of(entry, counters=False)
    if saved is not None:
        return saved == line
    one = rule_of(entry)
    if (one.target_name, one.proto, one.src, one.dst) != (
        other.target_name, other.proto, other.src, other.dst
    ):  # fmt: skip
        return False
    return one == other or rule_text(one) == rule_text(other)


def _size(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))


def _t(table: str) -> str:
    return "" if table == "filter" else f" -t {table}"


def _of_other_tables(chain: str) -> str | None:
    having = " or ".join(f"-t {table}" for table, chains in TABLES.items() if chain in chains)
    return f"It is built in elsewhere: say {having}." if having else None


def _near(name: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f" Did you mean {near[0]}?" if near else ""
