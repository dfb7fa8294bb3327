"""The laboratory itself: it shows what the kernel did, at once, undisturbed and contained."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fwsim.model.names import address_value
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, UDP, Packet

from . import netns
from .frames import build, build_ip, parse
from .lab import Key, Lab, Spec, Tap, counters_of, kernel_missing, moved, require_kernel

require_kernel()

RULES = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i docker1 -o eth0 -j ACCEPT
-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
"""
OWNER = "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner --uid-owner 1000 -j DROP\nCOMMIT\n"
BACKENDS = pytest.mark.parametrize("backend", ["legacy", "nft"])
FAMILIES = pytest.mark.parametrize("family", [4, 6])
GUEST, NEIGHBOUR, GATEWAY = "02:00:00:00:02:02", "02:00:00:00:02:03", "02:00:00:00:01:01"
NS0 = {4: address_value("172.18.0.2", 4), 6: address_value("fd18::2", 6)}
NS1 = {4: address_value("172.18.0.3", 4), 6: address_value("fd18::3", 6)}
HOST = {4: address_value("192.0.2.10", 4), 6: address_value("2001:db8::10", 6)}
WORLD = {4: address_value("8.8.8.8", 4), 6: address_value("2001:4860::8", 6)}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made


def datagram(family: int) -> Packet:
    return Packet(family, NS0[family], WORLD[family], UDP, sport=1234, dport=53, payload=b"hello")


def echo(family: int) -> Packet:
    proto = ICMP if family == 4 else ICMP6
    return Packet(family, NS0[family], HOST[family], proto, icmp_type=ICMP_ECHO[family][0])


@FAMILIES
@BACKENDS
def test_a_forwarded_packet_moves_its_rules_and_comes_out(
    lab: Lab, backend: str, family: int
) -> None:
    assert lab.restore(RULES, family, backend) == ""
    before = lab.counters(family)
    lab.send("veth0", build(datagram(family), GUEST, lab.mac("docker1")))
    [(device, frame)] = lab.received()
    out = datagram(family).but(src=HOST[family], ttl=63)
    assert (device, parse(frame)) == ("eth0", (lab.mac("eth0"), GATEWAY, out))
    rules, policies = moved(before, lab.counters(family))
    assert rules == {(family, "filter", "FORWARD", 1): 1, (family, "nat", "POSTROUTING", 1): 1}
    assert policies == {(family, "nat", "PREROUTING"): 1}


@FAMILIES
@BACKENDS
def test_a_bridged_packet_passes_forward_and_leaves_as_it_was(
    lab: Lab, backend: str, family: int
) -> None:
    assert lab.restore(RULES, family, backend) == ""
    before = lab.counters(family)
    frame = build(datagram(family).but(dst=NS1[family]), GUEST, NEIGHBOUR)
    lab.send("veth0", frame)
    assert lab.received() == [("veth1", frame)]
    assert moved(before, lab.counters(family)).matched == {(family, "filter", "FORWARD", 2): 1}


@FAMILIES
@BACKENDS
def test_a_local_packet_has_its_senders_uid(lab: Lab, backend: str, family: int) -> None:
    require_kernel(uid=1000)
    assert lab.restore(OWNER, family, backend) == ""
    packet = build_ip(datagram(family).but(src=HOST[family]))
    assert lab.send_local(packet, uid=1000) == 1  # EPERM
    assert lab.received() == []
    assert lab.send_local(packet) == 0
    assert [device for device, _ in lab.received()] == ["eth0"]


@BACKENDS
def test_what_iptables_refuses_is_told_and_leaves_nothing(lab: Lab, backend: str) -> None:
    assert lab.restore(RULES, backend=backend) == ""
    assert "nonsense" in lab.restore("*filter\n-A INPUT -m nonsense\nCOMMIT\n", backend=backend)
    assert "-A" not in lab.save()
    lab.send("veth0", build(datagram(4), GUEST, lab.mac("docker1")))
    assert lab.received()


