"""Packets that hosts or bridges hand round in circles, and what a host sees that tracks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim
from fwsim.machine.place import open_place
from fwsim.machine.simulate import Simulation
from fwsim.machine.world import Address, Device, Namespace, Route, World
from fwsim.model.names import address_value
from fwsim.net import Net, Trace

FORWARDING = {"net.ipv4.ip_forward": "1"}


def v4(text: str) -> int:
    return address_value(text, 4)


def in_a_circle(ttl: int) -> Trace:
    """Two routers whose default routes lead to each other."""
    spaces = {}
    for me, other, mine in (("host", "peer", "10.0.0.1"), ("peer", "host", "10.0.0.2")):
        address = Address(4, v4(mine), 24)
        link = Device("link", "veth", f"02::{mine[-1]}", (address,), peer=(other, "link"), index=2)
        via = v4("10.0.0.2" if me == "host" else "10.0.0.1")
        routes = (
            Route(v4("10.0.0.0"), 24, "link", source=address.value),
            Route(address.value, 32, "link", kind="local", table="local"),
            Route(0, 0, "link", via),
        )
        spaces[me] = Namespace(me, {"link": link}, {4: routes}, sysctl=FORWARDING)
    net = Net(Simulation.of(World(spaces)))
    return net.trace({"in": "link", "src": "203.0.113.9", "dst": "8.8.8.8", "ttl": ttl})


@pytest.mark.parametrize("ttl", [1, 64, 255])
def test_a_packet_between_two_routers_lives_as_long_as_its_ttl(ttl: int) -> None:
    trace = in_a_circle(ttl)
    assert len(trace.legs[0].hops) == ttl
    assert (trace.legs[0].fate, trace.legs[0].reason) == ("dropped", "ttl")


def test_a_long_way_is_told_in_short_unless_asked() -> None:
    trace = in_a_circle(64)
    assert "… and 52 more hosts …" in str(trace)
    assert str(trace).count("\n") < 40
    assert "more hosts" not in trace.text(verbose=True)


def test_a_frame_that_bridges_hand_round_for_ever_is_no_delivery() -> None:
    """Two bridges on two cables between them, and nobody behind them."""
    spaces, nowhere = {}, {("br", 4, v4("10.0.0.7")): "02:77"}
    for me, other in (("host", "peer"), ("peer", "host")):
        ports = {
            f"p{n}": Device(f"p{n}", "veth", f"02:{me}:{n}", master="br", peer=(other, f"p{n}"))
            for n in (1, 2)
        }
        bridge = Device("br", "bridge", f"02:{me}", (Address(4, v4("10.0.0.1"), 24),))
        routes = (Route(v4("10.0.0.0"), 24, "br"),) if me == "host" else ()
        spaces[me] = Namespace(me, {"br": bridge, **ports}, {4: routes}, neighbours=nowhere)
    net = Net(Simulation.of(World(spaces)))
    trace = net.trace({"in": None, "src": "10.0.0.1", "dst": "10.0.0.7"}, one_way=True)
    assert (trace.verdict, trace.outcome) == ("UNKNOWN", "unknown")
    assert trace.legs[0].reason == "endless"
    assert "260 hosts" in str(trace)


def test_a_host_whose_rules_ask_for_no_connections_tracks_none(tmp_path: Path) -> None:
    dump = tmp_path / "rules"
    dump.write_text("*filter\n-A INPUT -p icmp -j ACCEPT\nCOMMIT\n")
    net = fwsim.load(dump)
    trace = net.trace(src="1.2.3.4", dst="host")
    assert [leg["ctstate"] for leg in trace.to_dict()["legs"]] == [None, None]
    assert "known connection" not in str(trace)
    asking = net.apply("iptables -A OUTPUT -m conntrack --ctstate NEW -j DROP")
    legs = asking.trace(src="1.2.3.4", dst="host").legs
    assert [leg.ctstate for leg in legs] == ["NEW", "ESTABLISHED"]


def test_the_article_is_no_circle() -> None:
    net = Net(Simulation.of(open_place(None)))
    assert len(net.trace(src="ns1", dst="8.8.8.8").legs[0].hops) == 3
