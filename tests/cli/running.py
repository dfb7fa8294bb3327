"""The command line, run within the tests or as a process of its own."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner, Result

from fwsim.cli.commands import fwsim as main

PING = ("trace", "--src", "172.18.0.3", "--dst", "8.8.8.8")


def fwsim(
    *args: str, stdin: str | bytes | None = None, env: dict[str, str] | None = None
) -> Result:
    """Run the command; what it leaves is its output, its messages and its exit status."""
    return CliRunner().invoke(
        main, list(args), input=stdin, env={"FWSIM_FROM": None, **(env or {})}
    )


def refused(*args: str, stdin: str | bytes | None = None) -> str:
    """Run what must be refused: status 2, nothing on standard output; the message."""
    result = fwsim(*args, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    assert result.stderr.strip()
    return result.stderr


def process(*args: str | bytes, **options: object) -> subprocess.CompletedProcess[str]:
    """As a process."""
    command = [sys.executable, "-m", "fwsim", *args]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, **options
    )  # type: ignore[call-overload,no-any-return]
