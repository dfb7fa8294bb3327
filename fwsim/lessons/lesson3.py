"""Lesson 3: a walk through FORWARD, DOCKER-USER and the ISOLATION stages."""

from __future__ import annotations

from typing import Any

from fwsim.lessons.answers import COMMANDS, NAMES, NUMBER, PACKET, choice
from fwsim.lessons.exercise import Exercise, Facts, need
from fwsim.lessons.facts import INTERNET, article, asked, chains_of, ended, touched
from fwsim.model.trace import Leg

STAGE = "complete"
USER, ONE, TWO = "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"


def _request() -> Leg:
    return article(STAGE).trace(src="ns1", dst=INTERNET).legs[0]


def _which_chains(answer: tuple[str, ...]) -> Facts:
    way = chains_of(_request())
    named = [name.upper() for name in answer]
    foreign = [name for name in named if name not in way]
    need(not foreign, "foreign", name=foreign[0] if foreign else "")
    missing = [name for name in dict.fromkeys(way) if name not in named]
    need(not missing, "missing", count=len({*way}))
    need(named in (way, [*dict.fromkeys(way)]), "order")
    return {"way": " → ".join(way)}


def _where_it_goes_on(answer: int) -> Facts:
    steps = [step.ref for step in asked(_request()) if step.ref]
    last = max(number for number, ref in enumerate(steps) if ref.chain == ONE)
    truth = steps[last + 1].rule
    assert isinstance(truth, int)
    need(answer != truth - 1, "same")
    need(answer != 1, "top")
    need(answer == truth, "wrong", answer=answer)
    return {"rule": truth}


def _to_stage_two(packet: dict[str, Any]) -> Facts:
    leg = article(STAGE).trace(packet, one_way=True).legs[0]
    steps = asked(leg)
    need(steps, "elsewhere")
    first = next(step for step in steps if step.ref and step.ref.chain == ONE)
    need(first.holds, "misses", why="; ".join(reason.text for reason in first.children))
    rule = next(s.ref.rule for s in steps if s.ref and s.ref.chain == TWO and s.holds)
    return {"rule": rule}


def _can_it_drop(answer: str) -> Facts:
    net = article(STAGE)
    same = net.diff(net.apply(f"iptables -D {TWO} 1")).equal
    need(answer == ("no" if same else "yes"), "wrong")
    return {}


def _in_docker_user(commands: tuple[str, ...]) -> Facts:
    net = article(STAGE).apply(*commands)
    others = touched(article(STAGE), net) - {f"filter {USER}"}
    need(not others, "elsewhere", chain=min(others, default=""))
    trace = net.trace(src="ns1", dst=INTERNET)
    need(trace.outcome != "answered", "late" if touched(article(STAGE), net) else "nothing")
    for src, dst in (("ns0", INTERNET), ("ns1", "ns0")):
        other = net.trace(src=src, dst=dst)
        need(other.outcome == "answered", "others", src=src, dst=dst, ended=ended(other))
    return {"ended": ended(trace)}


EXERCISES = {
    "3.1": Exercise(NAMES, _which_chains),
    "3.2": Exercise(NUMBER, _where_it_goes_on),
    "3.3": Exercise(PACKET, _to_stage_two),
    "3.4": Exercise(choice("yes", "no"), _can_it_drop),
    "3.5": Exercise(COMMANDS, _in_docker_user),
}
