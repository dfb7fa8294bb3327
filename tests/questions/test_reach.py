"""`fwsim reach`: exact sets, proofs, witnesses that replay, and what is not known."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from cli.running import fwsim as command
from kernel.rulesets import random_rules
from machine.snapshots import RULES

import fwsim
from fwsim.machine.naming import BEYOND
from fwsim.machine.policy import Flow
from fwsim.machine.routing import lookup
from fwsim.model.errors import QuestionError
from fwsim.net import Net
from fwsim.questions.asked import Asked
from fwsim.readings.concrete import compile_pred

DOCKER1_OUT = {"in_": "docker1", "out": "eth0"}


def _article(stage: str) -> Net:
    return fwsim.load(f"example:article-{stage}")


def test_the_article_lets_requests_out_and_no_answer_in() -> None:
    net = _article("outbound-only")
    found = net.reach(**DOCKER1_OUT)
    assert found
    assert found.witness is not None
    assert found.witness.leg.fate == "forwarded"
    assert not net.reach(**DOCKER1_OUT, answered=True)
    assert net.reach(in_="eth0", out="docker1").reachable is False


def test_the_missing_rule_brings_the_answers() -> None:
    asked = {"src": "ns1", "dst": "8.8.8.8", "answered": True}
    found = _article("complete").reach(**asked)
    (echo, tcp, udp) = sorted(found.packets.to_list(), key=lambda box: box["proto"][0])
    assert echo["proto"] == ["icmp"]
    assert echo["icmp_type"] == ["8"]
    assert tcp["proto"] == ["tcp"]
    assert udp["proto"] == ["udp"]
    assert echo["dst"] == tcp["dst"] == ["8.8.8.8"]


def test_the_bridges_are_not_kept_apart_from_one_side() -> None:
    """The article's finished rules: the witness is a packet from docker1 to docker0."""
    net = _article("complete").apply("iptables -D DOCKER-ISOLATION-STAGE-2 1")
    assert net.reach(in_="docker1", out="docker1")


def test_a_rule_decides_exactly() -> None:
    net = _article("complete").apply(
        "iptables -I FORWARD -s 172.18.0.3 -p tcp --dport 8000:8010 -j DROP"
    )
    whole, left = _article("complete").reach(src="ns1"), net.reach(src="ns1")
    lost = net.reach(src="ns1", proto="tcp", dport="8000-8010", dst="8.8.8.8")
    assert lost.reachable is False
    only = net.reach(src="ns1", proto="tcp", dport="7999-8011", dst="8.8.8.8")
    assert [box["dport"] for box in only.packets.to_list()] == [["7999", "8011"]]
    assert left.packets.headers < whole.packets.headers


def test_a_forwarded_packet_is_a_hop_older() -> None:
    net = _article("complete").apply("iptables -I FORWARD -m ttl --ttl-gt 9 -j DROP")
    found = net.reach(src="ns1", dst="8.8.8.8", proto="udp")
    assert [box["ttl"] for box in found.packets.to_list()] == [["2-10"]]


def test_what_nobody_knows_is_said() -> None:
    net = _article("complete").apply(
        "iptables -I FORWARD 1 -m string --algo bm --string secret -j DROP"
    )
    found = net.reach(**DOCKER1_OUT)
    assert found.reachable is None
    assert len(found.depends_on) == 1
    assert "secret" in found.depends_on[0]
    (name,) = [free.name for free in _facts(net)]
    assert net.given({name: False}).reach(**DOCKER1_OUT).reachable is True
    assert net.given({name: True}).reach(**DOCKER1_OUT).reachable is False


def _facts(net: Net, **asked: str) -> list[fwsim.model.pred.Free]:
    from fwsim.questions.asked import Asked
    from fwsim.questions.population import Population

    population = Population(net.simulation, Asked(**(asked or DOCKER1_OUT)))
    population.endings()
    return list(population.facts.asked.values())


