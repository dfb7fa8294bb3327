"""Lesson 1: two ways to say no."""

from __future__ import annotations

from fwsim.lessons.answers import COMMANDS, NUMBER, choice
from fwsim.lessons.exercise import Exercise, Facts, Wrong, need
from fwsim.lessons.facts import (
    INTERNET,
    article,
    ended,
    example_of,
    may_pass,
    policy,
    rule_of,
    rules_in,
)

STAGE = "before-docker"
ORDERED = (
    "iptables -A FORWARD -s 172.18.0.2 -j ACCEPT",
    "iptables -A FORWARD -s 172.18.0.0/16 -j DROP",
    "iptables -A FORWARD -s 172.18.0.3 -j ACCEPT",
)
NS1 = "172.18.0.3"


def _host_itself(answer: str) -> Facts:
    trace = article(STAGE).apply("iptables -P FORWARD DROP").trace(src="host", dst=INTERNET)
    truth = "yes" if trace.outcome == "answered" else "no"
    need(answer == truth, "wrong")
    return {}


def _one_is_stopped(commands: tuple[str, ...]) -> Facts:
    net = article(STAGE).apply(*commands)
    need(policy(net) == "ACCEPT", "policy")
    trace = net.trace(src="ns1", dst=INTERNET)
    if trace.outcome == "answered":
        elsewhere = rules_in(net, "INPUT") or rules_in(net, "OUTPUT")
        raise Wrong("chain" if elsewhere else "goes_on")
    for src, dst in (("ns0", INTERNET), ("ns1", "ns0")):
        other = net.trace(src=src, dst=dst)
        need(other.outcome == "answered", "others", src=src, dst=dst, ended=ended(other))
    return {"ended": ended(trace)}


def _which_decides(answer: int) -> Facts:
    trace = article(STAGE).apply(*ORDERED).trace(src="ns1", dst=INTERNET, one_way=True)
    truth = rule_of(trace.decided_by)
    assert isinstance(truth, int)
    need(1 <= answer <= len(ORDERED), "none", count=len(ORDERED))
    need(answer <= truth, "later", answer=answer)
    need(answer >= truth, "misses", answer=answer)
    return {"rule": truth}


def _before_the_others(commands: tuple[str, ...]) -> Facts:
    before = article(STAGE).apply(*ORDERED)
    net = before.apply(*commands)
    rules = rules_in(net, "FORWARD")
    need(all(rule in rules for rule in rules_in(before, "FORWARD")), "deleted")
    need(len(rules) == len(ORDERED) + 1, "one", count=len(rules) - len(ORDERED))
    trace = net.trace(src="ns1", dst=INTERNET)
    need(trace.outcome == "answered", "late", ended=ended(trace))
    for change in before.diff(net, in_="docker1", dst=INTERNET).to_dict()["changes"]:
        others = [src for box in change["packets"] for src in box.get("src", ["*"]) if src != NS1]
        need(not others, "open", src=others[:1] and others[0])
    return {}


def _nobody_but_us(commands: tuple[str, ...]) -> Facts:
    net = article(STAGE).apply(*commands)
    need(policy(net) == "DROP", "policy")
    for src, dst in (("ns1", "ns0"), ("ns0", "ns1")):
        trace = net.trace(src=src, dst=dst)
        key = "request" if len(trace.legs) == 1 else "reply"
        need(trace.outcome == "answered", key, src=src, dst=dst, ended=ended(trace))
    out = may_pass(net, out="eth0")
    need(not out, "out", example=example_of(out))
    in_ = may_pass(net, in_="eth0", src=INTERNET, out="docker1")
    need(not in_, "in", example=example_of(in_))
    return {}


EXERCISES = {
    "1.1": Exercise(choice("yes", "no"), _host_itself),
    "1.2": Exercise(COMMANDS, _one_is_stopped),
    "1.3": Exercise(NUMBER, _which_decides),
    "1.4": Exercise(COMMANDS, _before_the_others),
    "1.5": Exercise(COMMANDS, _nobody_but_us),
}
