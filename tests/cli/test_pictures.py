"""Pictures by command: where they go, and what is printed then."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import fwsim as api
from cli.running import PING, fwsim, process, refused


def test_a_page_and_a_picture_are_written_and_the_explanation_printed(tmp_path: Path) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "way.svg"
    result = fwsim(*PING, "--html", str(page), "--svg", str(picture))
    assert (result.exit_code, result.stdout) == (1, fwsim(*PING).stdout)
    trace = api.load().trace(src="172.18.0.3", dst="8.8.8.8")
    assert page.read_text("utf-8") == trace.html()
    assert picture.read_text("utf-8") == trace.svg()
    assert ElementTree.fromstring(picture.read_bytes()).tag.endswith("svg")


@pytest.mark.parametrize("option", ["--html", "--svg"])
def test_a_dash_is_standard_output(option: str) -> None:
    result = fwsim(*PING, option, "-")
    trace = api.load().trace(src="172.18.0.3", dst="8.8.8.8")
    assert result.exit_code == 1
    assert result.stdout == (trace.html() if option == "--html" else trace.svg())


def test_what_is_piped_is_utf_8_whatever_the_terminal_speaks() -> None:
    run = process(*PING, "--html", "-", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert run.returncode == 1
    assert "✗ no answer." in run.stdout


def test_a_diagram_is_printed_instead() -> None:
    result = fwsim(*PING, "--mermaid")
    assert result.exit_code == 1
    assert result.stdout.startswith("sequenceDiagram\n")
    assert "✗ no answer." in result.stdout
    assert "would help" not in result.stdout


def test_json_may_come_with_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert fwsim(*PING, "--json", "--html", str(page)).stdout == fwsim(*PING, "--json").stdout
    assert page.exists()


@pytest.mark.parametrize("name", ["missing/page.html", ".", "a\0b"])
def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for option in ("--html", "--svg"):
        assert name.replace("\0", "\\x00") in refused(*PING, option, name)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--html", "-", "--json"), "--html and --json cannot both be printed"),
        (("--svg", "-", "--mermaid"), "--svg and --mermaid"),
        (("--mermaid", "--json"), "--mermaid and --json"),
        (("--html", "-", "--svg", "-"), "--html and --svg"),
    ],
)
def test_two_things_are_not_printed_at_once(words: tuple[str, ...], told: str) -> None:
    assert told in refused(*PING, *words)


def test_pictures_are_of_one_exchange() -> None:
    message = refused("trace", "--packets", "-", "--json", "--html", "x.html", stdin="")
    assert re.search("--packets .* leave out --html", message)
