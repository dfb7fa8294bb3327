"""`fwsim reach --state`: packets of known connections, and those that rules leave untracked."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from cli.running import fwsim as command
from kernel.rulesets import random_rules

import fwsim
from fwsim.machine.answers import answer
from fwsim.machine.response import Start
from fwsim.machine.sets.universe import by_devices, entrances, possible
from fwsim.machine.sets.walk import HostWalk
from fwsim.machine.simulate import Simulation
from fwsim.model.names import STATES, TCP_FLAGS
from fwsim.model.packet import TCP, Packet
from fwsim.model.packet_json import packet_from_dict
from fwsim.model.pred import all_of
from fwsim.net import Net
from fwsim.readings.space import PacketSet
from questions.packets import random_packet, view_of

_ESTABLISHED = STATES.index("ESTABLISHED")
_NOTRACK = "iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack"
_PASSED = {"delivered", "forwarded", "sent"}


def _complete() -> Net:
    return fwsim.load("example:article-complete")


def _replayed(net: Net, told: dict[str, Any]) -> list[Any]:
    packets = [*told.get("before", []), told["witness"]]
    return list(net.packets([(packet_from_dict(p), p["in"] or "", 0.0) for p in packets]))


@pytest.mark.parametrize(
    ("way", "before"),
    [
        ({"in_": "eth0", "out": "docker1", "state": "ESTABLISHED"}, 1),
        ({"in_": "docker1", "out": "eth0", "state": "established"}, 2),
        ({"in_": "eth0", "out": "docker1", "state": "RELATED"}, 1),
        ({"in_": "eth0", "out": "docker1", "state": "RELATED,ESTABLISHED"}, 1),
        ({"in_": "eth0", "dst": "192.0.2.10", "state": "ESTABLISHED", "proto": "tcp"}, 1),
        ({"in_": "eth0", "dst": "192.0.2.10", "state": "ESTABLISHED", "proto": "icmp"}, 1),
        ({"in_": "eth0", "state": "INVALID"}, 0),
        ({"in_": "docker1", "out": "eth0", "state": "NEW,ESTABLISHED"}, 0),
    ],
)
def test_a_witness_comes_with_what_goes_before_it(way: dict[str, str], before: int) -> None:
    told = _complete().reach(**way).to_dict()
    assert told["reachable"] is True
    assert len(told.get("before", [])) == before
    last = _replayed(_complete(), told)[-1]
    assert last.fate in _PASSED
    assert last.ctstate in way["state"].upper().split(",")


def test_without_the_rule_no_answer_comes() -> None:
    """The article's mistake, asked of the answers themselves."""
    net = fwsim.load("example:article-outbound-only")
    known = {"in_": "eth0", "out": "docker1", "state": "ESTABLISHED,RELATED"}
    assert net.reach(**known).reachable is False
    assert _complete().reach(**known).reachable is True


def test_a_connections_direction_and_mark_are_its_own() -> None:
    allowed = "iptables -I FORWARD -i eth0 -p tcp -m conntrack {} -j DROP"
    asked = {"in_": "eth0", "out": "docker1", "state": "ESTABLISHED", "proto": "tcp"}
    found = _complete().apply(allowed.format("--ctdir ORIGINAL")).reach(**asked)
    assert [box["ct_dir"] for box in found.packets.to_list()] == [["1"]]
    marked = _complete().apply("iptables -I FORWARD -m connmark ! --mark 7 -j DROP").reach(**asked)
    assert [box["ct_mark"] for box in marked.packets.to_list()] == [["0x7"]]
    assert marked.witness is None  # nothing marks a connection so
    assert marked.to_dict()["witness"] is None


