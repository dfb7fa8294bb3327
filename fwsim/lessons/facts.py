"""What judges ask of a place, as it is or as a learner's commands made it."""

from __future__ import annotations

import os
from functools import cache
from itertools import groupby
from typing import Any

from fwsim import load
from fwsim.language.ruleset import Rule
from fwsim.machine.pile import pile_of
from fwsim.machine.simulate import Simulation
from fwsim.machine.snapshot import assemble
from fwsim.model.errors import PlaceError
from fwsim.model.trace import Leg, Ref, Step, rule_steps
from fwsim.net import Net, Trace
from fwsim.questions.diff import Diff
from fwsim.questions.reach import Reach
from fwsim.show.branches import endings
from fwsim.show.covers import packet_line
from fwsim.show.layout import plain

INTERNET = "8.8.8.8"
_PLACES = os.path.join(os.path.dirname(os.path.realpath(__file__)), "places")


@cache
def article(stage: str) -> Net:
    """A stage of the article, of fwsim's examples."""
    return load(f"example:article-{stage}")


@cache
def place(name: str) -> Net:
    """A place of the lessons' own: `two-bridges`, `stranger`. PlaceError for another name."""
    known = sorted(os.listdir(_PLACES))
    if name not in known:
        raise PlaceError(f"there is no such place; there is: {', '.join(known)}")
    title = f"lesson:{name}"
    return Net(Simulation.of(assemble(pile_of(os.path.join(_PLACES, name)), title, title)))


def answered(net: Net, src: str, dst: str, **how: Any) -> bool:
    """Whether who asks gets an answer."""
    return net.trace(src=src, dst=dst, **how).outcome == "answered"


def ended(trace: Trace) -> str:
    """The sentences that say where an exchange ended; empty if nothing stopped it."""
    return " ".join(endings(trace.exchange))


def rule_of(ref: Ref | None) -> int | str | None:
    """The number of the rule that decided, or "policy"."""
    return ref.rule if ref else None


def policy(net: Net, chain: str = "FORWARD") -> str | None:
    """The policy of a chain of filter."""
    return net.rules().tables["filter"].chains[chain].policy


def rules_in(net: Net, chain: str) -> list[Rule]:
    """The rules of a chain of filter; none if there is no such chain."""
    found = net.rules().tables["filter"].chains.get(chain)
    return [*found.rules] if found else []


def touched(before: Net, after: Net) -> set[str]:
    """The chains whose rules or policies are not what they were, as TABLE CHAIN."""
    old, new = _contents(before), _contents(after)
    return {chain for chain in old.keys() | new.keys() if old.get(chain) != new.get(chain)}


def _contents(net: Net) -> dict[str, tuple[object, ...]]:
    tables = net.rules().tables.values()
    return {
        f"{table.name} {chain.name}": (chain.policy, *chain.rules)
        for table in tables
        for chain in table.chains.values()
    }


def may_pass(net: Net, **asked: Any) -> Reach | None:
    """The packets that get through, or may; None if it is proved that there are none."""
    found = net.reach(**asked)
    return None if found.reachable is False else found


def example_of(found: Reach | None) -> str:
    """One of the packets found, in words."""
    witness = found.witness if found else None
    if witness is None:
        return ""
    return plain([packet_line(witness.packet, witness.dev, witness.leg.fate)]).strip()


def difference(found: Diff) -> str:
    """The first change of a comparison, in words: what became of one of its packets."""
    change = found.changes[0] if found.changes else None
    if change is None:
        return ""
    seen = change.talk or change.witness
    was, now = change.was.fate.verdict, change.now.fate.verdict
    packet = plain([packet_line(seen.packet, seen.dev, seen.leg.fate)]).strip() if seen else ""
    return f"{packet.rpartition(':')[0]}: {was} → {now}"


def asked(leg: Leg, chain: str = "FORWARD", host: str = "host") -> list[Step]:
    """Every rule that was asked about a packet at a built-in chain of filter and in the chains
    that it jumps to, in order."""
    steps = (step for hop in leg.hops if hop.text == host for step in hop.children)
    tables = (s for s in steps if s.kind == "table" and s.data["table"] == "filter")
    found = (rule for t in tables if t.data["hook"] == chain for rule in rule_steps(t.children))
    return [step for step in found if step.ref]


def chains_of(leg: Leg) -> list[str]:
    """The chains in which rules were asked, in order, each time that the packet came there."""
    return [chain for chain, _ in groupby(step.ref.chain for step in asked(leg) if step.ref)]


def near_misses(trace: Trace) -> str:
    """The rules that came nearest to letting the lost packet through, and why they missed."""
    near = trace.help.nearest if trace.help else ()
    return "\n".join(f"{rule.ref.text}   {'; '.join(rule.missed)}" for rule in near)
