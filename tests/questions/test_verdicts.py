"""What users of `Net.verdicts` rely on: columns in, verdicts and deciding rules out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fwsim
from fwsim.net import Net
from fwsim.questions import verdicts as asking

RULES = """\
*mangle
:FORWARD ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -p udp -j TTL --ttl-set 3
-A FORWARD -p udp -m length --length 0:100 -j DROP
-A FORWARD -p tcp -m tcp --tcp-flags SYN SYN -j ACCEPT
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker1 -d 10.0.0.0/24 -p tcp -j web
-A FORWARD -p udp -m limit --limit 3/min -j LOG
-A FORWARD -p udp -m statistic --mode random --probability 0.5 -j ACCEPT
-A web -p tcp -m multiport --dports 80,443 -j ACCEPT
-A web -s 192.0.2.0/24 -j REJECT --reject-with icmp-port-unreachable
COMMIT
"""


def _net(folder: Path, rules: str = RULES, name: str = "iptables-save") -> Net:
    (folder / name).write_text(rules)
    return fwsim.load(folder)


@pytest.fixture
def net(tmp_path: Path) -> Net:
    return _net(tmp_path)


def _address(text: str) -> int:
    return int.from_bytes(bytes(map(int, text.split("."))), "big")


def _told(found: asking.Verdicts) -> list[tuple[str, str, int]]:
    return [
        (str(verdict), str(chain), int(rule))
        for verdict, chain, rule in zip(found.verdict, found.chain, found.rule, strict=True)
    ]


def test_each_packet_has_its_verdict_and_the_rule_that_decided(net: Net) -> None:
    found = net.verdicts({
        "src": np.array([_address("192.0.2.1")] * 3 + [_address("198.51.100.1")] * 2),
        "dst": _address("10.0.0.9"),
        "proto": np.array([6, 6, 6, 6, 17], np.uint8),
        "dport": np.array([80, 25, 80, 25, 53]),
        "in": np.array(["docker1", "docker1", "docker0", "docker1", "docker1"]),
        "ctstate": ["NEW", "NEW", "NEW", "ESTABLISHED", "NEW"],
    })  # fmt: skip
    assert _told(found) == [
        ("ACCEPT", "web", 1),
        ("REJECT", "web", 2),
        ("DROP", "FORWARD", 0),
        ("ACCEPT", "FORWARD", 1),
        ("UNKNOWN", "FORWARD", 4),
    ]
    assert found.depends_on == ("chance (0.5) has it",)
    assert repr(found) == "<Verdicts: 2 ACCEPT, 1 DROP, 1 REJECT, 1 UNKNOWN>"


def test_counts_say_what_each_rule_decided(net: Net) -> None:
    found = net.verdicts({"proto": "tcp", "dport": np.arange(1000), "dst": "10.0.0.1",
                          "in": "docker1", "src": "192.0.2.5"})  # fmt: skip
    assert found.counts() == [("REJECT", "web", 2, 998), ("ACCEPT", "web", 1, 2)]
    assert len(found) == 1000


def test_what_is_assumed_is_known(net: Net) -> None:
    name = net.verdicts({"proto": 17}).depends_on
    assert name
    for answer, verdict in ((True, "ACCEPT"), (False, "DROP")):
        assumed = net.given({"statistic": answer})
        assert _told(assumed.verdicts({"proto": 17})) == [
            (verdict, "FORWARD", 4 if answer else 0)
        ]  # fmt: skip


def test_facts_that_the_packet_does_not_tell_may_have_a_column(net: Net) -> None:
    rule = net.rules().rule("filter", "FORWARD", 4)
    (fact,) = [atom.name for atom in asking.atoms(rule.pred) if hasattr(atom, "why")]
    found = net.verdicts({"proto": 17, fact: np.array([True, False])})
    assert list(found.verdict) == ["ACCEPT", "DROP"]


def test_a_user_chain_may_be_asked_for_itself(net: Net) -> None:
    found = net.verdicts({"proto": "tcp", "dport": np.array([80, 81])}, chain="web")
    assert _told(found) == [("ACCEPT", "web", 1), ("RETURN", "web", 0)]


def test_what_rules_change_and_later_ones_ask_for_is_not_guessed(net: Net) -> None:
    found = net.verdicts({"proto": np.array([6, 17, 1])}, "mangle")
    assert _told(found) == [
        ("UNKNOWN", "FORWARD", 1), ("DROP", "FORWARD", 3), ("ACCEPT", "FORWARD", 0)
    ]  # fmt: skip
    assert found.depends_on == ("what TCPMSS makes of it",)


def test_ipv6_addresses_are_words_integers_or_text(tmp_path: Path) -> None:
    rules = (
        "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -s fd00::/16 ! -d fd00::1/128 -j DROP\nCOMMIT\n"
    )
    net = _net(tmp_path, rules, "ip6tables-save")
    values = [0xFD00 << 112 | 5, 0xFD01 << 112, (1 << 128) - 1]
    words = np.array([[v >> 64, v & (1 << 64) - 1] for v in values], np.uint64)
    for src in (values, words, ["fd00::5", "fd01::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]):
        found = net.verdicts({"src": src, "dst": 0xFD00 << 112 | 2}, family=6)
        assert list(found.verdict) == ["DROP", "ACCEPT", "ACCEPT"]
        assert list(net.verdicts({"src": src, "dst": "fd00::1"}, family=6).rule) == [0, 0, 0]


def test_many_packets_are_walked_in_blocks(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"proto": 6, "dport": np.arange(5000) % 100, "in": "docker1", "dst": "10.0.0.3"}
    whole = net.verdicts(columns)
    monkeypatch.setattr(asking, "_BLOCK", 64)
    assert _told(net.verdicts(columns)) == _told(whole)


def test_rules_are_made_ready_once(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    first = net.verdicts({"proto": 6, "dport": np.array([80])})
    monkeypatch.delattr(asking, "Plan")
    assert net.verdicts({"proto": 17, "dport": np.array([1, 2])}).plan is first.plan


def test_no_packets_have_no_verdicts(net: Net) -> None:
    found = net.verdicts({"src": np.zeros(0, np.uint32)})
    assert (len(found), found.counts(), repr(found)) == (0, [], "<Verdicts: no packets>")


def _rules(folder: Path, table: str, *lines: str) -> Net:
    heads = (f"*{table}", ":FORWARD ACCEPT [0:0]", ":web - [0:0]", ":dns - [0:0]")
    return _net(folder, "\n".join((*heads, *(f"-A {line}" for line in lines), "COMMIT", "")))


def test_malformed_packets_are_dropped_by_the_rule_that_would_read_them(tmp_path: Path) -> None:
    net = _rules(tmp_path, "filter", "FORWARD -p tcp -m tcp --dport 80 -j ACCEPT")
    found = net.verdicts({"proto": np.array([6, 6, 17]), "dport": 80, "frag": np.array([1, 2, 1])})
    assert _told(found) == [
        ("DROP", "FORWARD", 1),
        ("ACCEPT", "FORWARD", 0),
        ("ACCEPT", "FORWARD", 0),
    ]


def test_without_a_connection_no_mark_is_restored_or_saved(tmp_path: Path) -> None:
    net = _rules(
        tmp_path, "mangle",
        "FORWARD -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
        "FORWARD -m mark --mark 0x5 -j DROP",
    )  # fmt: skip
    columns = {"ctstate": ["NEW", "UNTRACKED", "INVALID", "RELATED"], "ct_mark": 5}
    assert list(net.verdicts(columns, "mangle").rule) == [2, 0, 0, 2]


def test_a_connection_is_that_of_the_packet_or_of_what_it_answers(tmp_path: Path) -> None:
    net = _rules(
        tmp_path, "filter",
        "FORWARD -m conntrack --ctorigdst 10.0.0.1 --ctorigdstport 80 --ctdir ORIGINAL -j DROP",
        "FORWARD -m conntrack --ctorigdst 10.0.0.1 --ctorigdstport 80 -j REJECT",
        "FORWARD -m conntrack --ctorigdstport 2048 -j DROP",
    )  # fmt: skip
    columns = {"src": "10.0.0.2", "dst": "10.0.0.1", "sport": 5000, "dport": 80}
    answer = {"src": "10.0.0.1", "dst": "10.0.0.2", "sport": 80, "dport": 5000}
    proto, ways = np.array([6, 1, 47]), np.array([0, 1])
    assert list(net.verdicts({**columns, "proto": proto}).rule) == [1, 3, 0]
    assert list(net.verdicts({**columns, "proto": 6, "ct_dir": ways}).rule) == [1, 0]
    assert list(net.verdicts({**answer, "proto": 6, "ct_dir": ways}).rule) == [0, 2]


def test_marks_are_set_copied_and_asked_for_on_the_way(tmp_path: Path) -> None:
    net = _rules(
        tmp_path, "mangle",
        "FORWARD -p tcp -j web", "FORWARD -m mark --mark 0x3 -j DROP", "FORWARD -p udp -g dns",
        "FORWARD -j DROP", "web -j MARK --set-xmark 0x1/0xffffffff", "web -s 10.0.0.0/8 -j RETURN",
        "web -j MARK --or-mark 0x2", "dns -s 10.0.0.0/8 -j RETURN", "dns -j ACCEPT",
    )  # fmt: skip
    found = net.verdicts(
        {"proto": np.array([6, 6, 17, 17]), "src": ["10.0.0.1", "9.9.9.9", "10.0.0.1", "9.9.9.9"]},
        "mangle",
    )
    assert _told(found) == [
        ("DROP", "FORWARD", 4), ("DROP", "FORWARD", 2),
        ("ACCEPT", "FORWARD", 0), ("ACCEPT", "dns", 2),
    ]  # fmt: skip


def test_a_rule_of_many_addresses_and_a_token_bucket_is_unknown_for_those(tmp_path: Path) -> None:
    ranges = ",".join(str(port) for port in range(0, 30, 2))
    sources = ",".join(str(port) for port in range(100, 130, 2))
    line = f"FORWARD -p tcp -m multiport --sports {sources} -m multiport --dports {ranges}"
    net = _rules(tmp_path, "filter", f"{line} -m limit --limit 1/sec -j DROP", f"{line} -j REJECT")
    columns = {
        "proto": 6,
        "sport": np.array([100, 101, 128, 110]),
        "dport": np.array([0, 0, 28, 9]),
    }
    found = net.verdicts(columns)
    assert len(found.plan.questions) == 2
    assert _told(found) == [
        ("UNKNOWN", "FORWARD", 1), ("ACCEPT", "FORWARD", 0),
        ("UNKNOWN", "FORWARD", 1), ("ACCEPT", "FORWARD", 0),
    ]  # fmt: skip
    assert list(net.given({"limit": False}).verdicts(columns).rule) == [2, 0, 2, 0]


def test_columns_are_left_as_they_are(tmp_path: Path) -> None:
    rules = "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j MARK --set-xmark 0x1/0x1\n"
    net = _net(tmp_path, f"{rules}-A FORWARD -m mark --mark 0x1 -j DROP\nCOMMIT\n")
    mark = np.zeros(3, np.uint32)
    assert list(net.verdicts({"mark": mark}, "mangle").verdict) == ["DROP"] * 3
    assert not mark.any()


def test_the_example_in_the_documentation_works(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text()
    code, printed = re.findall(r"```(?:python|text)\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("columns", "more", "why"),
    [
        ({"dprt": 5}, {}, "no column 'dprt'.*There is dport"),
        ({"xyzzy": 5}, {}, "no column 'xyzzy'"),
        ({"src": np.zeros(3, int), "dst": np.zeros(4, int)}, {}, "src has 3, dst has 4"),
        ({"proto": np.array([6, 256])}, {}, "proto is a number from 0 to 255, not 256 in row 1"),
        ({"proto": 6, "dport": -1}, {}, "dport is a number from 0 to 65535, not -1"),
        ({"src": np.array([0.5])}, {}, "src holds float64"),
        ({"src": 0.5}, {}, "src is an integer, not 0.5"),
        ({"src": [[1, 2], [3]]}, {}, "src is one value or a column"),
        ({"src": np.zeros((2, 2), int)}, {}, r"src has one axis, not the shape \(2, 2\)"),
        ({"src": ["10.0.0.256"]}, {}, "src cannot be '10.0.0.256'"),
        ({"proto": True}, {}, "proto is an integer, not True"),
        ({"proto": np.array([True])}, {}, "proto holds bool"),
        ({"ctstate": "OLD"}, {}, "ctstate cannot be 'OLD'.*INVALID, NEW"),
        ({"in": "a-very-long-device-name"}, {}, "in cannot be"),
        ({"dport": 80}, {}, "a port says little without proto"),
        ({"out": "eth0"}, {"chain": "INPUT"}, "INPUT does not see the device 'out'"),
        ({}, {"table": "fliter"}, "no table 'fliter'.*There is filter"),
        ({}, {"chain": "FOWARD"}, "no chain 'FOWARD' in the table filter.*There is FORWARD"),
        ({}, {"family": 5}, "a family is 4 or 6, not 5"),
        ({}, {"family": 6}, "nobody told the rules of IPv6"),
    ],
)
def test_what_makes_no_sense_is_refused(
    net: Net, columns: dict[str, Any], more: dict[str, Any], why: str
) -> None:
    with pytest.raises(fwsim.FwsimError) as refused:
        net.verdicts(columns, **more)
    assert re.search(why, str(refused.value), re.DOTALL)
