"""Whatever a user gives, the answer is a message and status 2, or an answer: never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.running import PING, fwsim, process, refused

GOOD = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:OTHER - [0:0]
-A FORWARD -i docker1 -j OTHER
-A FORWARD -i docker1 ! -o docker1 -j ACCEPT
-A OTHER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE
COMMIT
"""
COMMANDS = (PING, ("list",), ("save",))


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return tmp_path / "rules.txt"


def test_the_good_dump_is_good(dump: Path) -> None:
    dump.write_text(GOOD)
    for command in COMMANDS:
        assert fwsim(*command, "--from", str(dump)).exit_code in (0, 1)


@pytest.mark.parametrize(
    ("was", "becomes", "line", "why"),
    [
        ("COMMIT\n*nat", "*nat", 9, "COMMIT"),
        ("-j OTHER", "-j NOWHERE", 6, "NOWHERE"),
        ("-A OTHER -j RETURN", "-A OTHER -j OTHER", 8, "circle"),
        (
            "-s 172.18.0.0/16",
            "-s fe80::1/64 -d 1.2.3.4",
            15,
            "this is an IPv4 address in IPv6 rules",
        ),
        ("-i docker1 -j OTHER", "-p tcp --dport 70000 -j OTHER", 6, "70000"),
        ("-i docker1 -j OTHER", "-p tcp --dport " + "9" * 5000 + " -j OTHER", 6, "port"),
        ("-i docker1 -j OTHER", "-m nothing -j OTHER", 6, "nothing"),
        ("-i docker1 -j OTHER", "-i docker1 --frobnicate -j OTHER", 6, "frobnicate"),
        ("-i docker1 -j OTHER", '-i docker1 -j OTHER "', 6, ""),
        ("*filter", "*filters", 1, "filters"),
    ],
)
def test_a_bad_line_is_named_with_a_caret(
    dump: Path, was: str, becomes: str, line: int, why: str
) -> None:
    dump.write_text(GOOD.replace(was, becomes, 1))
    message = refused(*PING, "--from", str(dump))
    assert f"{dump}:{line}:" in message
    assert why in message
    assert "^" in message


@pytest.mark.parametrize("length", range(1, len(GOOD), 13))
def test_a_truncated_dump(dump: Path, length: int) -> None:
    dump.write_text(GOOD[:length])
    for command in COMMANDS:
        _ends_well(*command, "--from", str(dump))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        bytes(range(256)) * 40,
        b"\x7fELF\x02\x01\x01" + bytes(200),
        b"\x1f\x8b\x08" + b"junk" * 20,
        bytes(257) + b"ustar" + bytes(900),
        b"PK\x03\x04" + b"zip" * 30,
        b"\xff\xfe*\0f\0i\0l\0",
        b"*filter\n" + b"-A " * 100_000,
        b'"' * 10_000,
        b"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT \xff\xfe -j ACCEPT\nCOMMIT\n",
        b"{" * 50_000,
    ],
)
def test_junk_is_refused(dump: Path, data: bytes) -> None:
    dump.write_bytes(data)
    for command in COMMANDS:
        _ends_well(*command, "--from", str(dump))
        _ends_well(*command, "--from", "-", stdin=data)


def test_crlf_is_told(dump: Path) -> None:
    """iptables-restore refuses it too."""
    dump.write_bytes(GOOD.replace("\n", "\r\n").encode())
    message = refused(*PING, "--from", str(dump))
    assert f"{dump}:1:" in message
    assert "CR LF" in message


def test_an_empty_file_is_named(dump: Path) -> None:
    dump.write_text("\n")
    assert f"{dump} is empty" in refused(*PING, "--from", str(dump))


def test_counters_of_many_digits_stay_at_the_largest(dump: Path) -> None:
    dump.write_text(GOOD.replace("[0:0]", f"[{'9' * 5000}:0]", 1))
    text = fwsim("save", "--from", str(dump)).stdout
    assert f":INPUT ACCEPT [{2**64 - 1}:0]" in text


def test_a_loop_of_many_chains(dump: Path) -> None:
    chains = "".join(f":C{n} - [0:0]\n" for n in range(2000))
    jumps = "".join(f"-A C{n} -j C{(n + 1) % 2000}\n" for n in range(2000))
    dump.write_text(
        f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{chains}"
        f"-A FORWARD -j C0\n{jumps}COMMIT\n"
    )
    assert "circle" in refused(*PING, "--from", str(dump))


# -- places ----------------------------------------------------------------------------------------


def test_places_that_cannot_be_opened(tmp_path: Path) -> None:
    assert "none" in refused(*PING, "--from", str(tmp_path / "none"))
    assert str(tmp_path) in refused(*PING, "--from", str(tmp_path)), "a directory without a ruleset"
    assert "nonsense" in refused(*PING, "--from", "example:nonsense")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "dangling" in refused(*PING, "--from", str(tmp_path / "dangling"))
    assert "'': there is no such file" in refused(*PING, "--from", "")
    refused(*PING, "--from", "x" * 5000)
    refused(*PING, "--from", "example:../../x")


