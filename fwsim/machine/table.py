"""One packet through one table: chains, jumps, RETURN, goto, policy (net/ipv4/netfilter/ip_tables.c
ipt_do_table)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fwsim.language.index import index_of
from fwsim.language.ruleset import Chain, Table
from fwsim.machine.view import View
from fwsim.model.actions import Action, Jump, Verdict
from fwsim.model.tuples import NamedTuple


class Visit(NamedTuple):
    """A rule (`rule` counts from 1) or a policy (0) that the packet came by. `holds` None: it
    depends on something unknown. `depth` is how many calls deep. `dropped`: as malformed, at once,
    or, where the rule matches nevertheless, once it has done what it says."""

    chain: str
    rule: int
    holds: bool | None
    depth: int
    dropped: bool = False


class Outcome(NamedTuple):
    """How a table let the packet go: ACCEPT, DROP, QUEUE or UNKNOWN; `chain` and `rule` decided."""

    verdict: str
    chain: str
    rule: int
    visits: list[Visit]


Act = Callable[[Action], str | None]
"""Carries out one action that is no jump; a verdict ends the walk, None goes on."""


class Watch(Protocol):
    """Told of what the walk comes by, before anything changes."""

    def visit(self, visit: Visit) -> None:
        """A rule was asked, or a policy reached."""
        ...

    def passed_over(self, chain: Chain, first: int, end: int, depth: int) -> None:
        """The rules from `first` to before `end`, counting from 1, miss without being asked."""
        ...


def walk_table(
    table: Table, hook: str, view: View, act: Act, watch: Watch | None = None
) -> Outcome:
    """Walk the table's chain for `hook`. `act` carries out what matching rules do; where it
    changes the packet, it clears the view. In long chains, rules that an index shows to miss are
    passed over."""
    return _Walk(table, view, act, watch).run(table.chains[hook])


class _Walk:
    def __init__(self, table: Table, view: View, act: Act, watch: Watch | None) -> None:
        self.table, self.view, self.act, self.watch = table, view, act, watch
        self.visits: list[Visit] = []
        self.back: list[tuple[Chain, int]] = []

    def run(self, base: Chain) -> Outcome:
        chain, at = base, 0
        while True:
            verdict: str | None = "RETURN"  # every chain ends in one
            at = self._following(chain, at)
            if at < len(chain.rules):
                verdict = self._visit(chain, at)
                at += 1
            if verdict == "RETURN":
                if not self.back:
                    self._note(Visit(base.name, 0, True, 0))
                    return Outcome(base.policy or "ACCEPT", base.name, 0, self.visits)
                chain, at = self.back.pop()
            elif verdict == "JUMP":
                chain, at = self._jump(chain, at)
            elif verdict is not None:
                return Outcome(verdict, chain.name, at, self.visits)

    def _following(self, chain: Chain, at: int) -> int:
        """The next rule to ask, if there is one."""
        index = index_of(chain.rules)
        following = at if index is None else index.following(at, self.view)
        if following > at and self.watch is not None:
            self.watch.passed_over(chain, at + 1, following + 1, len(self.back))
        return following

    def _visit(self, chain: Chain, at: int) -> str | None:
        rule, view = chain.rules[at], self.view
        view.visit((rule.family, self.table.name, chain.name, at + 1))
        holds = view.ask(rule.test) if rule.open else rule.test(view)
        dropped = holds is not None and rule.hotdrop is not None and bool(rule.hotdrop(view))
        self._note(Visit(chain.name, at + 1, holds, len(self.back), dropped))
        if rule.takes is not None and rule.takes(view):
            view.take()
        if holds is not True:
            return "DROP" if dropped else "UNKNOWN" if holds is None else None
        verdict: str | None = None
        for action in rule.actions:
            if isinstance(action, Jump):
                verdict = "JUMP"
            else:
                verdict = action.name if isinstance(action, Verdict) else self.act(action)
        return "DROP" if dropped else verdict

    def _jump(self, chain: Chain, at: int) -> tuple[Chain, int]:
        jump = chain.rules[at - 1].jump
        assert jump is not None
        if jump.come_back:
            self.back.append((chain, at))
        return self.table.chains[jump.chain], 0

    def _note(self, visit: Visit) -> None:
        self.visits.append(visit)
        if self.watch is not None:
            self.watch.visit(visit)
