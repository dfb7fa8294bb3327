"""Lesson 8: reading a stranger's firewall."""

from __future__ import annotations

from fwsim.lessons.answers import COMMANDS, PORTS, choice
from fwsim.lessons.exercise import Exercise, Facts, Wrong, need
from fwsim.lessons.facts import answered, ended, place, rules_in, touched
from fwsim.net import Net, Trace

INTRUDER, STRANGER = "203.0.113.66", "198.51.100.9"
DATABASE, LOGIN = 5432, 22


def _knock(net: Net, src: str, port: int) -> Trace:
    return net.trace(src=src, dst="host", proto="tcp", dport=port, in_="eth0")


def _open_ports() -> tuple[int, ...]:
    """What gets in by eth0 to the host's own address."""
    net = place("stranger")
    doors = [door for door in net.exposed("eth0").doors if "tcp" in door.proto]
    named = {int(port) for door in doors for text in door.dport for port in text.split("-")}
    return tuple(sorted(p for p in named if _knock(net, STRANGER, p).outcome == "answered"))


def _what_is_open(answer: tuple[int, ...]) -> Facts:
    truth = _open_ports()
    shut = [port for port in answer if port not in truth]
    need(not shut, "shut", port=shut[0] if shut else 0)
    need(DATABASE in answer, "database")
    need(answer == truth, "more", count=len(truth))
    return {"ports": ", ".join(map(str, truth))}


def _which_chain(answer: str) -> Facts:
    trace = _knock(place("stranger"), STRANGER, DATABASE)
    tables = [step.ref for hop in trace.legs[0].hops for step in hop.children if step.ref]
    asked = {ref.chain for ref in tables if ref.table == "filter"}
    way = "FORWARD" if "INPUT" not in asked else "INPUT"
    need(answer == way, "wrong")
    return {}


def _database_is_closed(commands: tuple[str, ...]) -> Facts:
    before = place("stranger")
    net = before.apply(*commands)
    outside = _knock(net, STRANGER, DATABASE)
    if outside.outcome == "answered":
        changed = touched(before, net)
        need(not any("ufw" in chain or chain == "filter INPUT" for chain in changed), "input")
        first = rules_in(net, "DOCKER-USER")[:1] == rules_in(before, "DOCKER-USER")
        need(not (first and "filter DOCKER-USER" in changed), "late")
        raise Wrong("open")
    changed = touched(before, net) - {"filter DOCKER-USER"}
    need(not changed, "rewritten", chain=min(changed, default=""))
    out = net.trace(src="172.17.0.2", dst=STRANGER, proto="tcp", dport=443, in_="docker0")
    need(out.outcome == "answered", "outward", ended=ended(out))
    return {"ended": ended(outside)}


def _intruder_is_shut_out(commands: tuple[str, ...]) -> Facts:
    net = place("stranger").apply(*commands)
    trace = _knock(net, INTRUDER, LOGIN)
    need(trace.outcome != "answered", "open")
    need(answered(net, STRANGER, "host", proto="tcp", dport=LOGIN, in_="eth0"), "others")
    return {"ended": ended(trace)}


EXERCISES = {
    "8.1": Exercise(PORTS, _what_is_open),
    "8.2": Exercise(choice("INPUT", "FORWARD"), _which_chain),
    "8.3": Exercise(COMMANDS, _database_is_closed),
    "8.4": Exercise(COMMANDS, _intruder_is_shut_out),
}