def test_what_the_host_sends_itself_consults_nat_on_its_way_out_alone() -> None:
    """lo brings it to PREROUTING again, where its connection is bound already."""
    net = _article("complete")
    for line in (
        "iptables -P INPUT DROP",
        "iptables -A INPUT -p tcp --dport 8080 -j ACCEPT",
        "iptables -t nat -I PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
    ):
        net = net.apply(line)
    asked = {"src": "host", "dst": "192.0.2.10", "proto": "tcp", "dport": "80"}
    assert net.reach(**asked).reachable is False
    out = net.apply("iptables -t nat -I OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 8080")
    assert out.reach(**asked).reachable is True


def test_a_senders_mac_is_told_exactly() -> None:
    """Whose MAC it is, a trace is not always told; of all packets, each has one."""
    net = _article("complete").apply(
        "iptables -I FORWARD -i docker1 -m mac ! --mac-source 02:00:00:00:0a:01 -j DROP"
    )
    found = net.reach(**DOCKER1_OUT)
    assert found.reachable is True
    assert {tuple(box["mac_src"]) for box in found.packets.to_list()} == {("02:00:00:00:0a:01",)}
    assert found.witness is not None
    assert found.witness.packet.mac_src == "02:00:00:00:0a:01"
    with_other = net.apply(
        "iptables -I FORWARD -i docker1 -m mac --mac-source 02:00:00:00:0a:01 -j DROP"
    )
    assert with_other.reach(**DOCKER1_OUT).reachable is False  # no packet has two


@pytest.mark.parametrize("seed", range(4))
def test_witnesses_replay_and_the_count_is_that_of_the_boxes(seed: int) -> None:
    rules = fwsim.read(random_rules(Random(f"reach {seed}"), 4).dump())
    simulation = _article("complete").simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    simulation.govern(host.with_rulesets({4: rules}))
    for asked in ({}, {"proto": "tcp", "dport": "80,5000"}, {"src": "172.18.0.3"}, {"out": "eth0"}):
        found = Net(simulation).reach(**asked)
        if found.packets.boxes:
            assert found.witness is not None
            assert found.witness.leg.fate in {"forwarded", "delivered", "sent"}
            assert found.packets.headers > 0
        else:
            assert found.witness is None


def test_questions_that_nobody_can_answer_are_refused() -> None:
    net = _article("complete")
    with pytest.raises(QuestionError, match="no device 'eth9'"):
        net.reach(in_="eth9")
    with pytest.raises(QuestionError, match="no ports"):
        net.reach(dport="80-70000")
    with pytest.raises(QuestionError, match="no such state"):
        net.reach(state="NEW,KNOWN")
    with pytest.raises(QuestionError, match="leave out --state"):
        net.reach(state="ESTABLISHED", answered=True)
    with pytest.raises(QuestionError, match="nobody"):
        net.reach(src="nobody")


_DOCKER = Path(__file__).parents[3] / "shared" / "snapshots" / "docker-legacy" / "snapshot"


@pytest.mark.parametrize(
    "place",
    [
        "example:article-complete",
        "a dump",
        pytest.param(
            str(_DOCKER),
            marks=pytest.mark.skipif(not _DOCKER.exists(), reason="its snapshot is not here"),
            id="Docker",
        ),
    ],
)
def test_the_internet_is_all_that_lies_beyond_the_default_route(place: str, tmp_path: Path) -> None:
    if place == "a dump":
        place = str(tmp_path / "rules")
        Path(place).write_text(RULES)
    net = fwsim.load(place)
    host, found = net.world.namespaces[net.world.host], Asked(src="internet")
    outside = compile_pred(found.pred(net.world, 4))
    assert outside({"src": BEYOND[4]})
    rng, seen = Random("internet"), Counter[bool]()
    edges = [route.dst for route in host.routes[4]] + [a.value for _, a in host.addresses(4)]
    for _ in range(400):
        near = rng.choice(edges) + rng.randrange(-2, 3)
        address = near % (1 << 32) if rng.random() < 0.5 else rng.randrange(1 << 32)
        way = lookup(host, Flow(4, address))
        default = way.route is not None and way.route.length <= 1 and way.kind == "unicast"
        strange = address >> 24 in (0, 127) or address >> 29 == 0b111
        assert outside({"src": address}) is (default and not strange), address
        seen[default] += 1
    assert min(seen.values()) > 20
    doors = found.doors(net.world) or []
    ways = {route.dev for route in host.routes[4] if not route.length}
    assert set(doors) == ways
    reached = net.reach(src="internet", dst="host", proto="tcp", dport="22")
    assert reached.witness is None or outside({"src": reached.witness.packet.src})


