"""fwsim replay: what people and scripts get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from questions.captures import RAW, packet, written

from cli.running import fwsim, refused
from fwsim.model.packet import ICMP
from fwsim.model.wire import to_bytes

PING = packet("172.18.0.3", "8.8.8.8", proto=ICMP, icmp_type=8, icmp_id=7, payload_len=56)
STRAY = packet("203.0.113.5", "172.18.0.3", proto=17, sport=5, dport=53)
PLACE = ("--from", "example:article-complete")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    file = tmp_path / "some.pcap"
    file.write_bytes(written([to_bytes(PING), to_bytes(STRAY), to_bytes(STRAY)], RAW))
    return file


def test_people_are_told_who_was_stopped_where(capture: Path) -> None:
    result = fwsim("replay", str(capture), *PLACE)
    assert result.exit_code == 1
    for text in (
        "some.pcap: 3 packets in 0.0 s", "1 of 3 got through.  ✗ 2 dropped.",
        "2  dropped  filter FORWARD policy DROP", "203.0.113.5 → 172.18.0.3, udp port 53",
        "filter FORWARD 8  -i docker1 ! -o docker1 -j ACCEPT", "Connections: 1 begun",
    ):  # fmt: skip
        assert text in result.stdout
    assert str(capture.parent) not in result.stdout


def test_scripts_get_the_summary_or_each_packet(capture: Path) -> None:
    summary = json.loads(fwsim("replay", str(capture), *PLACE, "--json").stdout)
    assert summary["verdicts"] == {"ACCEPT": 1, "DROP": 2}
    assert summary["stopped"][0]["decided_by"]["chain"] == "FORWARD"
    assert summary["stopped"][0]["talks"][0]["packets"] == 2
    lines = fwsim("replay", str(capture), *PLACE, "--jsonl").stdout.splitlines()
    legs = [json.loads(line) for line in lines]
    assert [(leg["frame"], leg["verdict"]) for leg in legs] == [
        (1, "ACCEPT"), (2, "DROP"), (3, "DROP"),
    ]  # fmt: skip
    refused("replay", str(capture), "--json", "--jsonl")


def test_the_exit_status_tells(capture: Path) -> None:
    accept = ("--with", "iptables -P FORWARD ACCEPT")
    assert fwsim("replay", str(capture), *PLACE, *accept).exit_code == 0
    depends = ("--with", "iptables -I FORWARD -m statistic --mode random --probability 0.5 -j DROP")
    result = fwsim("replay", str(capture), *PLACE, *depends)
    assert result.exit_code == 3
    assert "not known: " in result.stdout


def test_a_damaged_capture_is_answered_as_far_as_it_goes(capture: Path) -> None:
    data = capture.read_bytes()[:-3]
    for args, stdin in (((str(capture),), None), (("-",), data)):
        capture.write_bytes(data)
        result = fwsim("replay", *args, *PLACE, stdin=stdin)
        assert result.exit_code == 2
        assert "1 of 2 got through." in result.stdout
        assert "packet 3, at byte" in result.stderr
        assert result.stdout.count("damaged") == 1


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused("replay", str(tmp_path / "none"), *PLACE)
    assert "standard input" in refused("replay", "-", "--from", "-")
    (tmp_path / "text").write_text("no capture")
    result = fwsim("replay", str(tmp_path / "text"), *PLACE)
    assert (result.exit_code, "begins as no capture does" in result.stderr) == (2, True)


def test_a_name_that_would_drive_the_terminal_does_not(tmp_path: Path) -> None:
    file = tmp_path / "\x1b[31mred.pcap"
    file.write_bytes(written([to_bytes(PING)], RAW)[:-2])
    result = fwsim("replay", str(file), *PLACE)
    assert "\x1b" not in result.stdout + result.stderr
