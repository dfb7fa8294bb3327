from __future__ import annotations

from pathlib import Path

import pytest

import fwsim
from fwsim.language.read import read_as_listed
from fwsim.machine.infer import infer_world, with_route
from fwsim.machine.policy import Flow
from fwsim.machine.routing import lookup
from fwsim.machine.simulate import Simulation
from fwsim.machine.world import World
from fwsim.model.errors import FwsimError
from fwsim.model.names import address_value
from fwsim.net import Net
from tests.machine.snapshots import EXAMPLES, RULES, device, write


def world_of(text: str, family: int = 4) -> World:
    return infer_world({family: read_as_listed(text, family, "dump")}, "dump")


def v4(text: str) -> int:
    return address_value(text, 4)


def test_dockers_masquerade_rule_names_a_bridge_and_its_subnet() -> None:
    text = (EXAMPLES / "article-outbound-only.save").read_text()
    world = world_of(text)
    host = world.namespaces["host"]
    assert host.devices["docker1"].kind == "bridge"
    assert [(a.value, a.length) for a in host.devices["docker1"].addresses] == [
        (v4("172.18.0.1"), 16)
    ]
    assert lookup(host, Flow(4, v4("172.18.0.3"))).dev == "docker1"
    assert lookup(host, Flow(4, v4("172.18.0.1"))).kind == "local"
    assert lookup(host, Flow(4, v4("127.0.0.1"))).kind == "local"
    assert lookup(host, Flow(4, v4("8.8.8.8"))).dev == "eth0"
    assert world.notes == (
        "docker1 is taken for a bridge with 172.18.0.1/16: line 6 masquerades what its subnet "
        "sends elsewhere",
        "docker0 is taken for a bridge by its name; no rule shows its subnet",
        "an uplink eth0 with the default route is assumed: the rules name none",
        "eth0's address is not told; 192.0.2.10 stands for it",
        "net.ipv4.ip_forward = 1 is assumed",
        "net.bridge.bridge-nf-call-iptables = 1 is assumed",
    )
    assert host.number("net.bridge.bridge-nf-call-iptables") == 1


def test_ipv6_is_inferred_alike() -> None:
    world = world_of("*nat\n-A POSTROUTING -s fd18::/64 ! -o br-x -j MASQUERADE\nCOMMIT\n", 6)
    host = world.namespaces["host"]
    assert lookup(host, Flow(6, address_value("fd18::2", 6))).dev == "br-x"
    assert "br-x is taken for a bridge with fd18::1/64" in world.notes[0]
    assert host.number("net.ipv6.conf.all.forwarding") == 1
    assert host.number("net.bridge.bridge-nf-call-ip6tables") == 1


def test_other_masquerading_shows_no_bridge() -> None:
    for rule in (
        "-A POSTROUTING -s 10.0.0.0/8 -o wan -j MASQUERADE",
        "-A POSTROUTING ! -s 10.0.0.0/8 ! -o wan -j MASQUERADE",
        "-A POSTROUTING -s 10.0.0.1 ! -o wan -j MASQUERADE",
        "-A POSTROUTING ! -o wan -j MASQUERADE",
    ):
        host = world_of(f"*nat\n{rule}\nCOMMIT\n").namespaces["host"]
        assert host.devices["wan"].kind == ""
        assert [a.length for a in host.devices["wan"].addresses] == [24]  # the stand-in alone


def test_the_only_other_device_is_the_uplink() -> None:
    world = world_of("*filter\n-A INPUT -i lo -j ACCEPT\n-A INPUT -i ens3 -j DROP\nCOMMIT\n")
    assert list(world.namespaces["host"].devices) == ["lo", "ens3"]
    assert lookup(world.namespaces["host"], Flow(4, v4("8.8.8.8"))).dev == "ens3"
    assert world.notes[0] == (
        "ens3 is taken for the uplink, with the default route: no other is named"
    )


def test_of_several_none_is_the_uplink() -> None:
    world = world_of("*filter\n-A FORWARD -i lan -o wan -j ACCEPT\n-A INPUT -i tun+\nCOMMIT\n")
    host = world.namespaces["host"]
    assert list(host.devices) == ["lo", "lan", "wan"], "a wildcard names no device"
    assert lookup(host, Flow(4, v4("8.8.8.8"))).kind == "none"
    assert "say --in or --out" in world.notes[0]


def test_a_route_said_goes_first() -> None:
    world = world_of("*filter\n-A FORWARD -i lan -o wan -j ACCEPT\nCOMMIT\n")
    for dev in ("wan", "ppp0"):
        changed = with_route(world, 4, v4("8.8.8.8"), dev)
        host = changed.namespaces["host"]
        assert dev in host.devices
        assert lookup(host, Flow(4, v4("8.8.8.8"))).dev == dev
        assert lookup(host, Flow(4, v4("8.8.4.4"))).kind == "none"
    again = with_route(changed, 4, v4("8.8.8.8"), "lan")
    assert lookup(again.namespaces["host"], Flow(4, v4("8.8.8.8"))).dev == "lan"
    assert "ppp0" not in world.namespaces["host"].devices


def test_what_hangs_on_an_inferred_bridge_is_beyond_and_answers() -> None:
    rules = "*nat\n-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE\nCOMMIT\n"
    trace = Net(Simulation.of(world_of(rules))).trace(src="172.18.0.3", dst="8.8.8.8")
    assert trace.outcome == "answered"
    assert [sent.dev for leg in trace.legs for sent in leg.emitted] == ["eth0", "docker1"]


def test_of_many_devices_a_dozen_is_named(tmp_path: Path) -> None:
    links = [device(n, f"e{n}", "10.0.0.1/8") for n in range(1, 40)]
    place = write(tmp_path, {"iptables-save": RULES, "ip-addr.json": links})
    with pytest.raises(FwsimError, match=r"no device 'eth0'; it has e1, .*, e12, …$"):
        fwsim.load(place).trace(src="1.2.3.4", dst="10.0.0.1", in_="eth0")
