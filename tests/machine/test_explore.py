"""Facts that no field holds: asked once a visit, remembered, and followed both ways if unknown."""

from __future__ import annotations

from typing import Any

import pytest

import fwsim
from fwsim.language.options import Context, Match, Options, Use, fact
from fwsim.language.ruleset import Rule
from fwsim.model import fields as F
from fwsim.model.actions import ACCEPT, DROP, Verdict
from fwsim.model.facts import Facts
from fwsim.model.frozen import replace
from fwsim.model.pred import Free, Pred, all_of, is_in, negate
from fwsim.net import Net

COIN = fact(Context(4), "coin 1/2", "the coin shows heads", once=False)
COLOUR = fact(Context(4), "colour red", "the packet is red")


def counted(facts: Facts, memory: Any) -> tuple[bool, Any]:
    """Holds for the first packet only."""
    seen = memory or 0
    return seen == 0, seen + 1


def rule(pred: Pred, verdict: Verdict = DROP) -> Rule:
    match = Match("test", lambda o, c: pred)
    return Rule(matches=(Use(match, Options({})),), verdict=verdict)


def behind(*rules: Rule) -> Net:
    """The complete example with these rules first in FORWARD."""
    net = fwsim.load("example:article-complete")
    host = net.world.namespaces["host"]
    ruleset = host.rulesets[4]
    table = ruleset.tables["filter"]
    forward = table.chains["FORWARD"]
    chains = {**table.chains, "FORWARD": replace(forward, rules=(*rules, *forward.rules))}
    tables = {**ruleset.tables, "filter": replace(table, chains=chains)}
    changed = host.with_rulesets({4: replace(ruleset, tables=tables)})
    simulation = net.simulation.fork()
    simulation.world = net.world.with_namespace(changed)
    return Net(simulation)


def ping(net: Net) -> Any:
    return net.trace(src="ns1", dst="8.8.8.8")


def test_an_unknown_fact_that_decides_is_told_with_both_ways() -> None:
    trace = ping(behind(rule(COLOUR)))
    assert (trace.verdict, trace.outcome) == ("UNKNOWN", "unknown")
    ends = [(b.given, b.exchange.outcome) for b in trace.exchange.branches]
    assert ends == [
        ((("colour red", "the packet is red", True),), "timeout"),
        # the reply is another packet and may have another colour
        ((("colour red", "the packet is red", False), (*_named(COLOUR), True)), "timeout"),
        ((("colour red", "the packet is red", False), (*_named(COLOUR), False)), "answered"),
    ]
    assert "if the packet is red" in str(trace)
    assert "--assume 'colour red=yes'" in str(trace)
    assert trace.to_dict()["branches"][0]["given"] == {"colour red": True}


def _named(free: Free) -> tuple[str, str]:
    return free.name, free.why


def test_an_unknown_fact_that_changes_nothing_is_only_remarked() -> None:
    trace = ping(behind(rule(COLOUR, ACCEPT)))
    assert trace.outcome == "answered"
    assert "note: whether the packet is red or not makes no difference" in str(trace)


def test_a_fact_is_the_same_wherever_a_packet_asks_and_a_coin_is_not() -> None:
    assert ping(behind(rule(all_of(COLOUR, negate(COLOUR))))).outcome == "answered"
    both = behind(rule(COLOUR), rule(negate(COLOUR)))
    assert ping(both).outcome == "timeout"
    assert ping(behind(rule(COIN), rule(negate(COIN)))).outcome == "unknown"


@pytest.mark.parametrize("name", ["colour red", "colour"])
def test_an_assumption_settles_a_fact_by_name_or_by_how_it_begins(name: str) -> None:
    net = behind(rule(COLOUR))
    assert ping(net.given({name: True})).outcome == "timeout"
    assert ping(net.given({name: False})).outcome == "answered"


def test_an_assumption_that_nothing_asked_for_is_said() -> None:
    trace = ping(behind(rule(COLOUR)).given({"colour red": False, "colou": True}))
    assert trace.outcome == "answered"
    assert "nothing asked for what was assumed: colou" in str(trace)


def test_memory_moves_once_a_visit_and_stays_with_the_rule() -> None:
    first = fact(Context(4), "first", "it is the first", counted)
    net = behind(rule(first), rule(first))
    request = ping(net)
    assert [c.rule for c in request.legs[0].matched if c.chain == "FORWARD"] == [1]
    memory = request.after.simulation.states["host"].memory
    assert memory == {((4, "filter", "FORWARD", 1), 0): 1}
    second = ping(request.after)
    assert [c.rule for c in second.legs[0].matched if c.chain == "FORWARD"] == [2]
    assert not net.simulation.states["host"].memory


def test_shared_memory_is_one_for_all_that_name_it() -> None:
    first = fact(Context(4), "first", "it is the first", counted, scope=("list", "a"))
    trace = ping(behind(rule(negate(first)), rule(negate(first))))
    assert [c.rule for c in trace.legs[0].matched if c.chain == "FORWARD"] == [2]


def test_memory_is_not_touched_by_conditions_that_the_kernel_would_not_reach() -> None:
    first = fact(Context(4), "first", "it is the first", counted)
    udp = is_in(F.PROTO, 17)
    trace = ping(behind(rule(all_of(udp, first))))
    assert trace.outcome == "answered"
    assert not trace.after.simulation.states["host"].memory
    under = ping(behind(rule(all_of(COLOUR, first))))
    no = under.exchange.branches[-1]
    assert [holds for _, _, holds in no.given] == [False, False]


def test_facts_asked_together_are_settled_together() -> None:
    size = fact(Context(4), "size big", "the packet is big")
    trace = ping(behind(rule(all_of(COLOUR, size)))).exchange
    assert {name for b in trace.branches for name, _, _ in b.given} == {"colour red", "size big"}
    assert trace.branches[0].exchange.outcome == "timeout"
