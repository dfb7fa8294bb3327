"""Packets: they satisfy what is asked, come to the edges of the rules, shrink to what
`fwsim trace` would send, and print as what replays them."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from cli.running import fwsim as command

from fwsim.model.errors import QuestionError
from fwsim.model.names import iface_value
from fwsim.net import Net
from fwsim.questions.asked import Asked
from fwsim.questions.population import Population
from fwsim.questions.reach import Passing
from fwsim.readings.concrete import holds
from fwsim.strategies import Drawn, packets
from fwsim.strategies.building import view_of

from .worlds import article, drawn, random_net, simplest

PORTS = "iptables -I FORWARD 3 -i docker1 -p tcp --dport 8000:8010 -j DROP"
SOURCE = "iptables -I FORWARD 3 -s 172.18.7.0/24 -p udp --dport 53 -m ttl --ttl-gt 9 -j DROP"
BIG = "iptables -I FORWARD 3 -p tcp -m length --length 1000: -m tos --tos 0x10 -j DROP"
NETS = {
    "article": article,
    "ports": lambda: article("complete", PORTS, SOURCE, BIG),
    "random 1": lambda: random_net("strategies 1"),
    "random 6": lambda: random_net("strategies 6", 6),
}
ASKED: tuple[dict[str, Any], ...] = (
    {"src": "172.18.0.0/16", "dst": "internet"},
    {"in_": "eth0", "proto": "tcp", "dport": "80,8000-8010"},
    {"src": "host"},
    {"state": "INVALID"},
)


def of_family(asked: Mapping[str, Any], family: int) -> dict[str, Any]:
    """The article's hosts have no IPv6 addresses."""
    if family == 4:
        return dict(asked)
    ends = {"src": "fd18::/64", "dst": "2001:db8::/32"} if "src" in asked else {}
    return {**asked, **ends, "family": 6}


class Sets:
    """What reach knows of the packets that are asked about."""

    def __init__(self, net: Net, asked: Mapping[str, Any]) -> None:
        self.population = Population(net.simulation, Asked(**asked))
        self.passing = Passing.of(self.population, self.population.endings())

    def view(self, packet: Drawn) -> dict[str, int]:
        dev = iface_value(packet.dev)
        state = self.population.question.states()[0]
        return {**view_of(packet.packet), "in": dev, "ctstate": state}


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("name", [name for name in NETS if name != "article"])
def test_every_packet_is_one_that_is_asked_about(name: str, asked: dict[str, Any]) -> None:
    net = NETS[name]()
    asked = of_family(asked, 6 if "6" in name else 4)
    sets = Sets(net, asked)
    world, family = sets.population.simulation.world, sets.population.family
    pred = sets.population.question.pred(world, family)
    for packet in drawn(packets(net, **asked), 30):
        assert holds(pred, view_of(packet.packet))
        assert sets.view(packet) in sets.population.asked
        if asked.get("in_"):
            assert packet["in"] == asked["in_"]
        assert (packet["in"] is None) == (asked.get("src") == "host")
        leg = next(net.packets([(packet.packet, packet.dev, 0.0)]))
        if leg.ctstate and leg.fate != "dropped":
            assert leg.ctstate == asked.get("state", "NEW")


@pytest.mark.parametrize("through", [True, False])
@pytest.mark.parametrize("name", [name for name in NETS if name != "random 6"])
def test_through_is_what_happens(name: str, through: bool) -> None:
    net = NETS[name]()
    sets = Sets(net, {})
    for packet in drawn(packets(net, through=through), 60):
        leg = next(net.packets([(packet.packet, packet.dev, 0.0)]))
        assert (leg.verdict == "ACCEPT") is through, packet
        assert (sets.view(packet) in sets.passing.must) is through


def test_out_and_answered_are_what_happens() -> None:
    net = article("complete")
    for packet in drawn(packets(net, src="ns1", dst="8.8.8.8", answered=True), 40):
        exchange = net.trace(packet)
        assert exchange.outcome == "answered" or exchange.legs[0].packet.proto not in (1, 6, 17)
        assert [sent.dev for sent in exchange.legs[0].emitted if sent.host == "host"] in (
            [], ["eth0"],
        )  # fmt: skip


def test_edges_appear() -> None:
    net = NETS["ports"]()
    # what Hypothesis draws depends on which modules are loaded: the bounds leave room for that
    tcp = drawn(packets(net, src="172.18.0.0/16", proto="tcp", dport="7990-8020"), 300)
    ports = Counter(packet["dport"] for packet in tcp)
    assert all(ports[port] >= 5 for port in (7999, 8000, 8010, 8011))
    assert any(ports[port] for port in range(8001, 8010))
    found = drawn(packets(net, src="172.18.0.0/16", dst="8.8.8.8"), 300)
    sources = Counter(p["src"] for p in found)
    edges = ("172.18.6.255", "172.18.7.0", "172.18.7.255", "172.18.8.0")
    assert all(sources[address] >= 3 for address in edges)
    ttls = Counter(p.packet.ttl for p in found)
    assert ttls[9] >= 3
    assert ttls[10] >= 3
    assert {p.packet.length for p in found} >= {999, 1000}
    assert {p["in"] for p in found} == {"eth0", "docker0", "veth0", "veth1"}


