"""One packet through one table: chains, jumps, RETURN, goto, policy (net/ipv4/netfilter/ip_tables.c
ipt_do_table)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from fwsim.language.ruleset import Chain, Rule, Table
from fwsim.machine.view import View
from fwsim.model.actions import Action, Jump, Verdict
from fwsim.model.pred import FALSE, all_of, any_of
from fwsim.readings.concrete import Test, compile_pred


class Visit(NamedTuple):
    """A rule (`rule` counts from 1) or a policy (0) that the packet came by. `holds` None: it
    depends on something unknown. `depth` is how many calls deep."""

    chain: str
    rule: int
    holds: bool | None
    depth: int
    dropped: bool = False


@dataclass(slots=True)
class Outcome:
    """How a table let the packet go: ACCEPT, DROP, QUEUE or UNKNOWN; `chain` and `rule` decided."""

    verdict: str
    chain: str
    rule: int
    visits: list[Visit] = field(default_factory=list)


Act = Callable[[Action], str | None]
"""Carries out one action that is no jump; a verdict ends the walk, None goes on."""


class _Tests(NamedTuple):
    matches: Test
    hotdrop: Test | None


@cache
def _tests(rule: Rule) -> _Tests:
    before, drops = [], []
    for part in rule.parts:
        if part.meaning.hotdrop != FALSE:
            drops.append(all_of(*before, part.meaning.hotdrop))
        before.append(part.meaning.pred)
    return _Tests(compile_pred(rule.pred), compile_pred(any_of(*drops)) if drops else None)


def walk_table(table: Table, hook: str, view: View, act: Act) -> Outcome:
    """Walk the table's chain for `hook`. `act` carries out what matching rules do, and may change
    the packet that `view` shows; it then clears the view."""
    return _Walk(table, view, act).run(table.chains[hook])
