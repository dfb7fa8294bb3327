"""Lesson 7: properties instead of examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fwsim.lessons.answers import COMMANDS, FUNCTION, PACKET
from fwsim.lessons.exercise import Exercise, Facts, Wrong, need
from fwsim.lessons.facts import INTERNET, article, asked, ended, place
from fwsim.lessons.lesson6 import ISOLATED
from fwsim.net import Net

Packet = Mapping[str, Any]
Sent = tuple[Net, Packet]
Property = Callable[[Net, Packet], object]

RIDDLE = "iptables -I DOCKER-USER -o eth0 -p udp --sport 50000:50009 -j DROP"
FAULTS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "tcp": ("iptables -I DOCKER-USER -i docker1 -o docker0 -p tcp -j DROP",),
    "sender": (*ISOLATED, "iptables -I DOCKER-USER -s 172.18.0.2 -o docker0 -j ACCEPT"),
    "published": (
        *ISOLATED,
        "iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdst 192.0.2.10 -j ACCEPT",
    ),
}
_FINE = ("172.17.0.1", "172.18.0.1", "172.18.0.2", "192.0.2.10", INTERNET)
_TRIES = 20


def _lost(packet: dict[str, Any]) -> Facts:
    net = article("complete").apply(RIDDLE)
    trace = net.trace(packet, one_way=True)
    need(asked(trace.legs[0]), "elsewhere")
    need(trace.verdict != "ACCEPT", "passes")
    own = article("complete").trace(packet, one_way=True)
    need(own.verdict == "ACCEPT", "always", ended=ended(own))
    return {"ended": ended(trace)}


def _keeps_apart(holds: Property) -> Facts:
    for net, packet in _fine():
        need(_asked(holds, net, packet), "alarm", packet=_shown(packet))
    for fault in FAULTS:
        caught = any(not _asked(holds, net, packet) for net, packet in _through(fault))
        need(caught, f"misses_{fault}")
    return {"count": len(FAULTS)}


def _asked(holds: Property, net: Net, packet: Packet) -> bool:
    try:
        told = holds(net, packet)
    except Exception as error:
        raise Wrong("raises", error=f"{type(error).__name__}: {error}"[:500]) from None
    need(type(told) is bool, "not_bool", told=type(told).__name__)
    return told is True


@cache
def _fine() -> list[Sent]:
    """Packets from docker1 that do not come to web, where the bridges are kept apart."""
    net = place("two-bridges").apply(*ISOLATED)
    usual = {"in": "docker1", "src": "172.18.0.3", "proto": "icmp"}
    website = {"dst": "172.17.0.2", "proto": "tcp", "dport": 80}
    packets = [usual | {"dst": dst} for dst in _FINE] + [usual | website]
    return [(net, packet) for packet in (*packets, *_drawn(net, dst="172.17.0.2"))]


@cache
def _through(fault: str) -> list[Sent]:
    """Packets that get from docker1 to web, by a fault."""
    net = place("two-bridges").apply(*FAULTS[fault])
    return [(net, packet) for packet in _drawn(net, out="docker0")]


def _drawn(net: Net, dst: str = "", out: str = "") -> list[Packet]:
    """Some packets from docker1, always the same ones."""
    try:
        from hypothesis import HealthCheck, given, settings
    except ModuleNotFoundError:
        raise Wrong("check.no_hypothesis") from None

    from fwsim.strategies import packets

    found: list[Packet] = []

    @settings(
        max_examples=_TRIES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(packets(net, in_="docker1", dst=dst, out=out))
    def keep(packet: Packet) -> None:
        found.append(packet)

    keep()
    return found


def _shown(packet: Packet) -> str:
    members = ("in", "src", "dst", "proto", "dport")
    return ", ".join(f"{name} {packet[name]}" for name in members if name in packet)


def _order_matters(commands: tuple[str, ...]) -> Facts:
    need(len(commands) == 2, "two", count=len(commands))
    need(all(c.split()[1:3] == ["-A", "FORWARD"] for c in commands), "append")
    both = (commands, commands[::-1])
    traces = [article("before-docker").apply(*order).trace(src="ns1", dst=INTERNET, one_way=True)
              for order in both]  # fmt: skip
    need(traces[0].verdict != traces[1].verdict, "same", verdict=traces[0].verdict)
    return {"first": traces[0].verdict, "second": traces[1].verdict}


EXERCISES = {
    "7.1": Exercise(PACKET, _lost),
    "7.2": Exercise(FUNCTION, _keeps_apart),
    "7.3": Exercise(COMMANDS, _order_matters),
}
