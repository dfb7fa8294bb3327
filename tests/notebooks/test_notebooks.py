"""The course runs from a clean kernel, its outputs are those committed, and each of its exercises
is one that fwsim checks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

from fwsim.lessons.checking import exercises

from .running import NOTEBOOKS, ROOT, executed, read, said, tidy, written

ENGLISH = [path for path in NOTEBOOKS if path.parent.name == "notebooks"]
ASKED = re.compile(r'^answer = \.\.\.(?:  # .*)?\ncheck\("(\d+\.\d+)", answer\)\Z', re.MULTILINE)


@cache
def _cells(path: Path) -> list[Any]:
    return list(read(path).cells)


def _asked(path: Path) -> list[str]:
    sources = (cell.source for cell in _cells(path) if cell.cell_type == "code")
    return [found[1] for source in sources if (found := ASKED.search(source))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_notebook_runs_and_its_outputs_are_those_committed(path: Path) -> None:
    committed = read(path)
    assert written(tidy(read(path))) == path.read_text("utf-8")
    assert said(executed(read(path))) == said(committed), "run `make notebooks`, and read it"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_notebook_is_as_it_should_be(path: Path) -> None:
    nbformat.validate(read(path))
    cells = _cells(path)
    assert len({cell.id for cell in cells}) == len(cells)
    for cell in cells:
        outputs = cell.get("outputs", [])
        assert not any(output.output_type == "error" for output in outputs), cell.source
        assert not any(output.get("name") == "stderr" for output in outputs), cell.source


def test_each_exercise_is_asked_once_with_a_heading_and_has_a_check() -> None:
    asked = [number for path in ENGLISH for number in _asked(path)]
    assert asked == list(exercises())
    for path in ENGLISH:
        text = "\n".join(cell.source for cell in _cells(path) if cell.cell_type == "markdown")
        headings = re.findall(r"^### Exercise (\d+\.\d+)$", text, re.MULTILINE)
        assert headings == _asked(path)


def test_a_translation_runs_the_same_cells() -> None:
    for path in set(NOTEBOOKS) - set(ENGLISH):
        original = ROOT / "notebooks" / path.name
        assert _asked(path) == _asked(original)
        assert [c.id for c in _cells(path)] == [c.id for c in _cells(original)]
        assert _code(path) == _code(original)


def _code(path: Path) -> list[str]:
    """The cells' code, but for words, and for the line that chooses the language."""
    sources = (cell.source for cell in _cells(path) if cell.cell_type == "code")
    return [re.sub(r'fwsim\.speak\("[^"]*"\)\n|"[^"]*"', "", source) for source in sources]


def test_the_table_names_every_notebook() -> None:
    text = (ROOT / "notebooks" / "README.md").read_text("utf-8")
    assert re.findall(r"\]\((\d-[^)]*\.ipynb)\)", text) == [path.name for path in ENGLISH]
