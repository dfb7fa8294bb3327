"""Near misses: the rules that would have let a packet pass, had less of them failed."""

from __future__ import annotations

from collections.abc import Sequence

from fwsim.model.trace import Exchange, Leg, Ref, Step, rule_steps
from fwsim.model.tuples import NamedTuple

SHOWN = 3


class Near(NamedTuple):
    """A rule that accepts, by which the packet came, and the phrases that say why it missed."""

    ref: Ref
    missed: tuple[str, ...]


def stopped(exchange: Exchange) -> Leg | None:
    """The leg that a rule or a policy dropped or rejected; None if none was."""
    leg = exchange.legs[-1]
    if leg.direction == "error":
        leg = exchange.legs[-2]
    return leg if leg.decided_by and leg.verdict in ("DROP", "REJECT") else None


def deciding(steps: Sequence[Step], ref: Ref | None) -> Step | None:
    """Among a host's steps, the table that `ref` decided, if it did not accept."""
    found = (s for s in reversed(steps) if s.kind == "table" and s.ref == ref)
    step = next(found, None)
    return step if step and step.data["verdict"] != "ACCEPT" else None


def missed(table: Step) -> list[Near]:
    """The accepting rules of a table that the packet came by and missed, nearest first: by the
    number of conditions that failed, then as they stand."""
    steps = rule_steps(table.children, "ACCEPT")
    rules = (s for s in steps if s.holds is False and s.data.get("target") == "ACCEPT")
    near = [Near(s.ref, tuple(reason.text for reason in s.children)) for s in rules if s.ref]
    return sorted(near, key=lambda rule: len(rule.missed))


def nearest(exchange: Exchange, leg: Leg, table: Step) -> tuple[Near, ...]:
    """What is worth showing: the nearest rule, then those that let an earlier packet of the same
    exchange through, since people ask why they do not let this one."""
    near = missed(table)
    helped = {ref for other in exchange.legs if other is not leg for ref in _accepted_by(other)}
    others = sorted(near[1:], key=lambda rule: rule.ref not in helped)
    return (*near[:1], *others)[:SHOWN]


def _accepted_by(leg: Leg) -> set[Ref]:
    tables = (s for hop in leg.hops for s in hop.children if s.kind == "table")
    return {step.ref for step in tables if step.ref and step.data["verdict"] == "ACCEPT"}