@pytest.mark.parametrize(("first", "second"), [("legacy", "nft"), ("nft", "legacy")])
def test_loading_one_backend_clears_the_other(lab: Lab, first: str, second: str) -> None:
    assert lab.restore(RULES.replace("ACCEPT", "DROP"), backend=first) == ""
    assert lab.restore(OWNER.replace("1000", "0"), backend=second) == ""
    assert "-A" not in lab.run(f"iptables-{first}-save")
    lab.send("veth0", build(datagram(4), GUEST, lab.mac("docker1")))
    assert lab.received()


@FAMILIES
@pytest.mark.parametrize("quiet", [True, False])
def test_the_hosts_own_answers_are_there_only_when_wanted(quiet: bool, family: int) -> None:
    with Lab(quiet=quiet) as lab:
        assert lab.restore(RULES, family) == ""
        lab.send("veth0", build(echo(family), GUEST, lab.mac("docker1")))
        kinds = [p.icmp_type for _, f in lab.received() if (p := parse(f).packet)]
        assert kinds == ([] if quiet else [ICMP_ECHO[family][1]])
        sent = lab.counters(family)[family, "filter", "OUTPUT", "policy"]
        assert sent == (0 if quiet else 1)


def test_labs_are_apart_and_nothing_is_seen_outside() -> None:
    outside = socket.if_nameindex()
    with Lab() as one, Lab(Spec((Tap("tap9", ("10.0.0.1/8",)),))) as other:
        assert one.restore(RULES) == ""
        assert other.save() == ""
        assert "docker1" not in other.run("ip", "link")
        assert socket.if_nameindex() == outside
    assert socket.if_nameindex() == outside


@BACKENDS
def test_the_snapshot_is_the_machine(lab: Lab, backend: str, tmp_path: Path) -> None:
    assert lab.restore(RULES, backend=backend) == ""
    lab.send("veth0", build(datagram(4), GUEST, lab.mac("docker1")))
    lab.snapshot(tmp_path)
    host = tmp_path / "host"
    assert counters_of((host / "iptables-save").read_text()) == lab.counters()
    assert "dst=8.8.8.8 sport=1234" in (host / "conntrack").read_text()
    assert "net.ipv4.ip_forward = 1" in (host / "sysctl").read_text()
    devices = json.loads((host / "ip-addr.json").read_text())
    assert {d["ifname"] for d in devices} == {"lo", "eth0", "veth0", "veth1", "docker1"}


def test_counters_are_read_by_their_place_in_the_chain() -> None:
    text = "*nat\n:A ACCEPT [3:9]\n:B - [0:0]\n[1:2] -A B -j C\n[5:6] -A A\n[7:8] -A B\nCOMMIT\n"
    expected: dict[Key, int] = {
        (4, "nat", "A", "policy"): 3,
        (4, "nat", "A", 1): 5,
        (4, "nat", "B", 1): 1,
        (4, "nat", "B", 2): 7,
    }
    assert counters_of(text) == expected
    changed: dict[Key, int] = expected | {(4, "nat", "A", "policy"): 4, (4, "nat", "B", 2): 9}
    assert moved(expected, changed) == ({(4, "nat", "B", 2): 2}, {(4, "nat", "A"): 1})


def test_where_the_kernel_cannot_be_asked_tests_skip_or_fail_as_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(netns, "TOOLS", ("no-such-tool",))
    kernel_missing.cache_clear()
    try:
        monkeypatch.delenv("FWSIM_KERNEL", raising=False)
        with pytest.raises(pytest.skip.Exception, match="kernel tests: no-such-tool not installed"):
            Lab()
        monkeypatch.setenv("FWSIM_KERNEL", "required")
        with pytest.raises(pytest.fail.Exception, match="required here, but: no-such-tool"):
            Lab()
    finally:
        kernel_missing.cache_clear()
