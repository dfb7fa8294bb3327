"""Ctrl-C ends fwsim without a word and with status 130, whatever it was about."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.running import PING

INTERRUPTED = """
import atexit, os, runpy, signal, sys

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

class WhenImported:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            interrupt()

sys.meta_path.insert(0, WhenImported())
if {moment!r} == "the end":
    atexit.register(interrupt)
sys.argv = ["fwsim", *{args!r}]
runpy.run_module("fwsim", run_name="__main__")
"""


def _heeding() -> None:
    """What runs in the background of a shell without job control is deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupted(moment: str, *args: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = before + INTERRUPTED.format(moment=moment, args=args)
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False, timeout=60, preexec_fn=_heeding,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "args"),
    [
        ("fwsim.cli", PING),
        ("fwsim.cli.quick", PING),
        ("fwsim.cli.endings", PING),
        ("fwsim.machine.place", PING),
        ("fwsim.language.ext.conntrack", PING),
        ("fwsim.show.text", PING),
        ("click", ("list",)),
        ("fwsim.cli.save", ("save",)),
        ("tempfile", ("snapshot", "-o", "/nonexistent/nothing")),
    ],
)
def test_while_modules_are_imported(moment: str, args: tuple[str, ...]) -> None:
    run = _interrupted(moment, *args)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "")


def test_while_it_ends() -> None:
    run = _interrupted("the end", *PING)
    assert (run.returncode, run.stderr) == (130, "")
    assert "no answer" in run.stdout


def test_one_that_is_to_be_ignored_is() -> None:
    """As `nohup` and shells' `&` ask for."""
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    run = _interrupted("fwsim.machine.place", *PING, before=ignoring)
    assert (run.returncode, run.stderr) == (1, "")


def test_a_snapshot_begun_is_cleared_away(tmp_path: Path) -> None:
    """Its files lie in a temporary directory, which is left by an exception only."""
    code = """
import os, signal, sys, tempfile
import fwsim.capture.run as run

def interrupted(folder, options):
    print(folder.parent)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGINT)

run._run = interrupted
sys.argv = ["fwsim", "snapshot", "-o", sys.argv.pop()]
from fwsim.cli import main
main()
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "nothing.tar.gz")],
        capture_output=True, text=True, check=False, timeout=60, preexec_fn=_heeding,
    )  # fmt: skip
    assert (run.returncode, run.stderr.strip()) == (130, "")
    assert not Path(run.stdout.strip()).exists()
    assert run.stdout.strip()
