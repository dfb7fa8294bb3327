"""fwsim coverage: what people and scripts get."""

from __future__ import annotations

import json
from pathlib import Path

from questions.captures import RAW, packet, written

from cli.running import fwsim, refused
from fwsim.model.wire import to_bytes

PLACE = ("--from", "example:article-complete")
OUT = packet("172.18.0.3", "8.8.8.8", proto=17, sport=1, dport=53)


def test_a_capture_leaves_a_table_and_what_it_did_not_reach(tmp_path: Path) -> None:
    file = tmp_path / "some.pcap"
    file.write_bytes(written([to_bytes(OUT)], RAW))
    result = fwsim("coverage", *PLACE, "--pcap", str(file))
    assert result.exit_code == 1
    for text in (
        "6 of 15 rules were reached by the capture (40 %).", "  nat     POSTROUTING  ",
        "line 18  filter FORWARD 3  -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED",
        "never can be: no packet is what it asks for",
    ):  # fmt: skip
        assert text in result.stdout, result.stdout
    file.write_bytes(file.read_bytes()[:-1])
    result = fwsim("coverage", *PLACE, "--pcap", str(file))
    assert (result.exit_code, "packet 1, at byte 24" in result.stderr) == (2, True)


def test_scripts_get_an_object() -> None:
    line = json.dumps({"in": "veth1", "src": "172.18.0.3", "dst": "8.8.8.8"})
    args = ("coverage", *PLACE, "--packets", "-", "--json")
    found = json.loads(fwsim(*args, stdin=line).stdout)
    assert (found["by"], found["rules"], found["reached"]) == ("packets", 15, 6)
    assert found["hits"][0]["packets"] == 1
    assert len(found["unreached"]) == 9
    assert sum(chain["reached"] for chain in found["chains"]) == 6


def test_counters_that_are_not_there_are_told() -> None:
    result = fwsim("coverage", *PLACE, "--counters")
    assert (result.exit_code, "counters are all 0" in result.stdout) == (1, True)


def test_all_is_a_status_of_its_own() -> None:
    rules = "*filter\n:FORWARD ACCEPT [3:9]\n[3:9] -A FORWARD -j ACCEPT\nCOMMIT\n"
    result = fwsim("coverage", "--from", "-", stdin=rules)
    assert (result.exit_code, "Every rule was reached" in result.stdout) == (0, True)


def test_wrong_questions_are_refused() -> None:
    assert "by which of them" in refused("coverage", "--counters", "--pcap", "some")
    assert "capture" in refused("coverage", "--in", "eth0")
    assert "standard input:1" in refused("coverage", *PLACE, "--packets", "-", stdin="{")
    assert "No such file" in refused("coverage", *PLACE, "--pcap", "none.pcap")