def test_every_rule_is_met_and_just_missed() -> None:
    net = NETS["ports"]()
    hits: Counter[tuple[str, int]] = Counter()
    for packet in drawn(packets(net), 300):
        leg = next(net.packets([(packet.packet, packet.dev, 0.0)]))
        hits.update((c.chain, c.rule) for c in leg.matched if c.table == "filter")
    rules = net.rules().tables["filter"].chains["FORWARD"].rules
    never = {6, 12}  # answers, which no first packet is
    missing = [n for n in range(1, len(rules) + 1) if n not in never and not hits["FORWARD", n]]
    assert not missing, hits


def test_they_shrink_to_what_a_trace_would_send() -> None:
    net = article("complete", PORTS)
    best = simplest(packets(net, src="172.18.0.0/16"))
    assert str(best).endswith(" --src 172.18.0.2 --dst 8.8.8.8 --proto tcp --dport 80 --in veth0")
    lost = simplest(
        packets(net, src="ns1", dst="8.8.8.8"), lambda p: net.trace(p).verdict == "DROP"
    )
    assert str(lost).endswith(" --src 172.18.0.3 --dst 8.8.8.8 --proto tcp --dport 8000 --in veth1")
    datagram = simplest(packets(net, in_="veth1"), lambda p: p["proto"] == "udp")
    assert datagram.packet.dport == 53
    mine = simplest(packets(net, src="host"))
    assert mine["in"] is None


def _told() -> Net:
    return article("complete", SOURCE, BIG).given({"no such fact": True}, epoch=1.7e9, seed=3)


@pytest.mark.parametrize("src", ["", "host"])
def test_the_printed_command_replays_the_packet(src: str) -> None:
    net = _told()
    found = list(dict.fromkeys(drawn(packets(net, src=src, through=True), 60)))
    assert {"--packets" in str(packet) for packet in found} == {True, False}
    for packet in found[::6]:
        replays(net, packet)


def replays(net: Net, packet: Drawn) -> None:
    words = shlex.split(packet.command.rpartition(" | ")[2])
    assert words[:2] == ["fwsim", "trace"]
    if "--packets" in words:
        _, _, line = shlex.split(packet.command.partition(" | ")[0])
        done = command(*words[1:], stdin=line + "\n")
        leg = next(net.packets([(packet.packet, packet.dev, 0.0)]))
        assert json.loads(done.stdout)["verdict"] == leg.verdict
        assert json.loads(done.stdout)["matched"] == [[*c[1:]] for c in leg.matched]
    else:
        done = command(*words[1:], "--json")
        assert done.exit_code == {"answered": 0, "unknown": 3}.get(net.trace(packet).outcome, 1)
        assert json.loads(done.stdout) == json.loads(json.dumps(net.trace(packet).to_dict()))


def test_a_place_that_no_command_line_tells_is_left_to_be_filled_in() -> None:
    net = article("complete").trace(src="ns1", dst="8.8.8.8").after
    assert str(simplest(packets(net))).startswith("fwsim trace --from PLACE --src")


def test_a_name_that_needs_quotes_has_them() -> None:
    net = article("complete", 'iptables -A FORWARD -m comment --comment "it\'s $HOME"')
    words = shlex.split(str(simplest(packets(net))))
    assert words[5] == 'iptables -A FORWARD -m comment --comment "it\'s $HOME"'


def test_a_packet_reads_back_from_what_it_tells() -> None:
    from fwsim.model.packet_json import packet_from_dict

    for packet in drawn(packets(NETS["ports"]()), 60):
        assert packet_from_dict(dict(packet)) == packet.packet


def test_what_there_is_not_is_refused_at_once() -> None:
    net = article()
    with pytest.raises(QuestionError, match="no such packet"):
        packets(net, src="8.8.8.8", in_="eth0", dst="ns1", through=True)
    with pytest.raises(QuestionError, match="no ports"):
        packets(net, dport="http")
    with pytest.raises(QuestionError, match="NEW or INVALID"):
        packets(net, state="ESTABLISHED")
    with pytest.raises(QuestionError, match="nobody"):
        packets(net, src="nobody")


def test_no_ipv6_packet_is_taken_for_one_with_extension_headers() -> None:
    net = random_net("strategies 6", 6)
    for packet in drawn(packets(net, in_="eth0", family=6), 60):
        assert packet.packet.proto not in (0, 43, 44, 51, 59, 60)
    with pytest.raises(QuestionError, match="no such packet"):
        packets(net, family=6, proto=59)
