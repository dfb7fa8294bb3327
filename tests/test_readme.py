"""The README's commands, run: what it shows is what they print. `make golden` writes it anew.

A ```console block holds `$ ` commands, each followed by its whole output. A ```python block is a
doctest."""

from __future__ import annotations

import doctest
import os
import re
from pathlib import Path

import pytest
from cli.shown import output, steps

README = Path(__file__).parent.parent / "README.md"
UPDATE = bool(os.environ.get("FWSIM_UPDATE_GOLDEN"))
STEPS = steps(README.read_text("utf-8"))


@pytest.mark.parametrize(("command", "shown"), STEPS, ids=[command for command, _ in STEPS])
def test_the_readme_shows_what_the_command_prints(command: str, shown: str) -> None:
    printed = output(command)
    if UPDATE:
        text = README.read_text("utf-8")
        README.write_text(text.replace(f"$ {command}\n{shown}", f"$ {command}\n{printed}"), "utf-8")
    else:
        assert shown == printed


def test_the_readme_opens_with_the_default_trace() -> None:
    assert STEPS[0][0] == "fwsim trace --src 172.18.0.3 --dst 8.8.8.8"
    assert len(STEPS) >= 6


def test_the_python_in_the_readme_runs() -> None:
    failures, tried = doctest.testfile(str(README), module_relative=False)
    assert (failures, tried >= 5) == (0, True)


def test_what_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text("utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