# -- the command ----------------------------------------------------------------------------------


def test_the_status_says_whether_it_is_as_expected() -> None:
    way = ("reach", "--in", "docker1", "--out", "eth0")
    back = ("reach", "--in", "eth0", "--out", "docker1")
    assert command(*way).exit_code == 1
    assert command(*way, "--expect", "some").exit_code == 0
    assert command(*way, "--expect", "none").exit_code == 1
    assert command(*back).exit_code == 0
    assert command(*back, "--expect", "some").exit_code == 1


def test_json_is_as_promised() -> None:
    done = command("reach", "--in", "docker1", "--out", "eth0", "--dst", "8.8.8.8", "--json")
    data = json.loads(done.stdout)
    assert data["reachable"] is True
    assert data["depends_on"] == []
    assert data["packets"][0]["dst"] == ["8.8.8.8"]
    assert data["witness"]["dst"] == "8.8.8.8"
    assert data["count"] > 1 << 40


def test_chains_may_be_a_thousand_jumps_deep() -> None:
    depth = 1000
    names = [f"C{number}" for number in range(depth)]
    jumps = [f"-A {one} -j {other}" for one, other in pairwise(names)]
    declared = [f":{name} - [0:0]" for name in names]
    lines = [
        "*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]",
        *declared, "-A FORWARD -j C0", *jumps, f"-A {names[-1]} -s 10.0.0.1 -j DROP", "COMMIT",
    ]  # fmt: skip
    net = _article("complete")
    simulation = net.simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    simulation.govern(host.with_rulesets({4: fwsim.read("\n".join(lines) + "\n")}))
    found = Net(simulation).reach(in_="eth0", src="10.0.0.0/31", dst="9.9.9.9")
    assert [box["src"] for box in found.packets.to_list()] == [["10.0.0.0"]]


def test_sets_that_are_too_large_are_refused_in_words() -> None:
    from fwsim.machine.sets.universe import by_devices, possible
    from fwsim.machine.sets.walk import HostWalk
    from fwsim.model.pred import all_of
    from fwsim.readings.space import Space

    walk = HostWalk(_article("complete").world, 4, space=Space(nodes=1 << 13))
    with pytest.raises(QuestionError, match="too large"):
        walk.come(walk.space.read(all_of(possible(4, (1,)), by_devices(["eth0", "veth1"]))))


def test_a_transparent_socket_has_one_name_in_sets_and_traces() -> None:
    net = _article("complete").apply(
        "iptables -t mangle -A PREROUTING -i eth0 -p udp --dport 53 -j TPROXY --on-port 5353"
    )
    found = net.reach(in_="eth0", dst="192.0.2.10", proto="udp", dport="53")
    trace = net.trace(src="192.0.2.1", dst="192.0.2.10", proto="udp", dport=53, one_way=True)
    (said,) = found.depends_on
    assert said in trace.legs[0].depends_on
    name = "TPROXY 192.0.2.10 port 5353"
    assert name in {fact.name for fact in _facts(net, in_="eth0", dst="192.0.2.10")}
    assert net.given({name: False}).reach(in_="eth0", proto="udp", dport="53").reachable is False


def test_what_ends_in_an_extension_header_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    """What says that nothing follows is INVALID: the kernel finds no protocol in it."""
    dump = tmp_path / "dump"
    chains = ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]"
    dump.write_text(f"*filter\n{chains}\n-A FORWARD -s 2001:db8:9::9 -j DROP\nCOMMIT\n")
    asked = ("reach", "--from", str(dump), "-6", "--in", "eth0", "--proto")
    assert "extension header" in command(*asked, "60").stdout
    assert "extension header" not in command("reach", "--in", "eth0").stdout
    for proto, state, found in (
        ("59", "NEW", 0), ("59", "ESTABLISHED", 0), ("59", "INVALID", 1),
        ("50", "NEW", 1), ("50", "INVALID", 0), ("60", "NEW", 0), ("60", "INVALID", 0),
    ):  # fmt: skip
        assert command(*asked, proto, "--state", state).exit_code == found, (proto, state)
