"""Commands that let an exchange through or stop it: applied, they do what was promised, and what
they open or close is what changes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from kernel.rulesets import random_rules

import fwsim
from fwsim.model.pred import any_of
from fwsim.net import Net
from fwsim.questions.remedies import Remedies
from fwsim.readings.concrete import compile_pred
from fwsim.readings.cover import box_pred
from fwsim.show.layout import plain
from fwsim.show.repair import repair_lines
from questions.packets import random_packet, view_of

PING = {"src": "172.18.0.3", "dst": "8.8.8.8"}
_ASKED = (
    PING,
    {"src": "172.18.0.2", "dst": "8.8.8.8", "proto": "tcp", "dport": 80},
    {"src": "8.8.8.8", "dst": "172.18.0.3", "proto": "udp", "dport": 53},
    {"src": "172.18.0.3", "dst": "192.0.2.10", "proto": "tcp", "dport": 5000},
)


def _random(seed: int) -> Net:
    """The article's hosts under random rules; what is dropped there is often a policy's doing."""
    rules = random_rules(Random(f"remedies {seed}"), 4)
    closed = {key: "DROP" if key == ("filter", "FORWARD") else policy
              for key, policy in rules.policies.items()}  # fmt: skip
    net = fwsim.load("example:article-complete")
    simulation = net.simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    dump = rules.dump() if seed % 2 else type(rules)(closed, rules.lines).dump()
    simulation.govern(host.with_rulesets({4: fwsim.read(dump, family=4)}))
    return Net(simulation)


def _kept(net: Net, found: Remedies, asked: dict[str, Any]) -> None:
    """Each command keeps its promise, and the sizes are in order."""
    counts = [remedy["count"] for remedy in found.to_list()]
    assert counts == sorted(counts)
    for remedy in found.to_list():
        after = net.apply(remedy["command"])
        assert after.trace(**asked).outcome == remedy["outcome"]
        assert (remedy["outcome"] == "answered") is not found.block
        assert remedy["commands"] == remedy["command"].split(" && ")


@pytest.mark.parametrize("block", [False, True], ids=["let through", "stop"])
@pytest.mark.parametrize("seed", range(4))
def test_a_command_applied_gives_the_outcome_it_promised(seed: int, *, block: bool) -> None:
    net = _random(seed)
    for asked in _ASKED:
        found = net.repair(block=block, **asked)
        assert found.outcome == net.trace(**asked).outcome
        assert not found or found.needed
        _kept(net, found, asked)


@pytest.mark.parametrize("stage", ["after-docker", "containers", "outbound-only"])
def test_beside_docker_rules_go_in_its_users_chain(stage: str) -> None:
    net = fwsim.load(f"example:article-{stage}")
    found = net.repair(**PING)
    assert found
    _kept(net, found, PING)
    for remedy in found.found:
        assert all(command.startswith("iptables -I DOCKER-USER 1 ") for command in remedy.commands)


def test_what_lets_answers_back_in_opens_nothing_to_new_connections() -> None:
    first, *_ = fwsim.load("example:article-outbound-only").repair(**PING).to_list()
    assert first["command"] == (
        "iptables -I DOCKER-USER 1 -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    )
    assert (first["opens"], first["count"]) == ([], 0)
    assert first["opens_others"][0]["ctstate"] == ["RELATED", "ESTABLISHED"]


@pytest.mark.parametrize("block", [False, True], ids=["opens", "closes"])
def test_what_it_opens_or_closes_is_what_changes(*, block: bool) -> None:
    net = fwsim.load(f"example:article-{'complete' if block else 'after-docker'}")
    asked = {"src": "172.18.0.3", "dst": "8.8.8.8", "proto": "tcp", "dport": 80}
    seen = 0
    for remedy in net.repair(block=block, **asked).found:
        after = net.apply(*remedy.commands)
        held = compile_pred(any_of(*map(box_pred, remedy.changed.boxes)))
        rng = Random(str(remedy.commands))
        for _ in range(300):
            packet, dev = random_packet(rng, 4)
            was, now = (next(n.packets([(packet, dev, 0.0)])).verdict for n in (net, after))
            changed = (was, now) == (("ACCEPT", "DROP") if block else ("DROP", "ACCEPT"))
            changed |= block and (was, now) == ("ACCEPT", "REJECT")
            assert held(view_of(packet, dev)) is changed, (remedy, packet, dev)
            seen += changed
    assert seen > 5


def test_the_block_of_a_published_port_comes_before_docker_s_own_rules() -> None:
    net = fwsim.load("example:article-complete").apply(
        "iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 8080 -j DNAT --to 172.18.0.3:80",
        "iptables -A FORWARD -i eth0 -o docker1 -p tcp --dport 80 -j ACCEPT",
    )
    asked = {"src": "8.8.8.8", "dst": "192.0.2.10", "proto": "tcp", "dport": 8080}
    found = net.repair(block=True, **asked)
    _kept(net, found, asked)
    assert "-d 172.18.0.3/32 -i eth0 -o docker1 -p tcp --dport 80" in found.found[0].commands[0]
    assert all(" DOCKER-USER " in remedy.commands[0] for remedy in found.found)


def test_nothing_is_proposed_where_nothing_has_to_be_done() -> None:
    net = fwsim.load("example:article-complete")
    found = net.repair(**PING)
    assert (found.needed, found.to_list()) == (False, [])
    assert "Nothing has to be done" in plain(repair_lines(found))
    stopped = fwsim.load("example:article-after-docker").repair(block=True, **PING)
    assert (stopped.needed, stopped.to_list()) == (False, [])


def test_what_no_rule_stops_no_command_helps() -> None:
    net = fwsim.load("example:article-complete")
    found = net.repair(src="172.18.0.3", dst="172.18.0.77")
    assert (found.needed, found.to_list()) == (True, [])
    assert "No command was found" in plain(repair_lines(found))
