"""A host's open doors: each packet that gets in goes through exactly one."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from cli.running import fwsim as command

import fwsim
from fwsim.model.packet import ICMP, TCP, UDP, Packet
from fwsim.net import Net
from fwsim.questions.exposed import Exposed
from fwsim.show.exposed import exposed_lines
from fwsim.show.layout import plain
from questions.packets import opening, view_of

SNAPSHOTS = sorted((Path(__file__).parents[3] / "shared" / "snapshots").glob("*/snapshot"))
PUBLISHED = (
    "iptables -P INPUT DROP",
    "iptables -A INPUT -p tcp --dport 22 -j ACCEPT",
    "iptables -t nat -A PREROUTING -p tcp --dport 5432 -j DNAT --to 172.18.0.3",
    "iptables -A FORWARD -i eth0 -d 172.18.0.3 -p tcp --dport 5432 -j ACCEPT",
)


def _packet(rng: Random, addresses: list[str], ports: list[int]) -> Packet:
    src = rng.choice(["203.0.113.9", "8.8.8.8", "198.51.100.7"])
    packet = opening(4, src, rng.choice(addresses), rng.choice((TCP, TCP, UDP, ICMP)), rng)
    return packet.but(dport=rng.choice(ports)) if packet.has_ports else packet


def _agrees(net: Net, found: Exposed, addresses: list[str], ports: list[int]) -> int:
    """Random packets get in exactly by one door, and others by none; how many do."""
    rng, inside = Random(net.world.title), 0
    for _ in range(150):
        packet = _packet(rng, addresses, ports)
        (leg,) = net.packets([(packet, "eth0", 0.0)])
        doors = [d for d in found.doors if d.family == 4 and view_of(packet, "eth0") in d.packets]
        assert len(doors) == (leg.verdict == "ACCEPT"), (packet, leg, doors)
        inside += len(doors)
        if doors and leg.fate == "delivered":
            assert leg.decided_by is None or leg.decided_by in doors[0].by
    return inside


def test_a_published_database_is_open_though_input_is_closed() -> None:
    net = fwsim.load("example:article-complete").apply(*PUBLISHED)
    found = net.exposed("eth0")
    database = next(d for d in found.doors if d.becomes)
    assert (database.dport, database.becomes) == (("5432",), {"dst": "172.18.0.3"})
    assert [ref.table for ref in database.by] == ["nat", "filter"]
    assert database.source.kind == "anyone"
    assert {d.to_dict()["dport"][0] for d in found.doors if d.fate == "delivered"} == {"22"}
    assert _agrees(net, found, ["192.0.2.10", "172.18.0.3", "172.18.0.2"], [22, 80, 5432]) > 10


def test_the_table_has_a_row_for_it() -> None:
    net = fwsim.load("example:article-complete").apply(*PUBLISHED)
    rows = plain(exposed_lines(net.exposed("eth0"))).splitlines()
    (row,) = [row for row in rows if "→" in row]
    assert row.split() == [
        "anywhere", "tcp", "5432", "→", "172.18.0.3", "anyone",
        "nat", "PREROUTING", "1;", "FORWARD", "10",
    ]  # fmt: skip
    assert all(len(row) <= 80 for row in rows if "INPUT" in row or "FORWARD" in row)


def test_a_coin_is_told() -> None:
    net = fwsim.load("example:article-complete").apply(
        "iptables -P INPUT DROP", "iptables -A INPUT -p icmp -m limit --limit 2/s -j ACCEPT"
    )
    doors = net.exposed("eth0").doors
    assert doors
    assert all("token" in door.depends_on[0] and door.witness is None for door in doors)


def test_a_closed_host_is_proved_to_be() -> None:
    net = fwsim.load("example:article-complete").apply("iptables -P INPUT DROP")
    assert net.exposed("eth0").to_list() == []


@pytest.mark.skipif(not SNAPSHOTS, reason="the snapshots of real hosts are not here")
@pytest.mark.parametrize("place", SNAPSHOTS, ids=lambda path: path.parent.name)
def test_real_docker_hosts(place: Path) -> None:
    net = fwsim.load(str(place))
    found = net.exposed("eth0")
    published = {(d.becomes["dst"], d.becomes["dport"]): d for d in found.doors if d.becomes
                 if "dport" in d.becomes}  # fmt: skip
    assert all(door.listens for door in published.values())
    addresses = ["192.0.2.10", "172.18.0.2", "172.17.0.2", "172.30.0.2", "127.0.0.1", "172.18.0.1"]
    assert _agrees(net, found, addresses, [53, 80, 2222, 5353, 5432, 8080, 9001]) > 20
    for door in found.doors:
        assert door.witness is not None
        packet = door.witness.to_dict()
        (leg,) = net.packets([(door.witness.packet, packet["in"], 0.0)])
        assert leg.fate == door.fate
        if leg.decided_by is not None:
            assert leg.decided_by in door.by
        if door.becomes and leg.arrived is not None:
            told = leg.arrived.to_dict()
            assert {name: told[name] for name in door.becomes} == door.becomes


@pytest.mark.parametrize("name", ["article-complete", "article-containers"])
def test_a_table_reads_in_80_columns(name: str) -> None:
    shown = command("exposed", "--from", f"example:{name}").stdout.splitlines()
    assert max(len(line) for line in shown if not line.startswith("note:")) <= 80
    doors = fwsim.load(f"example:{name}").exposed().doors
    assert sum(line.startswith("  from ") for line in shown) in (0, len(doors))
