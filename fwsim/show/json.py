"""INTERFACE's JSON of legs and exchanges, read off the trace."""

from __future__ import annotations

from typing import Any

from fwsim.model.trace import Branch, Counted, Emitted, Exchange, Leg, Step


def exchange_dict(exchange: Exchange, host: str) -> dict[str, Any]:
    """One exchange."""
    out = {
        "verdict": exchange.verdict,
        "outcome": exchange.outcome,
        "decided_by": exchange.decided_by.to_dict() if exchange.decided_by else None,
        "legs": [leg_dict(leg, host) for leg in exchange.legs],
    }
    if exchange.branches:
        out["branches"] = [_branch(branch, host) for branch in exchange.branches]
    return out


def _branch(branch: Branch, host: str) -> dict[str, Any]:
    given = {name: holds for name, _, holds in branch.given}
    return {"given": given, **exchange_dict(branch.exchange, host)}


def leg_dict(leg: Leg, host: str) -> dict[str, Any]:
    """One leg; what concerns other hosts than `host` carries their names."""
    out: dict[str, Any] = {
        "direction": leg.direction,
        "packet": leg.packet.to_dict(),
        "verdict": leg.verdict,
        "fate": leg.fate,
        "decided_by": leg.decided_by.to_dict() if leg.decided_by else None,
        "matched": [_entry(c, host, rule=True) for c in leg.matched],
        "policies": [_entry(c, host, rule=False) for c in leg.policies],
        "ctstate": leg.ctstate or None,
        "emitted": [_emitted(sent, host) for sent in leg.emitted],
        "hops": [_step(step) for step in leg.hops],
    }
    if leg.reason:
        out["reason"] = leg.reason
    if leg.depends_on:
        out["depends_on"] = list(leg.depends_on)
    if leg.by_chance:
        out["by_chance"] = list(leg.by_chance)
    return out


def _entry(counted: Counted, host: str, rule: bool) -> list[Any]:
    entry: list[Any] = [counted.family, counted.table, counted.chain]
    if rule:
        entry.append(counted.rule)
    return entry if counted.host == host else [*entry, counted.host]


def _emitted(sent: Emitted, host: str) -> dict[str, Any]:
    out = {**sent.packet.to_dict(), "dev": sent.dev}
    if sent.mac_dst:
        out["mac_dst"] = sent.mac_dst
    return out if sent.host == host else {**out, "host": sent.host}


def _step(step: Step) -> dict[str, Any]:
    out: dict[str, Any] = {"kind": step.kind}
    if step.text:
        out["text"] = step.text
    if step.ref is not None:
        out["ref"] = {**step.ref.to_dict(), "line": step.ref.line or None, "text": step.ref.text}
    if step.holds is not None:
        out["holds"] = step.holds
    for name, packet in (("before", step.before), ("after", step.after)):
        if packet is not None:
            out[name] = packet.to_dict()
    # "kind" is the step's own; a route's is its type
    data = {"type" if k == "kind" else k: v for k, v in step.data.items()}
    out.update({k: v for k, v in data.items() if v not in ("", None)})
    if step.children and step.kind != "missed":  # these may be very many
        out["steps"] = [_step(child) for child in step.children]
    return out
