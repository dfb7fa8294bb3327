"""What would help: the article's own next steps, other places where packets are stopped, and that
whatever is told was really tried."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from shlex import quote, split
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fwsim
from fwsim.net import Net, Trace
from fwsim.questions.nearest import SHOWN
from fwsim.questions.placing import shell
from fwsim.questions.repair import Help, suggest

CONTAINERS = "iptables -A FORWARD -i docker1 -o docker1 -j ACCEPT"
OUTBOUND = "iptables -A FORWARD -i docker1 ! -o docker1 -j ACCEPT"
REPLIES = "iptables -A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
PING = {"src": "172.18.0.3", "dst": "8.8.8.8"}


load = cache(fwsim.load)


def article(stage: str, *commands: str) -> Net:
    return load(f"example:article-{stage}").apply(*commands)


def helped(net: Net, **question: Any) -> Help:
    """The help for a failing exchange, tried here again: all of it is needed, and it works."""
    trace = net.trace(**question)
    found = trace.help
    assert trace.outcome != "answered"
    assert isinstance(found, Help)
    if found.commands:
        assert found.outcome == net.apply(*found.commands).trace(**question).outcome == "answered"
        for left_out in range(len(found.commands)):
            fewer = found.commands[:left_out]
            assert net.apply(*fewer).trace(**question).outcome != "answered"
    else:
        assert found.outcome == trace.outcome
    return found


@pytest.mark.parametrize(
    ("stage", "dst", "commands"),
    [
        ("before-docker", "172.18.0.2", None),
        ("before-docker", "8.8.8.8", None),
        ("after-docker", "172.18.0.2", (CONTAINERS,)),
        ("after-docker", "8.8.8.8", (OUTBOUND, REPLIES)),
        ("containers", "172.18.0.2", None),
        ("containers", "8.8.8.8", (OUTBOUND, REPLIES)),
        ("outbound-only", "172.18.0.2", None),
        ("outbound-only", "8.8.8.8", (REPLIES,)),
        ("complete", "172.18.0.2", None),
        ("complete", "8.8.8.8", None),
    ],
)
def test_the_article_goes_on_as_advised(
    stage: str, dst: str, commands: tuple[str, ...] | None
) -> None:
    net, question = article(stage), {"src": "172.18.0.3", "dst": dst}
    if commands is None:
        assert net.trace(**question).help is None
    else:
        assert helped(net, **question).commands == commands


def test_the_nearest_rules_of_the_default_example() -> None:
    first, second, *rest = helped(article("outbound-only"), **PING).nearest
    assert (first.ref.rule, first.missed) == (3, ("leaves by docker1, not docker0",))
    assert (second.ref.rule, second.missed) == (
        8, ("came in by eth0, not docker1", "leaves by docker1, which is excluded"),
    )  # fmt: skip
    assert len(rest) == SHOWN - 2


def test_the_place_stays_as_it_is() -> None:
    net = article("after-docker")
    before = fwsim.save(net.rules(), counters=True)
    assert helped(net, **PING).commands
    assert fwsim.save(net.rules(), counters=True) == before
    assert net.trace(**PING).outcome == "timeout"


def test_a_rule_that_drops_is_met_by_one_before_it() -> None:
    net = article("complete", "iptables -I DOCKER-USER -s 172.18.0.0/16 -d 8.8.8.8 -j DROP")
    assert helped(net, **PING).commands == (
        "iptables -I DOCKER-USER 1 -s 172.18.0.3/32 -d 8.8.8.8/32 -i docker1 -o eth0 -p icmp"
        " -j ACCEPT",
    )


def test_input() -> None:
    net = article(
        "complete",
        "iptables -P INPUT DROP",
        "iptables -A INPUT -i docker1 -p tcp --dport 22 -j ACCEPT",
    )
    assert helped(net, src="ns1", dst="172.18.0.1", proto="tcp", dport=80).commands == (
        "iptables -A INPUT -i docker1 -p tcp -m tcp --dport 80 -j ACCEPT",
    )
    assert helped(net, src="ns1", dst="172.18.0.1").commands == (
        "iptables -A INPUT -s 172.18.0.3/32 -d 172.18.0.1/32 -i docker1 -p icmp -j ACCEPT",
    )


def test_reject() -> None:
    net = article(
        "complete", "iptables -I FORWARD 3 -p tcp --dport 53 -j REJECT --reject-with tcp-reset"
    )
    found = helped(net, **PING, proto="tcp", dport=53)
    assert found.commands == (
        "iptables -I FORWARD 3 -s 172.18.0.3/32 -d 8.8.8.8/32 -i docker1 -o eth0 -p tcp"
        " -m tcp --dport 53 -j ACCEPT",
    )


def test_a_user_chain_s_rules_are_near_too() -> None:
    net = article(
        "before-docker",
        "iptables -P FORWARD DROP",
        "iptables -N web",
        "iptables -A FORWARD -j web",
        "iptables -A web -s 172.17.0.0/16 ! -d 172.17.0.0/16 -j ACCEPT",
        "iptables -A web -m state --state ESTABLISHED -j ACCEPT",
    )
    found = helped(net, **PING)
    assert found.commands == ("iptables -A FORWARD -s 172.18.0.0/16 ! -d 172.18.0.0/16 -j ACCEPT",)
    assert {near.ref.chain for near in found.nearest} == {"web"}


@pytest.mark.parametrize("leave", ["-j RETURN", "-g DOCKER-USER"])
def test_a_rule_that_leaves_the_chain_early_is_met_by_one_before_it(leave: str) -> None:
    net = article("outbound-only", f"iptables -A FORWARD -o docker1 {leave}")
    assert helped(net, **PING).commands == (REPLIES.replace("-A FORWARD", "-I FORWARD 9"),)


def test_other_tables_are_named() -> None:
    net = article("complete", "iptables -t raw -A PREROUTING -p icmp -j DROP")
    first, second = helped(net, **PING).commands
    assert first == (
        "iptables -t raw -I PREROUTING 1 -s 172.18.0.3/32 -d 8.8.8.8/32 -i docker1 -p icmp"
        " -j ACCEPT"
    )
    assert second.startswith("iptables -t raw -I PREROUTING ")
    assert "-i eth0" in second


def test_replies_are_not_let_in_by_what_lets_strangers_in() -> None:
    near_and_wide = (
        "iptables -A FORWARD -i docker0 -j ACCEPT",
        "iptables -A FORWARD -o docker0 -j ACCEPT",
        "iptables -A FORWARD -i docker1 -j ACCEPT",
    )
    net = article("before-docker", "iptables -P FORWARD DROP", *near_and_wide)
    assert helped(net, **PING).commands == (REPLIES,)


def test_comments_of_other_rules_are_left_out() -> None:
    net = article(
        "before-docker",
        "iptables -P FORWARD DROP",
        "iptables -A FORWARD -i docker0 -o docker0 -m comment --comment 'for docker0' -j ACCEPT",
    )
    assert helped(net, src="172.18.0.3", dst="172.18.0.2").commands == (CONTAINERS,)


@pytest.mark.parametrize("chain", ["a'b", 'a"b', "$(x)", "a;b", "a\\b", "a&b"])
def test_names_are_quoted_for_a_shell(chain: str) -> None:
    name = quote(chain)
    net = article(
        "complete",
        f"iptables -N {name}",
        f"iptables -I FORWARD -j {name}",
        f"iptables -A {name} -d 8.8.8.8 -j DROP",
    )
    (command,) = helped(net, **PING).commands
    assert split(command)[:4] == ["iptables", "-I", chain, "1"]


def test_a_rule_of_another_host_has_no_command_here() -> None:
    net = article("complete")
    ns1 = net.world.namespaces["ns1"]
    dropping = article("complete", "iptables -A OUTPUT -p icmp -j DROP").world
    rules = dropping.namespaces[dropping.host].rulesets
    simulation = net.simulation.fork()
    simulation.world = net.world.with_namespace(ns1.with_rulesets(rules))
    trace = Net(simulation).trace(**PING)
    assert trace.outcome == "denied"
    assert trace.help == Help((), (), "denied")


def test_what_no_rule_decided_has_no_help() -> None:
    net = article("complete")
    trace = net.trace(src="ns1", dst="172.18.0.77")
    assert trace.outcome != "answered"
    assert trace.help is None


def test_one_way_asks_for_the_request_alone() -> None:
    trace = article("after-docker").trace(**PING, one_way=True)
    found = suggest(trace.net.simulation, trace.exchange, trace.packet, trace.start, one_way=True)
    assert found is not None
    assert found.commands == (OUTBOUND,)


BARE6 = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s fd00:1::/64 ! -o br0 -j MASQUERADE
COMMIT
"""


