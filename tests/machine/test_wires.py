"""Devices that lie over others, and those that lead out of what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fwsim
from fwsim.machine.topology import graph
from fwsim.net import Net, Trace
from tests.machine.snapshots import LO, RULES, device, write

OPEN = RULES.replace("DROP", "ACCEPT")
FORWARDS = "net.ipv4.ip_forward = 1\n"


def lying(index: int, name: str, address: str, kind: str, **more: Any) -> dict[str, Any]:
    """A device over another one: `mode` or `id` as in info_data."""
    told = {key: more.pop(key) for key in ("mode", "id") if key in more}
    lower = {"link": more.pop("lower")} if "lower" in more else {}
    item = device(index, name, address, kind=kind, **more) | lower
    item["linkinfo"]["info_data"] = told
    return item


def opened(folder: Path, **namespaces: list[dict[str, Any]]) -> Net:
    files: dict[str, Any] = {"host/iptables-save": OPEN, "host/sysctl": FORWARDS}
    files |= {f"{name}/ip-addr.json": [LO, *items] for name, items in namespaces.items()}
    return fwsim.load(write(folder, files))


def hosts(trace: Trace) -> list[str]:
    return [hop.text for hop in trace.legs[0].hops]


def ends(left: dict[str, Any], right: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two ends of a veth pair between the host and another namespace."""
    for one, other in ((left, right), (right, left)):
        one["linkinfo"] = {"info_kind": "veth"}
        one |= {"link_index": other["ifindex"], "link_netnsid": 0}
    return left, right


def test_vlans_of_one_number_meet_at_the_ends_of_a_pair(tmp_path: Path) -> None:
    eth0, far = ends(device(2, "eth0"), device(7, "up0"))
    net = opened(
        tmp_path,
        host=[eth0, lying(3, "eth0.10", "10.0.10.1/24", "vlan", id=10, lower="eth0"),
              lying(4, "eth0.20", "10.0.20.1/24", "vlan", id=20, lower="eth0")],
        up=[far, lying(8, "v10", "10.0.10.2/24", "vlan", id=10, lower="up0"),
            lying(9, "v30", "10.0.20.2/24", "vlan", id=30, lower="up0")],
    )  # fmt: skip
    trace = net.trace(src="host", dst="10.0.10.2")
    assert (trace.outcome, hosts(trace)) == ("answered", ["host", "up"])
    assert "out eth0.10, vlan over eth0 of host" in trace.text(verbose=True)
    assert net.trace(src="host", dst="10.0.20.2").outcome == "unreachable"
    picture = graph(net.world)
    assert picture.edges["host", ("host", "eth0.10")]["kind"] == "holds"
    assert picture.edges[("host", "eth0.10"), ("host", "eth0")]["kind"] == "over"


def test_a_bond_is_one_device_for_its_slaves(tmp_path: Path) -> None:
    eth0, far = ends(device(2, "eth0", master="bond0"), device(7, "up0", "10.0.0.2/24"))
    eth0["linkinfo"]["info_slave_kind"] = "bond"
    bond = device(4, "bond0", "10.0.0.1/24", kind="bond", mac=eth0["address"])
    net = opened(tmp_path, host=[eth0, bond], up=[far])
    there, back = (net.trace(src=a, dst=b) for a, b in (("host", "10.0.0.2"), ("up", "10.0.0.1")))
    assert (there.outcome, hosts(there)) == ("answered", ["host", "up"])
    assert (back.outcome, hosts(back)) == ("answered", ["up", "host"])
    rule = "iptables -A INPUT -i bond0 -j DROP"
    assert net.apply(rule).trace(src="up", dst="10.0.0.1").outcome == "timeout"
    by_slave = {"src": "10.0.0.9", "dst": "10.0.0.1", "in": "eth0"}
    assert net.apply(rule).trace(by_slave).outcome == "timeout"
    assert not any("bond" in note for note in net.world.notes)


@pytest.mark.parametrize("mode", ["l2", "l3"])
def test_ipvlans_share_a_mac_and_are_told_apart_by_address(mode: str, tmp_path: Path) -> None:
    mac = "02:00:00:00:00:02"
    eth0, far = ends(device(2, "eth0", "10.0.0.1/24", mac=mac), device(7, "up0", "10.0.0.9/24"))
    over = {"kind": "ipvlan", "mode": mode, "link": 2, "nsid": 0, "mac": mac}
    net = opened(
        tmp_path, host=[eth0], up=[far], a=[lying(2, "eth0", "10.0.0.3/24", **over)],
        b=[lying(2, "eth0", "10.0.0.4/24", **over)],
    )  # fmt: skip
    assert hosts(net.trace(src="up", dst="10.0.0.3")) == ["up", "a"]
    assert hosts(net.trace(src="up", dst="10.0.0.1")) == ["up", "host"]
    assert hosts(net.trace(src="a", dst="10.0.0.4")) == ["a", "b"]
    assert net.trace(src="host", dst="10.0.0.3").outcome == "unreachable"
    said = any("its parent's routes are not asked" in note for note in net.world.notes)
    assert said is (mode == "l3")


@pytest.mark.parametrize("kind", ["tun", "wireguard", "vxlan", "gre", ""])
def test_what_lies_beyond_answers_and_is_said(kind: str, tmp_path: Path) -> None:
    net = opened(tmp_path, host=[device(2, "out0", "10.0.0.1/24", kind=kind)])
    trace = net.trace(src="host", dst="10.0.0.7")
    assert trace.outcome == "answered"
    assert "note: 10.0.0.7 lies beyond what is known here, and is assumed to answer" in str(trace)
    tunnel = kind in ("wireguard", "vxlan", "gre")
    assert ("what carries it there is not followed" in str(trace)) is tunnel


def test_what_a_dummy_is_given_is_lost(tmp_path: Path) -> None:
    net = opened(tmp_path, host=[device(2, "d0", "10.0.0.1/24", kind="dummy")])
    trace = net.trace(src="host", dst="10.0.0.7")
    assert (trace.verdict, trace.outcome) == ("ACCEPT", "timeout")
    assert "note: 10.0.0.7 is not there: what leaves by a dummy device is lost" in str(trace)
    assert net.trace(src="host", dst="10.0.0.1").outcome == "answered"


def test_a_bridge_with_a_port_that_leads_out_knows_not_all(tmp_path: Path) -> None:
    bridge = device(3, "br0", "192.168.1.2/24", kind="bridge")
    eth0 = device(2, "eth0", master="br0")
    net = opened(tmp_path, host=[eth0, bridge])
    trace = net.trace(src="host", dst="192.168.1.77")
    assert trace.outcome == "answered"
    assert "lies beyond what is known here" in str(trace)
    veth, end = ends(device(5, "veth0", master="br0"), device(9, "eth0", "192.168.1.5/24"))
    closed = opened(tmp_path / "closed", host=[bridge, veth], guest=[end])
    assert closed.trace(src="host", dst="192.168.1.77").outcome == "unreachable"
    both = opened(tmp_path / "both", host=[eth0, bridge, veth], guest=[end])
    assert hosts(both.trace(src="host", dst="192.168.1.77")) == ["host"]
    assert hosts(both.trace(src="host", dst="192.168.1.5")) == ["host", "guest"]


def test_what_lies_over_nothing_known_is_said(tmp_path: Path) -> None:
    net = opened(tmp_path, host=[lying(3, "m0", "10.0.0.1/24", "macvlan", mode="bridge", link=99)])
    assert "host: what m0 lies over is not known" in net.world.notes
    assert net.trace(src="host", dst="10.0.0.7").outcome == "answered"