def test_what_raw_leaves_alone_is_untracked() -> None:
    net, asked = _complete().apply(_NOTRACK), {"in_": "eth0", "dst": "192.0.2.10"}
    found = net.reach(**asked, state="UNTRACKED")
    assert [(b["proto"], b["dport"]) for b in found.packets.to_list()] == [(["udp"], ["53"])]
    assert all("ctstate" not in box for box in found.packets.to_list())
    (leg,) = _replayed(net, found.to_dict())
    assert (leg.fate, leg.ctstate) == ("delivered", "UNTRACKED")
    both = net.reach(**asked, state="NEW,UNTRACKED", proto="udp")
    assert sorted(box["ctstate"] for box in both.packets.to_list()) == [["NEW"], ["UNTRACKED"]]
    assert both.packets.headers == net.reach(**asked, proto="udp").packets.headers
    assert _complete().reach(**asked, state="UNTRACKED").reachable is False
    known = net.reach(**asked, state="ESTABLISHED", proto="udp")
    assert [box["dport"] for box in known.packets.to_list()] == [["0-52", "54-65535"]]


def test_the_answer_says_what_is_taken_for_granted() -> None:
    place = ("--from", "example:article-complete")
    asked = ("reach", *place, "--in", "eth0", "--out", "docker1", "--state")
    shown = command(*asked, "ESTABLISHED").stdout
    assert "as if nothing had been translated" in shown
    assert "goes before" in shown
    assert "translated" not in command(*asked, "NEW").stdout
    told = json.loads(command(*asked, "ESTABLISHED", "--json").stdout)
    assert told["before"][0]["in"] == "veth0"


def test_packets_of_known_connections_end_where_the_sets_say() -> None:
    told: Counter[int] = Counter()
    for seed in range(6):
        rng = Random(f"known {seed}")
        simulation = _complete().simulation.fork()
        host = simulation.world.namespaces[simulation.world.host]
        simulation.govern(host.with_rulesets({4: fwsim.read(random_rules(rng, 4).dump())}))
        walk = HostWalk(simulation.world, 4, rules=True)
        doors = by_devices(entrances(walk.regions))
        everyone = walk.space.read(all_of(possible(4, (_ESTABLISHED,)), doors))
        endings = walk.come(everyone)
        for _ in range(60):
            for view, leg in _known(simulation.fork(), rng):
                if view not in everyone:
                    continue  # it comes back by a bridge, by whichever port
                (end,) = (e for e in endings if view in PacketSet(walk.space, e.where))
                assert (end.fate, end.table) == (leg.fate, _table(leg) if end.table else "")
                told[view["ct_dir"]] += 1
    assert min(told[0], told[1]) > 40


def _table(leg: Any) -> str:
    return str(leg.decided_by.table) if leg.decided_by else ""


def _known(simulation: Simulation, rng: Random) -> list[tuple[dict[str, int], Any]]:
    """Packets of one connection that were ESTABLISHED, with what is known of each, unless
    something was translated."""
    first, dev = random_packet(rng, 4)
    leg, out, _ = _go(simulation, first, dev)
    reply = answer(leg.arrived) if leg.verdict == "ACCEPT" and leg.arrived else None
    if reply is None or not dev or (reply.src, reply.dst) != (first.dst, first.src):
        return []
    if (reply.sport, reply.dport) != (first.dport, first.sport):
        return []
    again = first
    if first.proto == TCP:
        again = first.but(flags=TCP_FLAGS["ACK"], seq=1, ack=reply.seq + 1, payload_len=0)
    found = []
    for packet, door, way in ((reply, out, 1), (again, dev, 0)):
        leg, _, known = _go(simulation, packet, door)
        if door and leg.ctstate == "ESTABLISHED" and leg.fate != "unknown":
            own = {"ctstate": _ESTABLISHED, "ct_dir": way, **known}
            found.append((view_of(packet, door) | own, leg))
    return found


def _go(simulation: Simulation, packet: Packet, dev: str) -> tuple[Any, str, dict[str, int]]:
    """A packet's leg, the device by which it left, and its connection as it was before."""
    there = list(simulation.states[simulation.world.host].conntrack.connections())
    mark = there[0].mark if there else 0
    leg, passages = simulation.carry(packet, Start(simulation.world.host, dev), follow=False)
    buffer = passages[0].buffer
    status = buffer.found.connection.status if buffer.found and buffer.found.connection else 0
    out = "" if leg.fate == "delivered" else buffer.physout or buffer.out
    return leg, out, {"ct_mark": mark, "ct_status": status}
