"""The Python side of what users rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim

EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
PING = {"src": "172.18.0.3", "dst": "8.8.8.8"}


def test_a_place_is_a_path_too(tmp_path: Path) -> None:
    (tmp_path / "iptables-save").write_text(EMPTY)
    for place in (tmp_path, tmp_path / "iptables-save"):
        assert fwsim.load(place).world == fwsim.load(str(place)).world


def test_a_packet_may_be_the_object_that_scripts_write() -> None:
    net = fwsim.load()
    inside = net.trace({**PING, "in": "veth1"}, one_way=True)
    assert inside.verdict == "ACCEPT"
    assert [hop.text for hop in inside.legs[0].hops] == ["host", "internet"]
    own = net.trace({**PING, "in": None}, one_way=True)
    assert own.legs[0].hops[0].text == "host"
    assert not any(step.kind == "enter" for step in own.legs[0].hops[0].children)
    assert net.trace(PING).to_dict()["legs"][0]["hops"][0]["text"] == "ns1"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"packet": {"src": "1.2.3.4"}}, "dst"),
        ({"packet": {**PING, "in": "eth9"}}, "eth9"),
        ({**PING, "proto": "icmp", "dport": 80}, "icmp has no ports"),
        ({**PING, "proto": "tcp", "dport": 70000}, "70000"),
        ({**PING, "proto": "udp", "sport": -1}, "-1"),
        ({**PING, "proto": "udp", "sport": "53"}, "'53'"),
        ({**PING, "in_": "eth9"}, "no device 'eth9'"),
        ({**PING, "out": "eth9"}, "no device 'eth9'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(asked: dict[str, object], why: str) -> None:
    with pytest.raises(fwsim.FwsimError, match=why):
        fwsim.load().trace(**asked)  # type: ignore[arg-type]


def test_port_0_is_a_port() -> None:
    trace = fwsim.load().trace(**PING, proto="udp", sport=0, dport=0)
    assert (trace.packet.sport, trace.packet.dport) == (0, 0)


@pytest.mark.parametrize("name", ["iptables-save", ""])
def test_where_nobody_told_the_devices_any_may_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "iptables-save").write_text(EMPTY)
    net = fwsim.load(tmp_path / name)
    trace = net.trace(src="10.1.1.1", dst="10.2.2.2", in_="lan0", out="lan1")
    assert trace.outcome == "answered"
    assert [sent.dev for leg in trace.legs for sent in leg.emitted] == ["lan1", "lan0"]
    for dev in ("lan0", "lan1"):
        assert f"note: no rule names {dev}: it is taken for a device of host" in str(trace)
    assert "note: the way back to 10.1.1.1 is taken to lead by lan0 too" in str(trace)
    for bad in ("a/b", "a b", "x" * 16, "ä" * 8):
        with pytest.raises(fwsim.FwsimError, match="no name of a device"):
            net.trace(src="10.1.1.1", dst="10.2.2.2", in_=bad)


def test_where_no_rule_shows_the_way_out_it_depends_on_that(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(EMPTY.replace("COMMIT", "-A FORWARD -i lan -o wan\nCOMMIT"))
    net = fwsim.load(tmp_path / "rules")
    for asked in ({"src": "10.1.1.1", "in_": "lan"}, {"src": "host"}):
        trace = net.trace(**asked, dst="8.8.8.8")  # type: ignore[arg-type]
        assert trace.verdict == "UNKNOWN"
        assert trace.legs[0].depends_on == ("by which device 8.8.8.8 is reached (--in, --out)",)
        assert net.trace(**asked, dst="8.8.8.8", out="wan").outcome == "answered"  # type: ignore[arg-type]
    assert net.trace(src="8.8.8.8", dst="host", in_="wan").outcome == "answered"


@pytest.mark.parametrize("name", ["iptables-save", ""])
def test_rules_of_one_family_say_nothing_of_the_other(tmp_path: Path, name: str) -> None:
    (tmp_path / "iptables-save").write_text(EMPTY)
    net = fwsim.load(tmp_path / name)
    trace = net.trace(src="fd00::1", dst="fd00::2", in_="eth0", out="eth1")
    assert trace.verdict == "UNKNOWN"
    assert "depends on this: the rules of IPv6 (ip6tables-save), which nobody told" in str(trace)
    with pytest.raises(fwsim.FwsimError, match="Only rules of IPv4 were given"):
        net.trace(src="fd00::1", dst="host", in_="eth0")
    told = net.apply("ip6tables -P FORWARD DROP")
    assert told.trace(src="fd00::1", dst="fd00::2", in_="eth0", out="eth1").verdict == "DROP"


def test_counters_stay_with_their_rules_when_commands_move_them() -> None:
    after = fwsim.load().trace(**PING).after
    moved = after.apply("iptables -I FORWARD 1 -s 203.0.113.9 -j DROP")
    text = fwsim.save(moved.rules(), counters=True)
    assert "[0:0] -A FORWARD -s 203.0.113.9/32 -j DROP\n[2:168] -A FORWARD -j DOCKER-USER" in text
    assert "[2:168] -A FORWARD -j DOCKER-USER" in fwsim.save(after.rules(), counters=True)
    again = fwsim.save(moved.trace(**PING).after.rules(), counters=True)
    assert "[4:336] -A FORWARD -j DOCKER-USER" in again


def test_objects_show_in_a_line_what_they_are() -> None:
    net = fwsim.load()
    assert repr(net).startswith("<Net: example:article-outbound-only")
    assert repr(net.trace(**PING)) == "<Trace: DROP, timeout>"


def test_an_answer_prints_what_its_command_prints() -> None:
    net = fwsim.load()
    closed = net.apply("iptables -P INPUT DROP")
    answers: list[object] = [
        net.reach(src="ns1", dst="8.8.8.8"), net.diff(closed), net.exposed("eth0"), net.lint(),
        net.repair(**PING),
    ]  # fmt: skip
    firsts = ["✓ Packets from ns1", "new: ", "What gets in by eth0:", "error    no", "✗ no answer"]
    for answer, first in zip(answers, firsts, strict=True):
        assert str(answer).splitlines()[1].startswith(first)


def test_a_trace_may_leave_out_what_would_help() -> None:
    trace = fwsim.load().trace(**PING)
    bare = trace.text(advice=False)
    assert str(trace).startswith(bare)
    assert "this would help" in str(trace)
    assert "this would help" not in bare


def test_chains_and_hosts_are_drawn() -> None:
    net = fwsim.load()
    trace = net.trace(**PING)
    for picture, said in (
        (net.graph(), "Chains of filter"),
        (net.graph("nat", counters=True), "Chains of nat"),
        (net.graph(trace=trace), "request ✓ decided by 8"),
        (net.graph(chains=["DOCKER-USER"]), "→ chains not shown"),
        (net.topology(), "→ ns0 eth0"),
        (net.topology("ns1"), "→ ns1 eth0"),
    ):
        assert said in str(picture)
        assert picture.svg().startswith("<?xml")
        assert picture.html().startswith("<!DOCTYPE html>")
        assert picture.mermaid().startswith("flowchart")
        assert picture.dot().startswith("digraph")
        assert "data:image/svg+xml;base64," in picture._repr_html_()
    with pytest.raises(fwsim.FwsimError, match="IPv4 was traced"):
        net.graph(family=6, trace=trace)
