"""How an exchange ended, in a sentence; and where that depends on what nobody knows, each way it
may go with how it would end."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.model.trace import Branch, Exchange, Leg
from fwsim.show.layout import Line, cells, segment
from fwsim.show.rules import reason
from fwsim.show.words import say

_MARKS = {"✓": "good", "✗": "bad", "?": "unsure"}


def branch_lines(exchange: Exchange) -> Iterator[Line]:
    """Every way that an undecided exchange may go, and how to settle which."""
    if not exchange.branches:
        return
    yield [segment(say("branches"), "head")]
    conditions = [_condition(branch) for branch in exchange.branches]
    width = max(map(cells, conditions))
    for condition, branch in zip(conditions, exchange.branches, strict=True):
        outcome = say(f"outcome.{outcome_key(branch.exchange)}")
        yield [
            ("  ", "pad"), segment(condition), (" " * (width - cells(condition) + 3), "pad"),
            segment(outcome, _MARKS[outcome[0]]),
            *(segment(say("gap") + text) for text in endings(branch.exchange)),
        ]  # fmt: skip
    names = dict.fromkeys(name for b in exchange.branches for name, _, _ in b.given)
    for name in names:
        yield [segment(say("settle", name=name), "dim")]


def _condition(branch: Branch) -> str:
    return say("and").join(
        say("branch.yes" if holds else "branch.no", what=why) for _, why, holds in branch.given
    )


def outcome_key(exchange: Exchange) -> str:
    """The outcome, except where nothing was to come back: then whether the packet arrives."""
    legs = exchange.legs
    if "no_answer_expected" in exchange.notes and exchange.verdict == "ACCEPT":
        return "arrives"
    if legs[1:] or exchange.outcome != "answered":
        return exchange.outcome
    return "through"


def endings(exchange: Exchange) -> Iterator[str]:
    """Where each packet that did not get through ended."""
    for leg in exchange.legs:
        if leg.verdict != "ACCEPT":
            yield _ending(leg)


def _ending(leg: Leg) -> str:
    direction, host = say(f"direction.{leg.direction}"), leg.where
    if leg.verdict == "UNKNOWN":
        what = say("comma").join(leg.depends_on) or say("unknown.something")
        return say("ended.unknown", direction=direction, host=host, what=what)
    fate, ref = say(f"fate.{leg.fate}"), leg.decided_by
    told = {"direction": direction, "fate": fate, "host": host}
    if leg.reason:
        return say("ended.reason", **told, reason=reason(leg.reason))
    if ref is None:
        return say("ended.plain", **told)
    key = "ended.policy" if ref.rule == "policy" else "ended.rule"
    return say(key, **told, table=ref.table, chain=ref.chain, rule=ref.rule)
