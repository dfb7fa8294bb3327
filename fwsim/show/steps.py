"""A packet's way step by step, as HTML that unfolds: hosts, their tables, chains, rules, and why
each matched or missed. It reads well without any style, as where styles are taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from fwsim.machine.world import World
from fwsim.model.trace import Leg, Ref, Step, rule_steps
from fwsim.show.hosts import FIRST, LAST
from fwsim.show.markup import Child, element
from fwsim.show.phrases import Links, chosen, effect_of
from fwsim.show.rules import Called, Decision, calls, came_of, verdict, why
from fwsim.show.words import say

_RUN = 4  # so many misses in a row are folded
_LISTED, _ALL_LISTED = 60, 1500  # misses in a row that are listed; in a whole page
_HOSTS = 60  # on a way that is told host by host; of a longer one the ends
_DEEP = 8  # chains in chains that unfold; deeper ones are told in one list
_KINDS = {True: "hit", False: "miss", None: "maybe"}


class Stepper:
    """Tells the legs of one exchange. `href` gives the link to a rule in the page, or ""."""

    def __init__(self, world: World, decision: Decision, href: Callable[[Ref], str]) -> None:
        self.world, self.decision, self.href = world, decision, href
        self.links, self.room = Links(world), _ALL_LISTED

    def leg(self, leg: Leg) -> Iterator[Element]:
        """A part for each host."""
        hops = leg.hops
        left_out = len(hops) - FIRST - LAST if len(hops) > _HOSTS else 0
        for hop in hops[:FIRST] if left_out else hops:
            yield self._host(hop)
        if left_out:
            yield element("p", say("more_hosts", count=left_out), class_="note")
            yield from map(self._host, hops[-LAST:])

    def _host(self, hop: Step) -> Element:
        title = element("h3", element("bdi", hop.text))
        return element("section", title, element("ul", self._hop(hop), class_="steps"))

    def _hop(self, hop: Step) -> Iterator[Element]:
        ends = [*self.links.end(hop)]
        for at, step in enumerate(hop.children):
            if step.kind == "table":
                yield element("li", self._table(step, effect_of(hop, at)))
            elif not (step.kind == "nat" and chosen(hop, at)) and not (
                step.kind == "leave" and ends and not hop.data["reason"]
            ):
                yield from (element("li", text) for text in self.links.step(hop.text, step))
        for text in ends:
            end = "good" if hop.data["fate"] == "delivered" else "bad" if hop.data["reason"] else ""
            yield element("li", text, class_=end or None)

    # -- tables and chains ----------------------------------------------------------------------

    def _table(self, table: Step, effect: str) -> Element:
        where = f"{table.data['table']} {table.data['hook']}"
        mark = self.decision.mark(table.ref)
        summary = element(
            "summary", element("b", where), say("colon"), verdict(table),
            [say("colon"), effect] if effect else None, self._mark(mark),
        )  # fmt: skip
        visits = calls(table.children)
        rules = self._chain(visits, table.data["hook"], 0, ends=True)
        return element("details", summary, rules, open=bool(mark), class_="table")

    def _chain(self, visits: Sequence[Called], chain: str, depth: int, *, ends: bool) -> Element:
        """A chain's rules that were asked; `ends`: the table was left from within it."""
        parts: list[Child] = []
        for missed, group in groupby(visits, lambda v: (_is_miss(v.step), _chain_of(v.step))):
            run = [*group]
            if missed[0]:
                parts += self._misses([v.step for v in run], chain)
            else:
                parts += (
                    self._visit(visit, chain, depth, ends=ends and visit is visits[-1])
                    for visit in run
                )
        return element("ul", *parts, class_="rules")

    def _visit(self, visit: Called, chain: str, depth: int, *, ends: bool) -> Element:
        if not visit.inner:
            return self._rule(visit.step, chain)
        target = visit.step.data.get("target", "")
        decides = any(self.decision.mark(call.step.ref) for call in _flat(visit.inner))
        inner = visit.inner if depth < _DEEP else [*_flat(visit.inner)]
        reasons = [why(visit.step), *([] if ends else [came_of(visit)])]
        return element(
            "li",
            element(
                "details",
                element(
                    "summary", *self._words(visit.step, chain),
                    element("span", say("semicolon").join(reasons), class_="why"),
                ),
                self._chain(inner, target if depth < _DEEP else "", depth + 1, ends=ends),
                open=decides,
            ),
            class_=f"rule {_KINDS[visit.step.holds]}",
        )  # fmt: skip

    def _misses(self, steps: Sequence[Step], chain: str) -> Iterator[Element]:
        """A run of rules that missed: one by one if they are few, else folded."""
        first, last = steps[0].ref, steps[-1].ref
        assert first is not None
        assert last is not None
        end = steps[-1].data.get("last", last.rule)
        count = sum(len(step.children) if step.kind == "missed" else 1 for step in steps)
        listed = count <= min(_LISTED, self.room)
        rules = [self._rule(step, chain) for step in rule_steps(steps)] if listed else []
        self.room -= len(rules)
        if rules and count < _RUN:
            yield from rules
            return
        name = "" if first.chain == chain else f"{first.chain} "
        title = say("page.missed", chain=name, first=first.rule, last=end)
        folded = element(
            "details", element("summary", title), element("ul", *rules, class_="rules")
        )
        yield element("li", folded if rules else title, class_="rule miss")

    def _rule(self, step: Step, chain: str) -> Element:
        told = say("malformed") if step.data["dropped"] else why(step)
        kind = "bad" if step.data["dropped"] else _KINDS[step.holds]
        reason = element("span", told, class_=f"why {kind}") if step.kind == "rule" else None
        mark = self._mark(self.decision.mark(step.ref))
        lit = " lit" if mark is not None else ""
        return element("li", *self._words(step, chain), reason, mark, class_=f"rule {kind}{lit}")

    def _words(self, step: Step, chain: str) -> Iterator[Child]:
        """Its number, which leads to its place in the text, and what it says."""
        ref = step.ref
        assert ref is not None
        name = "" if ref.chain == chain else f"{ref.chain} "
        if step.kind == "policy":
            text = element("b", name + say("policy", policy=step.text))
        else:
            text = element("b", f"{name}{ref.rule}")
        href = self.href(ref)
        yield element("a", text, href=href) if href else text
        yield " "
        if step.kind != "policy":
            yield element("code", step.text or say("any_packet"))
            yield " "

    def _mark(self, words: str) -> Element | None:
        return element("strong", f" {words}", class_="decided") if words else None


def _is_miss(step: Step) -> bool:
    return step.holds is False and not step.data["dropped"]


def _chain_of(step: Step) -> str:
    return step.ref.chain if step.ref else ""


def _flat(visits: Sequence[Called]) -> Iterator[Called]:
    """All of them in their order, none within another."""
    pending = [*reversed(visits)]
    while pending:
        call = pending.pop()
        yield Called(call.step, ())
        pending.extend(reversed(call.inner))