def test_files_of_packets_that_cannot_be_read(tmp_path: Path) -> None:
    """One is opened, and only then fails."""
    for file, named in ((str(tmp_path), str(tmp_path)), ("", "''"), ("/proc/self/mem",) * 2):
        assert refused("trace", "--json", "--packets", file).startswith(f"fwsim: {named}: ")


def test_an_unreadable_file(dump: Path) -> None:
    """Root may read anything, so the command gives up its rights first."""
    dump.write_text(GOOD)
    dump.chmod(0)
    dump.parent.chmod(0o755)
    code = (
        "import os, pathlib, sys; "
        "import fwsim.cli.commands, fwsim.cli.tracing, fwsim.machine.place, fwsim.net; "
        "os.geteuid() or os.setresuid(65534, 65534, 65534); "
        "fwsim.cli.main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *PING, "--from", dump.name],
        capture_output=True, text=True, check=False, cwd=dump.parent,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (2, ""), run.stderr
    assert "Permission denied" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_deeply_nested_snapshot(tmp_path: Path) -> None:
    (tmp_path / "iptables-save").write_text(GOOD)
    for bad in (
        "[" * 100_000,
        "{",
        "7",
        '[{"ifname": 3}]',
        "[" + "9" * 5000 + "]",
        '[{"a": [[]]}]',
    ):
        (tmp_path / "ip-addr.json").write_text(bad)
        _ends_well(*PING, "--from", str(tmp_path))


# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("trace",), "--src"),
        (("trace", "--src", "ns1"), "--dst"),
        (("trace", "--src", "nobody", "--dst", "ns1"), "nobody"),
        (("trace", "--src", "172.18.0.3", "--dst", "::1"), "IPv"),
        (("trace", "--src", "1.2.3.4.5", "--dst", "8.8.8.8"), "1.2.3.4.5"),
        ((*PING, "--proto", "frob"), "frob"),
        ((*PING, "--proto", "256"), "256"),
        ((*PING, "--proto", "9" * 5000), ""),
        ((*PING, "--proto", "-1"), "-1"),
        ((*PING, "--proto", "tcp", "--dport", "70000"), "70000"),
        ((*PING, "--proto", "tcp", "--dport", "-1"), "-1"),
        ((*PING, "--proto", "tcp", "--sport", "9" * 5000), ""),
        ((*PING, "--proto", "tcp", "--dport", "http"), "http"),
        ((*PING, "--in", "eth9"), "eth9"),
        ((*PING, "--out", "eth9"), "eth9"),
        ((*PING, "--proto", "icmp", "--dport", "80"), "icmp has no ports"),
        ((*PING, "--proto", "icmp", "--sport", "0"), "icmp has no ports"),
        ((*PING, "--proto", "gre", "--dport", "80"), "gre has no ports"),
        ((*PING, "--proto", "253", "--dport", "80"), "253 has no ports"),
        ((*PING, "--with", ""), ""),
        ((*PING, "--with", "rm -rf /"), "rm"),
        ((*PING, "--with", "iptables -D FORWARD 99"), "99"),
        ((*PING, "--with", "iptables -A FORWARD -j NOWHERE"), "NOWHERE"),
        ((*PING, "--with", "iptables -A FORWARD -s ::1 -j DROP"), "::1"),
        ((*PING, "--with", "iptables -A FORWARD 'unclosed"), ""),
        ((*PING, "--frob"), "--frob"),
        ((*PING, "more"), "more"),
        (("tarce", "--src", "a"), "'trace'"),
        (("frobnicate",), "frobnicate"),
        (("list", "NOWHERE"), "NOWHERE"),
        (("list", "-t", "frob"), "frob"),
        (("save", "-t", "frob"), "frob"),
        (("list", "--after", "ns1"), "SRC DST"),
        (("list", "--after", "ns1 8.8.8.8 tcp/70000"), "70000"),
        (("list", "--after", "ns1 8.8.8.8 frob"), "frob"),
        (("list", "--after", "ns1 8.8.8.8 icmp/80"), "icmp has no ports"),
        (("list", "--after", "ns1 nobody"), "nobody"),
        (("list", "--after", ""), "SRC DST"),
    ],
)
def test_arguments_that_make_no_sense(args: tuple[str, ...], why: str) -> None:
    assert why in refused(*args)


@pytest.mark.parametrize(
    "option", ["--src", "--dst", "--proto", "--in", "--out", "--with", "--from"]
)
def test_arguments_that_are_not_utf8_or_drive_a_terminal(option: str) -> None:
    for bad in (b"\xff\xfe", b"\x1b[31mred", "\u202egnp".encode()):
        run = process(*PING, option, bad)
        assert run.returncode == 2
        assert "Traceback" not in run.stderr
        assert "\x1b" not in run.stderr + run.stdout
        assert "\u202e" not in run.stderr + run.stdout


def _ends_well(*args: str, stdin: bytes | None = None) -> None:
    result = fwsim(*args, stdin=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), args
    assert result.exit_code in (0, 1, 2, 3)
    assert (result.exit_code == 2) == bool(result.stderr)
