"""Lesson 4: bring docker1 online, rule by rule."""

from __future__ import annotations

from fwsim.lessons.answers import COMMANDS, NAMES, choice
from fwsim.lessons.exercise import Exercise, Facts, need
from fwsim.lessons.facts import (
    INTERNET,
    article,
    difference,
    ended,
    example_of,
    may_pass,
    near_misses,
    policy,
)
from fwsim.model.errors import FwsimError

OFFLINE, INSIDE, OUTBOUND, COMPLETE = "after-docker", "containers", "outbound-only", "complete"


def _inside(commands: tuple[str, ...]) -> Facts:
    net = article(OFFLINE).apply(*commands)
    need(policy(net) == "DROP", "policy")
    for src, dst in (("ns1", "ns0"), ("ns0", "ns1")):
        trace = net.trace(src=src, dst=dst)
        need(trace.outcome == "answered", "lost", ended=ended(trace), why=near_misses(trace))
    out = may_pass(net, in_="docker1", out="eth0")
    need(not out, "out", example=example_of(out))
    return {}


def _which_is_lost(answer: str) -> Facts:
    trace = article(OUTBOUND).trace(src="ns1", dst=INTERNET)
    need(answer == trace.legs[-1].direction, "wrong")
    return {"ended": ended(trace)}


def _which_state(answer: str) -> Facts:
    request, reply = article(OUTBOUND).trace(src="ns1", dst=INTERNET).legs
    need(answer != request.ctstate, "request")
    need(answer == reply.ctstate, "wrong")
    return {}


def _which_devices(answer: tuple[str, ...]) -> Facts:
    """Tried: a rule that lets through what comes in and leaves by these."""
    need(len(answer) == 2, "two")
    in_, out = answer
    need((in_, out) != ("docker1", "eth0"), "request")
    try:
        net = article(OUTBOUND).apply(f"iptables -A FORWARD -i {in_} -o {out} -j ACCEPT")
    except FwsimError:
        need(False, "devices", names=", ".join(answer))
        raise
    trace = net.trace(src="ns1", dst=INTERNET)
    need(trace.outcome == "answered" and "+" not in in_ + out, "wrong", why=near_misses(trace))
    return {}


def _answers_only(commands: tuple[str, ...]) -> Facts:
    net = article(OUTBOUND).apply(*commands)
    need(policy(net) == "DROP", "policy")
    trace = net.trace(src="ns1", dst=INTERNET)
    need(trace.outcome == "answered", "lost", ended=ended(trace), why=near_misses(trace))
    in_ = may_pass(net, in_="eth0", out="docker1")
    need(not in_, "open", example=example_of(in_))
    return {}


def _in_two_rules(commands: tuple[str, ...]) -> Facts:
    found = article(COMPLETE).diff(article(OFFLINE).apply(*commands))
    need(found.equal, "differs", change=difference(found))
    need(len(commands) <= 2, "long", count=len(commands))
    return {"count": len(commands)}


EXERCISES = {
    "4.1": Exercise(COMMANDS, _inside),
    "4.2": Exercise(choice("request", "reply"), _which_is_lost),
    "4.3": Exercise(choice("NEW", "ESTABLISHED", "RELATED", "INVALID"), _which_state),
    "4.4": Exercise(NAMES, _which_devices),
    "4.5": Exercise(COMMANDS, _answers_only),
    "4.6": Exercise(COMMANDS, _in_two_rules),
}
