"""Lesson 6: isolation, proved."""

from __future__ import annotations

from functools import cache
from typing import Any

from fwsim.lessons.answers import COMMANDS, PACKET, choice
from fwsim.lessons.exercise import Exercise, Facts, need
from fwsim.lessons.facts import INTERNET, asked, ended, example_of, may_pass, place
from fwsim.net import Net

STAGE_ONE = "iptables -I DOCKER-ISOLATION-STAGE-1 1 -i docker1 ! -o docker1"
STAGE_TWO = "iptables -I DOCKER-ISOLATION-STAGE-2 1 -o docker1 -j DROP"
ISOLATED = (f"{STAGE_ONE} -j DOCKER-ISOLATION-STAGE-2", STAGE_TWO)
OURS, DOCKERS = "docker1", "docker0"
_WAYS = ((OURS, DOCKERS), (DOCKERS, OURS))
_USUAL = ((OURS, "eth0"), (DOCKERS, "eth0"), ("eth0", DOCKERS), ("eth0", OURS), (OURS, OURS))
_NOT_WEB = "0-79,81-8079,8081-65535"


def _witness(packet: dict[str, Any]) -> Facts:
    net = place("two-bridges")
    ports = {port.name for port in net.world.namespaces["host"].ports(OURS)} | {OURS}
    need(str(packet.get("in")) in ports, "in")
    trace = net.trace(packet, one_way=True)
    need(asked(trace.legs[0]), "elsewhere")
    need(trace.verdict == "ACCEPT", "lost", ended=ended(trace))
    need(trace.legs[0].where == "web", "not_web", where=trace.legs[0].where)
    deciding = [rule.ref for rule in asked(trace.legs[0]) if rule.ref and rule.holds][-1]
    return {"chain": deciding.chain, "rule": deciding.rule, "text": deciding.text}


def _which_way_is_left(answer: str) -> Facts:
    net = place("two-bridges").apply(ISOLATED[0])
    open_ = [f"{in_} to {out}" for in_, out in _WAYS if may_pass(net, in_=in_, out=out)]
    truth = open_[0] if len(open_) == 1 else "both" if open_ else "neither"
    need(answer == truth, "wrong")
    return {}


def _kept_apart(commands: tuple[str, ...]) -> Facts:
    before = place("two-bridges")
    net = before.apply(*commands)
    for in_, out in _WAYS:
        found = may_pass(net, in_=in_, out=out)
        need(not found, "open", in_=in_, out=out, example=example_of(found))
    for in_, out in _USUAL:
        need(_through(net, in_, out) == _as_it_was(in_, out), "changed", in_=in_, out=out)
    for src, dst in (("ns1", INTERNET), ("web", INTERNET), ("ns1", "ns0")):
        trace = net.trace(src=src, dst=dst)
        need(trace.outcome == "answered", "answers", src=src, dst=dst, ended=ended(trace))
    return {}


def _through(net: Net, in_: str, out: str) -> list[dict[str, Any]]:
    return net.reach(in_=in_, out=out).packets.to_list()


@cache
def _as_it_was(in_: str, out: str) -> list[dict[str, Any]]:
    return _through(place("two-bridges"), in_, out)


def _one_exception(commands: tuple[str, ...]) -> Facts:
    net = place("two-bridges").apply(*ISOLATED, *commands)
    trace = net.trace(src="ns1", dst="web", proto="tcp", dport=80)
    key = "request" if len(trace.legs) == 1 else "reply"
    need(trace.outcome == "answered", key, ended=ended(trace))
    for in_, out, narrowed in _not_excepted():
        found = may_pass(net, in_=in_, out=out, **narrowed)
        need(not found, "open", example=example_of(found))
    out_there = net.trace(src="ns1", dst=INTERNET)
    need(out_there.outcome == "answered", "answers", ended=ended(out_there))
    return {}


def _not_excepted() -> list[tuple[str, str, dict[str, str]]]:
    """What is to stay apart: all but ns1's packets to port 80."""
    return [
        (DOCKERS, OURS, {}),
        (OURS, DOCKERS, {"src": "172.18.0.2"}),
        (OURS, DOCKERS, {"proto": "udp"}),
        (OURS, DOCKERS, {"proto": "icmp"}),
        (OURS, DOCKERS, {"proto": "tcp", "dport": _NOT_WEB}),
    ]


EXERCISES = {
    "6.1": Exercise(PACKET, _witness),
    "6.2": Exercise(choice("docker1 to docker0", "docker0 to docker1", "both", "neither"),
                    _which_way_is_left),
    "6.3": Exercise(COMMANDS, _kept_apart),
    "6.4": Exercise(COMMANDS, _one_exception),
}  # fmt: skip