def test_ipv6(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(BARE6)
    net = fwsim.load(str(tmp_path / "rules"))
    asked = {"src": "2001:db8:1::5", "dst": "fd00:1::1", "in_": "eth0"}
    assert helped(net, **asked, proto="tcp", dport=443).commands == (
        "ip6tables -A INPUT -i eth0 -p tcp -m tcp --dport 443 -j ACCEPT",
        "ip6tables -A OUTPUT -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    )
    first, _ = helped(net, **asked).commands
    assert first.startswith("ip6tables -A INPUT -s 2001:db8:1::5/128 ")
    assert first.endswith("-i eth0 -p ipv6-icmp -j ACCEPT")


# -- whatever is told was tried --------------------------------------------------------------------

_chains = st.sampled_from(["FORWARD", "FORWARD", "INPUT", "OUTPUT", "user"])
_devices = {"-i": ["docker0", "docker1", "eth0", "docker+"], "-o": ["docker0", "docker1", "eth0"]}
_nets = ["172.17.0.0/16", "172.18.0.0/16", "172.18.0.3", "8.8.8.8", "8.0.0.0/8"]
_protocols = ["", "-p icmp", "-p tcp", "-p tcp --dport 80", "-p tcp --sport 80", "-p udp"]
_matches = ["", "", "-m conntrack --ctstate RELATED,ESTABLISHED", "-m state --state NEW"]
_targets = ["ACCEPT", "ACCEPT", "DROP", "REJECT", "RETURN"]


@st.composite
def _rules(draw: st.DrawFn) -> str:
    chain = draw(_chains)
    parts = []
    for flag, values in (*_devices.items(), ("-s", _nets), ("-d", _nets)):
        usable = {"INPUT": "-o", "OUTPUT": "-i"}.get(chain) != flag
        if usable and draw(st.integers(0, 2)) == 0:
            parts += [*draw(st.sampled_from([[], ["!"]])), flag, draw(st.sampled_from(values))]
    parts += [draw(st.sampled_from(_protocols)), draw(st.sampled_from(_matches))]
    return " ".join(["iptables -A", chain, *parts, "-j", draw(st.sampled_from(_targets))])


@st.composite
def _places(draw: st.DrawFn) -> list[str]:
    policies = [
        f"iptables -P {chain} {draw(st.sampled_from(['DROP', 'ACCEPT']))}"
        for chain in ("INPUT", "FORWARD", "OUTPUT")
    ]
    jumps = draw(st.lists(st.sampled_from(["INPUT", "FORWARD", "OUTPUT"]), max_size=2))
    rules = draw(st.lists(_rules(), max_size=6))
    return ["iptables -N user", *policies, *(f"iptables -A {c} -j user" for c in jumps), *rules]


@settings(max_examples=80)
@given(
    _places(),
    st.sampled_from([("ns1", "8.8.8.8"), ("ns1", "ns0"), ("ns1", "172.18.0.1"), ("host", "ns0"),
                     ("internet", "192.0.2.10")]),
    st.sampled_from(["icmp", "tcp", "udp"]),
)  # fmt: skip
def test_what_is_told_helps(place: list[str], ends: tuple[str, str], proto: str) -> None:
    net = article("before-docker", *place)
    question = {"src": ends[0], "dst": ends[1], "proto": proto}
    trace: Trace = net.trace(**question)
    if trace.outcome == "answered":
        assert trace.help is None
    else:  # only filter stands in the way, and an accepting rule always fits before it
        assert helped(net, **question).commands


@pytest.mark.parametrize("value", ["plain", "two  words", 'a "quoted" one', "it's", "$HOME"])
def test_a_suggested_command_is_quoted_for_a_shell(value: str) -> None:
    """What a shell makes of it is what iptables was to be given."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    words = shlex.split(shell(f'-m string --string "{escaped}" ! -s 10.0.0.1/32 -j ACCEPT'))
    assert words == ["-m", "string", "--string", value, "!", "-s", "10.0.0.1/32", "-j", "ACCEPT"]
