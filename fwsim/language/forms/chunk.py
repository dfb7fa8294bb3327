"""A stretch of a text in which one table of one family is shown, and which table that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from fwsim.language.forms.lines import Asked, Line
from fwsim.language.options import Target, find, known
from fwsim.language.ruleset import TABLES
from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.names import family_of

_OLD_NAT = ("PREROUTING", "POSTROUTING", "OUTPUT")  # before Linux 2.6.36
_ORDERS = (*TABLES.values(), _OLD_NAT)
BUILT_IN = frozenset(chain for chains in TABLES.values() for chain in chains)


class Chunk:
    """One run of `-S` or of `-L` output; `asked` is the command before it, if there is one."""

    def __init__(self, form: str, asked: Asked | None) -> None:
        self.form = form
        self.asked = asked
        self.lines: list[tuple[Line, re.Match[str] | None]] = []
        self.chains: set[str] = set()
        self.built_in: list[str] = []
        self.own = False
        self.tables = [*TABLES]
        self.address: int | None = None
        self.hint: int | None = None

    def takes(self, chain: str, begins: bool) -> bool:
        """Whether a line about this chain can come next. Where chains themselves are shown
        (`begins`), built-in ones stand first, in their table's order."""
        if chain not in BUILT_IN or (chain in self.chains and not begins):
            return chain not in self.chains or not begins
        if not begins:
            return any({*self.built_in, chain} <= {*TABLES[table]} for table in TABLES)
        if chain in self.chains or self.own or self.built_in == [*TABLES["filter"]]:
            return False
        return any(_in_order([*self.built_in, chain], chains) for chains in _ORDERS)

    def add(self, chain: str) -> None:
        """The chain is shown, or one of its rules."""
        if chain not in self.chains:
            self.chains.add(chain)
            self.own |= chain not in BUILT_IN
            self.built_in += [chain] if chain in BUILT_IN else []

    def look(self, words: Sequence[str]) -> None:
        """Take the signs of table and family from a rule's words (the first ones will do)."""
        for word in words:
            if word in _placed():
                self.tables = [t for t in self.tables if t in _placed()[word]] or self.tables
            self.hint = 6 if word in ("ipv6-icmp", "icmpv6") else self.hint
            if self.address is None:
                self.address = family_of(word.lstrip("!").partition("/")[0])

    def family(self, default: int) -> int:
        """Whose rules these are: addresses tell, then the command, then a protocol of IPv6."""
        said = self.asked.family if self.asked else None
        return self.address or said or self.hint or default

    def table(self, before: str, source: Source) -> str:
        """Which table this is. `before` is the one shown before, which user chains alone continue.
        ReadError if several may be meant."""
        fitting = [table for table in TABLES if {*self.built_in} <= {*TABLES[table]}]
        if self.asked and self.asked.table in fitting:
            return self.asked.table
        possible = [table for table in fitting if table in self.tables]
        whole = [table for table in possible if len(TABLES[table]) == len(self.built_in)]
        if not self.built_in and before in possible:
            return before
        for table in (*whole, "filter"):
            if table in possible:
                return table
        if "nat" in possible and {*self.built_in} == {*_OLD_NAT}:
            return "nat"
        if len(possible) == 1:
            return possible[0]
        raise ReadError(
            f"nothing shows which table this is: it may be {' or '.join(possible or fitting)}",
            span=Span(source, self.lines[0][0].start, self.lines[0][0].end),
            hint="Put the command before it, such as `# iptables -t nat -L`.",
        )


def _in_order(some: Sequence[str], chains: Sequence[str]) -> bool:
    left = iter(chains)
    return all(chain in left for chain in some)


@cache
def _placed() -> dict[str, tuple[str, ...]]:
    """The targets that belong in certain tables, whatever their options."""
    found = (find(Target, name) for name in known(Target))
    targets = (target for target in found if isinstance(target, Target))
    return {t.name: t.tables for t in targets if t.tables and not callable(t.tables)}
