"""Standard streams that are closed, full, or speak another encoding."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cli.running import PING, fwsim

COMMANDS = (PING, ("save",), ("list",), ("examples",), ("--help",), ("--version",))


def _shell(redirected: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    words = " ".join([sys.executable, "-m", "fwsim", *args, redirected])
    settings = "".join(f"export {name}={value}; " for name, value in env.items())
    return subprocess.run(
        settings + words, shell=True, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("args", COMMANDS)
@pytest.mark.parametrize(("where", "why"), [(">&-", "closed"), (">/dev/full", "No space")])
def test_an_output_that_takes_nothing_is_told(args: tuple[str, ...], where: str, why: str) -> None:
    run = _shell(where, *args)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    assert why in run.stderr


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_refusal_that_nobody_hears_still_has_its_status(where: str) -> None:
    assert _shell(where, "frobnicate").returncode == 2


@pytest.mark.parametrize("args", [(*PING, "--from", "-"), ("trace", "--packets", "-", "--json")])
def test_a_closed_input_is_told_where_it_is_wanted(args: tuple[str, ...]) -> None:
    run = _shell("<&-", *args)
    assert (run.returncode, run.stderr) == (2, "fwsim: standard input is closed\n")


def test_a_closed_input_is_nothing_to_those_who_do_not_read() -> None:
    assert _shell("<&-", *PING).stdout == fwsim(*PING).stdout


def test_an_encoding_without_our_signs_gets_plainer_ones() -> None:
    run = _shell("", *PING, PYTHONIOENCODING="latin-1")
    assert (run.returncode, run.stderr) == (1, "")
    assert "ns1 172.18.0.3 -> internet 8.8.8.8, icmp echo: x no answer." in run.stdout
    assert "<- decided here" in run.stdout
