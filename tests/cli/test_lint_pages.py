"""docs/lint, run: each page's files, and what its commands print. `make golden` writes it anew.

A file is a block of text behind a line with its name: `rules.txt`:"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cli.running import fwsim
from cli.shown import output, steps
from fwsim.questions.lint import codes

PAGES = Path(__file__).parents[2] / "docs" / "lint"
UPDATE = bool(os.environ.get("FWSIM_UPDATE_GOLDEN"))
FILE = re.compile(r"^`(\S+)`:\n\n```\n(.*?)^```$", re.M | re.S)
BLOCK = re.compile(r"^```.*\n(?:.*\n)*?```$", re.M)


def _page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text("utf-8")


@pytest.mark.parametrize("code", codes())
def test_a_page_shows_what_its_commands_print(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = _page(code)
    for name, content in FILE.findall(text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    shown = steps(text)
    printed = [output(command) for command, _ in shown]
    if UPDATE:
        for (command, was), now in zip(shown, printed, strict=True):
            text = text.replace(f"$ {command}\n{was}", f"$ {command}\n{now}")
        (PAGES / f"{code}.md").write_text(text, "utf-8")
    else:
        assert [was for _, was in shown] == printed
    assert f"  {code}  " in printed[0]
    assert "\n✓ Nothing found.\n" in printed[-1]


@pytest.mark.parametrize("code", codes())
def test_a_page_says_what_is_wrong_why_it_matters_and_the_fix(code: str) -> None:
    text = _page(code)
    assert re.match(rf"# {code} \((error|warning|info)\b.*\)\n\n\w", text)
    parts = [text.find(f"**{name}.**") for name in ("Why it matters", "Example", "Fix")]
    assert -1 not in parts
    assert parts == sorted(parts)
    assert len(BLOCK.findall(text)) == len(FILE.findall(text)) + text.count("```console\n")


def test_the_list_of_pages_and_the_help_name_every_code() -> None:
    linked = re.findall(r"^\| \[(\S+)\]\((\S+)\.md\) ", _page("README"), re.M)
    assert linked == [(code, code) for code in codes()]
    told = fwsim("lint", "--help").stdout
    assert "docs/lint/README.md" in told
    assert "docs/lint/CODE.md" in told
