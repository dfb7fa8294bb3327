"""Which rules were reached: by packets, by a capture, by what moved the counters: they agree."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from kernel.rulesets import random_rules

import fwsim
from fwsim.machine.counters import counted
from fwsim.machine.response import Start
from fwsim.model.wire import to_bytes
from fwsim.net import Net
from fwsim.questions.coverage import Coverage

from .captures import RAW, packet, written
from .packets import random_packet

OUT = packet("172.18.0.3", "8.8.8.8", proto=17, sport=1, dport=53)
BACK = packet("8.8.8.8", "192.0.2.10", proto=17, sport=53, dport=1)
RULES = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [7:0]
:OUTPUT ACCEPT [0:0]
:OWN - [0:0]
:LOST - [0:0]
[5:420] -A FORWARD -p udp -j OWN
[0:0] -A FORWARD -p udp -m udp --dport 53 -j DROP
[0:0] -A OWN -s 172.18.0.0/16 -j ACCEPT
[5:420] -A OWN -j DROP
[0:0] -A LOST -p tcp -j DROP
COMMIT
"""


def place(rules: str = RULES) -> Net:
    net = fwsim.load("example:article-complete")
    host = net.world.namespaces[net.world.host].with_rulesets({4: fwsim.read(rules, family=4)})
    simulation = net.simulation.fork()
    simulation.govern(host)
    return Net(simulation)


def reached(found: Coverage) -> dict[tuple[str, int | str], int]:
    return {(r.ref.chain, r.ref.rule): r.packets for r in found.rules if r.packets}


def test_the_counters_of_a_dump_tell() -> None:
    found = place().coverage()
    assert reached(found) == {("FORWARD", 1): 5, ("OWN", 2): 5}
    assert (found.by, round(found.percent), bool(found)) == ("counters", 40, False)
    assert {c.chain: c.policy for c in found.chains} == {
        "INPUT": 0, "FORWARD": 7, "OUTPUT": 0, "OWN": None, "LOST": None,
    }  # fmt: skip


def test_what_no_packet_can_reach_is_marked() -> None:
    marks = {(r.ref.chain, r.ref.rule): r.never for r in place().coverage().unreached}
    assert marks == {("FORWARD", 2): "shadowed", ("OWN", 1): "", ("LOST", 1): "unreached"}


def test_packets_tell() -> None:
    found = place().coverage(packets=[(OUT, "veth1", 0.0), (BACK, "eth0", 1.0)])
    assert reached(found) == {("FORWARD", 1): 1, ("OWN", 1): 1}
    assert not place().coverage(packets=[])
    everything = "*filter\n:FORWARD ACCEPT\n-A FORWARD -j ACCEPT\nCOMMIT\n"
    assert place(everything).coverage(packets=[(OUT, "veth1", 0.0)])


def test_a_capture_tells(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    file.write_bytes(written([to_bytes(OUT), to_bytes(OUT)], RAW))
    found = place().coverage(capture=file)
    assert reached(found) == {("FORWARD", 1): 2, ("OWN", 1): 2}
    file.write_bytes(file.read_bytes()[:-1])
    assert place().coverage(capture=file).damage


@pytest.mark.parametrize("number", range(3))
def test_packets_reach_the_rules_whose_counters_they_move(number: int, seed: int) -> None:
    rng = Random(f"coverage {seed} {number}")
    net = place(random_rules(rng, 4).dump())
    sent = [(*random_packet(rng, 4), float(n)) for n in range(40)]
    found = net.coverage(packets=sent)
    assert any(rule.packets for rule in found.rules) or any(c.policy for c in found.chains)
    simulation = net.simulation.fork()
    for made, dev, simulation.now in sent:
        simulation.carry(made, Start(simulation.world.host, dev), follow=False)
    host = simulation.world.namespaces[simulation.world.host]
    moved = counted(host.rulesets[4], simulation.states[host.name].counters)
    simulation.govern(host.with_rulesets({4: moved}))
    by_counters = Net(simulation).coverage()
    assert reached(by_counters) == reached(found)
    assert [c.policy for c in by_counters.chains] == [c.policy for c in found.chains]
