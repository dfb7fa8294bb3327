"""The laboratory itself: it shows what the kernel did, at once and undisturbed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fwsim.model.names import address_value
from fwsim.model.packet import UDP, Packet

from .frames import build, build_ip, parse
from .lab import Lab, moved, require_kernel

require_kernel()

RULES = """*filter
:FORWARD DROP [0:0]
-A FORWARD -i docker1 -o eth0 -j ACCEPT
-A OUTPUT -m owner --uid-owner 1000 -j DROP
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
"""
BACKENDS = pytest.mark.parametrize("backend", ["legacy", "nft"])
NS0, WORLD = address_value("172.18.0.2", 4), address_value("8.8.8.8", 4)
HOST = address_value("192.0.2.10", 4)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made


@BACKENDS
def test_a_forwarded_packet_moves_its_rules_and_comes_out(lab: Lab, backend: str) -> None:
    assert lab.restore(RULES, backend=backend) == ""
    before = lab.counters()
    packet = Packet(4, NS0, WORLD, UDP, sport=1234, dport=53, payload=b"hello")
    lab.send("veth0", build(packet, "02:00:00:00:02:02", lab.mac("docker1")))
    [(device, frame)] = lab.received()
    assert (device, parse(frame)) == (
        "eth0",
        (lab.mac("eth0"), "02:00:00:00:01:01", packet.but(src=HOST, ttl=63)),
    )
    assert moved(before, lab.counters()).matched == {
        (4, "filter", "FORWARD", 1): 1,
        (4, "nat", "POSTROUTING", 1): 1,
    }


@BACKENDS
def test_a_local_packet_has_its_senders_uid(lab: Lab, backend: str) -> None:
    assert lab.restore(RULES, backend=backend) == ""
    packet = build_ip(Packet(4, HOST, WORLD, UDP, sport=1, dport=2))
    assert lab.send_local(packet, uid=1000) == 1  # EPERM
    assert lab.received() == []
    assert lab.send_local(packet) == 0
    assert [device for device, _ in lab.received()] == ["eth0"]


@BACKENDS
def test_what_iptables_refuses_is_told_and_leaves_nothing(lab: Lab, backend: str) -> None:
    assert lab.restore(RULES, backend=backend) == ""
    assert "nonsense" in lab.restore("*filter\n-A INPUT -m nonsense\nCOMMIT\n", backend=backend)
    assert "-A" not in lab.save()
