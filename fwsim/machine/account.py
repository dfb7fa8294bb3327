"""The steps of a walk through one table: what each rule saw, and why it matched or missed."""

from __future__ import annotations

from typing import Any

from fwsim.language.rules import entries_of, sample_of
from fwsim.language.ruleset import Chain, Ruleset
from fwsim.language.write import rule_text
from fwsim.machine.table import Visit
from fwsim.machine.view import View
from fwsim.model.trace import Later, Ref, Step
from fwsim.readings.explain import explain
from fwsim.readings.prose import phrase


def reference(host: str, ruleset: Ruleset, table: str, chain: str, number: int) -> Ref:
    """A rule, or the chain's policy (0)."""
    found = ruleset.tables[table].chains[chain]
    where = (host, ruleset.family, table, chain)
    if not number:
        return Ref(*where, "policy", found.span.line if found.span else 0, found.policy or "")
    rule = found.rules[number - 1]
    return Ref(*where, number, rule.span.line if rule.span else 0, rule_text(rule))


class Account:
    """Watches a packet's walk through a host's table; `steps` are what it came by."""

    def __init__(self, host: str, ruleset: Ruleset, table: str, view: View) -> None:
        self.host, self.ruleset, self.table, self.view = host, ruleset, table, view
        self.steps: list[Step] = []

    def ref(self, chain: str, number: int) -> Ref:
        """A rule, or the chain's policy (0)."""
        return reference(self.host, self.ruleset, self.table, chain, number)

    def visit(self, visit: Visit) -> None:
        """As Watch.visit."""
        self.view.peek()
        self.steps.append(self._step(visit, self.view))

    def passed_over(self, chain: Chain, first: int, end: int, depth: int) -> None:
        """As Watch.passed_over: their steps are made when somebody asks for them."""
        ref = Ref(self.host, self.ruleset.family, self.table, chain.name, first)
        entries, view = entries_of(chain.rules), self.view.still()

        def make(at: int) -> Step:
            view.visit((ref.family, ref.table, ref.chain, first + at))
            view.peek()
            return self._step(Visit(chain.name, first + at, False, depth), view)

        def target(at: int) -> str:
            return sample_of(entries[first - 1 + at]).target_name

        data = {"depth": depth, "dropped": False, "last": end - 1}
        missed = Later(end - first, make, target)
        self.steps.append(Step("missed", ref=ref, holds=False, children=missed, data=data))

    def _step(self, visit: Visit, view: View) -> Step:
        ref = self.ref(visit.chain, visit.rule)
        data: dict[str, Any] = {"depth": visit.depth, "dropped": visit.dropped}
        if not visit.rule:
            return Step("policy", ref.text, ref, True, data=data)
        rule = self.ruleset.rule(self.table, visit.chain, visit.rule)
        data["target"] = rule.target_name
        reasons = tuple(
            Step("reason", phrase(reason), holds=reason.holds)
            for reason in explain(rule.pred, view)
        )
        return Step("rule", ref.text, ref, visit.holds, children=reasons, data=data)
