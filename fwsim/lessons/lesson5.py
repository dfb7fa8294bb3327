"""Lesson 5: addresses that change on the way."""

from __future__ import annotations

from fwsim.lessons.answers import ADDRESS, COMMANDS, NUMBER, choice
from fwsim.lessons.exercise import Exercise, Facts, Wrong, need
from fwsim.lessons.facts import (
    INTERNET,
    article,
    ended,
    example_of,
    may_pass,
    near_misses,
    place,
    rules_in,
    touched,
)
from fwsim.model.packet import Packet
from fwsim.net import Net, Trace

HOST, PUBLISHED, INSIDE = "192.0.2.10", 8080, 80
OUTSIDER, OTHER = "203.0.113.7", "198.51.100.9"
NO_MASQUERADE = "iptables -t nat -F POSTROUTING"
NO_HAIRPIN = "iptables -t nat -D POSTROUTING 3"
_NOT_WEB = "0-79,81-8079,8081-65535"


def _at_its_end(trace: Trace) -> Packet:
    """The request as it was where it ended."""
    return trace.legs[0].arrived or trace.legs[0].packet


def _who_is_seen(answer: str) -> Facts:
    trace = article("complete").trace(src="ns1", dst=INTERNET)
    seen, own = (packet.text(packet.src) for packet in (_at_its_end(trace), trace.packet))
    need(answer != own, "own")
    need(answer == seen, "wrong", answer=answer)
    return {"seen": seen}


def _without_masquerade(answer: str) -> Facts:
    trace = article("complete").apply(NO_MASQUERADE).trace(src="ns1", dst=INTERNET)
    need(answer == trace.legs[-1].direction, "wrong")
    return {"ended": ended(trace)}


def _knock(net: Net, src: str, port: int = PUBLISHED) -> Trace:
    """A connection to a port of the host's address."""
    return net.trace(src=src, dst=HOST, proto="tcp", dport=port)


def _published(commands: tuple[str, ...]) -> Facts:
    net = article("complete").apply(*commands)
    trace = _knock(net, "internet")
    met = _at_its_end(trace)
    where = f"{met.text(met.dst)}:{met.dport}"
    need(met.text(met.dst) != HOST, "nat")
    need(where == f"172.18.0.3:{INSIDE}", "elsewhere", where=where)
    need(trace.outcome == "answered", "lost", ended=ended(trace), why=near_misses(trace))
    for proto, ports in (("tcp", _NOT_WEB), ("udp", "")):
        wide = may_pass(net, in_="eth0", out="docker1", proto=proto, dport=ports)
        need(not wide, "open", example=example_of(wide))
    return {}


def _which_port(answer: int) -> Facts:
    need(answer != PUBLISHED, "before")
    need(0 <= answer < 1 << 16, "wrong", answer=answer)
    net = place("two-bridges").apply(f"iptables -I DOCKER-USER -p tcp --dport {answer}")
    seen = rules_in(_from_outside(net, OUTSIDER).after, "DOCKER-USER")[0].counters
    need(any(seen), "wrong", answer=answer)
    return {"port": answer}


def _outsider_is_kept_out(commands: tuple[str, ...]) -> Facts:
    before = place("two-bridges")
    net = before.apply(*commands)
    others = touched(before, net) - {"filter DOCKER-USER"}
    need(not others, "chain", chain=min(others, default=""))
    trace = _from_outside(net, OUTSIDER)
    if trace.verdict == "ACCEPT":
        need(rules_in(net, "DOCKER-USER")[:1] != rules_in(before, "DOCKER-USER"), "late")
        untranslated = _from_outside(net, OUTSIDER, "172.17.0.2").decided_by
        need(not untranslated or untranslated.chain != "DOCKER-USER", "port")
        raise Wrong("goes_on")
    other = _from_outside(net, OTHER)
    need(other.verdict == "ACCEPT", "others", src=OTHER, ended=ended(other))
    return {"ended": ended(trace)}


def _from_outside(net: Net, src: str, dst: str = HOST) -> Trace:
    packet = {"in": "eth0", "src": src, "dst": dst, "proto": "tcp", "dport": PUBLISHED}
    return net.trace(packet, one_way=True)


def _by_the_front_door(commands: tuple[str, ...]) -> Facts:
    net = place("two-bridges").apply(NO_HAIRPIN, *commands)
    trace = _knock(net, "web")
    need(trace.outcome == "answered", "lost", ended=ended(trace))
    outside = _knock(net, "internet")
    need(outside.outcome == "answered", "broken", ended=ended(outside))
    seen = _at_its_end(outside)
    need(seen.src == outside.packet.src, "hides", seen=seen.text(seen.src))
    return {"seen": _at_its_end(trace).text(_at_its_end(trace).src)}


EXERCISES = {
    "5.1": Exercise(ADDRESS, _who_is_seen),
    "5.2": Exercise(choice("request", "reply"), _without_masquerade),
    "5.3": Exercise(COMMANDS, _published),
    "5.4": Exercise(NUMBER, _which_port),
    "5.5": Exercise(COMMANDS, _outsider_is_kept_out),
    "5.6": Exercise(COMMANDS, _by_the_front_door),
}
