"""fwsim trace --packets: many packets, one leg a line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.running import fwsim, refused

MANY = ("trace", "--json", "--packets")
REQUEST = {"in": "veth1", "src": "172.18.0.3", "dst": "8.8.8.8", "proto": "icmp", "icmp_id": 7}
REPLY = {"in": "eth0", "src": "8.8.8.8", "dst": "192.0.2.10", "proto": "icmp", "icmp_type": 0,
         "icmp_id": 7, "time": 0.02}  # fmt: skip


def _lines(*packets: object) -> str:
    return "".join(f"{json.dumps(packet)}\n" for packet in packets)


def test_packets_share_one_connection_tracking_world() -> None:
    result = fwsim(*MANY, "-", stdin=_lines(REQUEST, REPLY, {**REPLY, "icmp_id": 8}))
    legs = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [leg["ctstate"] for leg in legs] == ["NEW", "ESTABLISHED", "INVALID"]
    assert [leg["verdict"] for leg in legs] == ["ACCEPT", "DROP", "ACCEPT"]
    assert legs[0]["emitted"][0]["dev"] == "eth0"
    assert legs[0]["emitted"][0]["src"] == "192.0.2.10"


def test_a_packet_that_comes_in_by_no_device_is_the_hosts_own() -> None:
    packet = {"in": None, "src": "172.18.0.1", "dst": "172.18.0.3"}
    result = fwsim(*MANY, "-", stdin=_lines(packet))
    leg = json.loads(result.stdout)
    assert (result.exit_code, leg["fate"]) == (0, "sent")
    assert [4, "filter", "OUTPUT"] in leg["policies"]


def test_a_file_of_packets_with_empty_lines(tmp_path: Path) -> None:
    file = tmp_path / "packets.jsonl"
    file.write_text("\n" + _lines(REQUEST) + "\n\n" + _lines(REQUEST))
    assert fwsim(*MANY, str(file)).stdout.count("\n") == 2


def test_each_leg_is_written_before_the_next_packet_is_read() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "fwsim", *MANY, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        for _ in range(3):
            child.stdin.write(_lines(REQUEST).encode())
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["verdict"] == "ACCEPT"
    assert child.wait() == 0


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[1]", "an object"),
        ("7", "an object"),
        (DEEP, "no JSON"),
        ('{"src": ' * 2000 + "1" + "}" * 2000, ""),
        ('{"a": ' * 900 + "1" + "}" * 900, ""),
        ("1" * 5000, ""),
        ('{"dst": "8.8.8.8"}', "src"),
        ('{"src": "1.2.3.4", "dst": "::1"}', "families"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "sport": 70000, "proto": "udp"}', "65535"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "ttl": ' + "9" * 4000 + "}", "255"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "ttl": ' + "9" * 5000 + "}", ""),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "time": 1e999}', "seconds"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "time": NaN}', "seconds"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "time": "now"}', "seconds"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "in": 3}', "device"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "in": "eth9"}', "eth9"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "in": ["eth0"]}', "device"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "colour": "red"}', "colour"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "payload": "xyz"}', "hexadecimal"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "inner": []}', "inner"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "proto": {}}', ""),
        ('{"src": "\\ud800", "dst": "8.8.8.8"}', "src"),
        ('{"src": ["1.2.3.4"], "dst": "8.8.8.8"}', "src"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "mark": 7}', "mark"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "dev": "eth0"}', '"in" names'),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "more": "yes"}', "true or false"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "payload": 10}', "hexadecimal"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "payload": "00", "payload_len": 5}', "1 bytes"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "payload_len": 65535}', "65535 bytes"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "length": 27}', "28 bytes"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "length": 84, "payload_len": 8}', "36 bytes"),
        ('{"src": "1.2.3.4", "dst": "8.8.8.8", "inner": ' * 400 + "1" + "}" * 400, "inner"),
        ('{"src": "1.2.3.4", "dst": oops}', "2:27: "),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(f"{_lines(REQUEST)}{line}\n")
    result = fwsim(*MANY, str(file))
    assert result.exit_code == 2, result.output
    assert f"{file}:2:" in result.stderr
    assert why in result.stderr
    assert result.stdout.count("\n") == 1, "what came before the bad line stands"
    assert "Traceback" not in result.stderr


def test_members_that_are_null_are_as_good_as_missing() -> None:
    bare = fwsim(*MANY, "-", stdin=_lines({**REQUEST, "proto": "tcp"})).stdout
    none = dict.fromkeys(["sport", "flags", "payload", "inner", "mac_dst", "time", "more"])
    assert fwsim(*MANY, "-", stdin=_lines({**REQUEST, "proto": "tcp", **none})).stdout == bare
    assert json.loads(bare)["packet"]["flags"] == ["SYN"]


def test_an_answers_length_is_the_length_of_the_packet_that_is_made_of_it() -> None:
    ping = json.loads(fwsim("trace", "--src", "ns1", "--dst", "8.8.8.8", "--json").stdout)
    packet = ping["legs"][0]["packet"]
    assert packet["length"] == 84
    leg = json.loads(fwsim(*MANY, "-", stdin=_lines({**packet, "in": "veth1"})).stdout)
    assert leg["packet"] == packet


def test_a_line_that_is_not_utf8_is_named() -> None:
    assert "standard input:1: " in refused(*MANY, "-", stdin=b'{"src": "\xff\xfe"}\n')


def test_packets_need_json_and_a_file_that_is_there(tmp_path: Path) -> None:
    assert "--json" in refused("trace", "--packets", "-")
    assert "leave out --src, --in" in refused(*MANY, "-", "--src", "ns1", "--in", "eth0")
    assert "none.jsonl" in refused(*MANY, str(tmp_path / "none.jsonl"))
    assert str(tmp_path) in refused(*MANY, str(tmp_path))
    assert "standard input" in refused(*MANY, "-", "--from", "-")
