"""The extension that CONTRIBUTING.md shows: as it stands there, in one new file, it works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fwsim.language.ext

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
CODE = re.search(r"<!-- example: length\.py -->\n```python\n(.*?)```", TEXT, re.DOTALL)
# In an interpreter of its own: extensions are found once and remembered.
ASK = """
import json, sys
from fwsim.language import ext
ext.__path__.insert(0, sys.argv[1])
from fwsim.language.ext.length import EXAMPLES
from fwsim.language.read import read
from fwsim.language.write import rule_text
from fwsim.model.errors import ReadError
from fwsim.readings.concrete import holds

def rule(text):
    return read(f"*filter\\n-A INPUT {text}\\nCOMMIT\\n").rule("filter", "INPUT", 1)

def saved(text):
    try:
        return rule_text(rule(text)).strip()
    except ReadError:
        return "error"

lines = [line.split(" ; ") for line in EXAMPLES.strip().splitlines()]
negated = rule("-m length ! --length 100:200").pred
print(json.dumps({
    "file": sys.modules["fwsim.language.ext.length"].__file__,
    "examples": [[text, said, saved(text)] for text, said in lines],
    "holds": [holds(negated, {"length": n}) is True for n in (99, 100, 200, 201)],
}))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    assert CODE
    folder = tmp_path_factory.mktemp("ext")
    (folder / "length.py").write_text(CODE[1])
    run = subprocess.run(
        [sys.executable, "-c", ASK, str(folder)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["file"] == str(folder / "length.py")
    return told


def test_it_is_the_one_that_the_package_has() -> None:
    assert CODE
    package = Path(fwsim.language.ext.__file__).parent
    assert (package / "length.py").read_text() == CODE[1]


def test_its_examples_come_out_as_they_say(answer: Any) -> None:
    assert {said for _, said, _ in answer["examples"]} >= {"=", "error"}
    for text, said, saved in answer["examples"]:
        assert saved == (text if said == "=" else said)


def test_it_means_what_it_says(answer: Any) -> None:
    assert answer["holds"] == [True, False, False, True]
