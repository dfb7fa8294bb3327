"""A machine written down by the script that `fwsim snapshot` runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fwsim.capture.run import script

Run = Callable[..., str]


def write_snapshot(run: Run, directory: Path, *options: str) -> None:
    """Run the script by `run`, which gives it its standard input as `text`."""
    run("sh", "-s", "--", "-o", str(directory), *options, text=script())
