"""fwsim trace, as people and scripts use it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fwsim as package
from cli.running import PING, fwsim, process

MISSING = "iptables -A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def test_a_port_alone_means_tcp() -> None:
    told = fwsim("trace", "--src", "ns1", "--dst", "ns0", "--dport", "5432").stdout
    assert "ns1 172.18.0.3 → ns0 172.18.0.2, tcp port 5432: ✓ answered." in told


def test_the_default_trace_tells_which_world_what_became_of_it_and_where() -> None:
    result = fwsim(*PING)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0] == "example:article-outbound-only (built in; name your own rules with --from)"
    assert "✗ no answer. The reply is dropped on host by filter FORWARD's policy." in lines[1]
    assert any("policy DROP" in line and "← decided here" in line for line in lines)
    assert any("MASQUERADE: source becomes 192.0.2.10" in line for line in lines)


def test_the_article_followed_command_by_command() -> None:
    steps: list[tuple[list[str], str, int]] = [
        ([], "8.8.8.8", 1),
        (["iptables -P FORWARD ACCEPT"], "8.8.8.8", 0),
        (["iptables -D FORWARD 7"], "172.18.0.2", 1),
        (["iptables -D FORWARD 7", "iptables -I FORWARD -i docker1 -o docker1 -j ACCEPT"],
         "172.18.0.2", 0),
        ([MISSING], "8.8.8.8", 0),
    ]  # fmt: skip
    for commands, destination, status in steps:
        given = [word for command in commands for word in ("--with", command)]
        assert fwsim("trace", "--src", "ns1", "--dst", destination, *given).exit_code == status


def test_names_of_the_place_are_as_good_as_addresses() -> None:
    by_name = fwsim("trace", "--src", "ns1", "--dst", "ns0", "--json").stdout
    assert by_name == fwsim("trace", "--src", "172.18.0.3", "--dst", "172.18.0.2", "--json").stdout


def test_one_way_asks_for_the_request_alone() -> None:
    result = fwsim(*PING, "--one-way")
    assert result.exit_code == 0
    assert "✓ gets through." in result.stdout
    assert "reply" not in result.stdout


def test_the_place_comes_from_the_option_or_the_environment() -> None:
    place = "example:article-complete"
    assert fwsim(*PING, "--from", place).exit_code == 0
    result = fwsim(*PING, env={"FWSIM_FROM": place})
    assert result.exit_code == 0
    assert result.stdout.startswith(place)


def test_json_is_what_python_gives() -> None:
    result = fwsim(*PING, "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data == json.loads(json.dumps(package.load().trace(src="ns1", dst="8.8.8.8").to_dict()))
    assert (data["verdict"], data["outcome"]) == ("DROP", "timeout")
    assert data["decided_by"] == {
        "host": "host", "family": 4, "table": "filter", "chain": "FORWARD", "rule": "policy",
    }  # fmt: skip
    assert [leg["direction"] for leg in data["legs"]] == ["request", "reply"]
    assert data["legs"][0]["matched"][0] == [4, "filter", "FORWARD", 1]


def test_verbose_tells_every_rule_with_its_reasons() -> None:
    text = fwsim(*PING, "-v").stdout
    assert "✗ misses: leaves by docker1, not docker0" in text
    for number in range(1, 9):
        assert any(f"  {number}  -" in line for line in text.splitlines())


def test_what_depends_on_the_unknown_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    result = fwsim("trace", "--src", "ns1", "--dst", "224.0.0.251", "--proto", "udp")
    assert result.exit_code == 3, result.output
    assert "multicast" in result.stdout


def test_a_client_beyond_the_host_is_answered(tmp_path: Path) -> None:
    dump = tmp_path / "rules"
    dump.write_text("*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
                    "-A INPUT -i eth0 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n")  # fmt: skip
    asked = ("trace", "--from", str(dump), "--src", "1.2.3.4", "--dst", "host", "--in", "eth0")
    assert fwsim(*asked, "--proto", "tcp", "--dport", "22").exit_code == 0
    assert fwsim(*asked, "--proto", "tcp", "--dport", "23").exit_code == 1


def test_what_was_inferred_is_said(tmp_path: Path) -> None:
    dump = tmp_path / "rules"
    dump.write_text("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
                    "-A FORWARD -i eth7 -j DROP\nCOMMIT\n")  # fmt: skip
    text = fwsim("trace", "--from", str(dump), "--src", "host", "--dst", "8.8.8.8").stdout
    assert "note: eth7 is taken for the uplink" in text


def test_without_a_command_there_is_help() -> None:
    result = fwsim()
    assert result.exit_code == 0
    for command in ("trace", "list", "save", "examples"):
        assert f"  {command} " in result.stdout
        assert fwsim(command, "--help").exit_code == 0


def test_the_version() -> None:
    assert fwsim("--version").stdout == f"fwsim {package.__version__}\n"


def test_examples_are_listed_and_can_be_opened() -> None:
    lines = fwsim("examples").stdout.splitlines()
    assert len(lines) >= 5
    for line in lines:
        assert fwsim(*PING, "--from", line.split()[0]).exit_code in (0, 1)


# -- terminals -------------------------------------------------------------------------------------


def _on_a_terminal(columns: int, **env: str) -> str:
    """What the default trace writes to a terminal of that many columns."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "fwsim", *PING],
        stdout=theirs,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **env},
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert child.wait() == 1
    return written.decode().replace("\r\n", "\n")


def test_colours_on_a_terminal_and_none_with_no_color() -> None:
    assert "\x1b[" in _on_a_terminal(120)
    plain = _on_a_terminal(200, NO_COLOR="1")
    assert "\x1b[3" not in plain


def test_a_narrow_terminal_shows_the_same_words() -> None:
    narrow = re.sub(r"\x1b\[[0-9;]*m", "", _on_a_terminal(60))
    *others, command = narrow.splitlines()
    assert max(map(len, others)) <= 60
    assert command == f"  {MISSING}", "in one line, to be copied"
    assert narrow.split() == fwsim(*PING).stdout.split()


# -- how it ends -----------------------------------------------------------------------------------


def test_a_closed_pipe_ends_quietly() -> None:
    command = f"{sys.executable} -m fwsim {' '.join(PING)} -v | head -1"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (run.stdout.count("\n"), run.stderr) == (1, "")


def test_a_pipe_closed_before_anything_was_written_ends_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-m", "fwsim", *PING], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert run.stderr == b""


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(place: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "load", interrupted)
    assert fwsim(*PING).exit_code == 130


def test_the_module_runs_as_a_program() -> None:
    run = process(*PING)
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout == fwsim(*PING).stdout


def test_help_after_the_command_list_was_used() -> None:
    """The module fwsim.cli.list hides the builtin in its package."""
    assert fwsim("list").exit_code == 0
    assert fwsim().exit_code == 0
