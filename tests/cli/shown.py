"""What documents show of the command line: ```console blocks of `$ ` commands, each followed by its
whole output (what goes to standard error apart)."""

from __future__ import annotations

import re
import shlex

from cli.running import fwsim

_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
_STEP = re.compile(r"^\$ (.*?)\n((?:(?!\$ ).*\n)*)", re.M)


def steps(text: str) -> list[tuple[str, str]]:
    """Each command of a document, and what it is shown to print."""
    return [step for block in _CONSOLE.findall(text) for step in _STEP.findall(block)]


def output(command: str) -> str:
    """What a command prints; it may read another's output through a pipe."""
    text: str | None = None
    for stage in command.split(" | "):
        words = shlex.split(stage)
        if words[0] == "grep":
            text = "".join(line for line in (text or "").splitlines(True) if words[-1] in line)
            continue
        assert words[0] == "fwsim", f"no such command here: {words[0]}"
        result = fwsim(*words[1:], stdin=text)
        assert result.exit_code in (0, 1), result.output
        text = result.stdout
    return text or ""
