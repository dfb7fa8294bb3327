"""Golden traces: the article's stages as fwsim tells them. `make golden` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fwsim
from fwsim.machine.place import examples

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "golden"
UPDATE = bool(os.environ.get("FWSIM_UPDATE_GOLDEN"))
NAMES = [name for name, _ in examples() if name.startswith("article-")]
TRACES = [(name, dst, False) for name in NAMES for dst in ("172.18.0.2", "8.8.8.8")]
TRACES.append(("article-outbound-only", "8.8.8.8", True))


def _file(name: str, dst: str, verbose: bool) -> Path:
    return FOLDER / f"{name}-to-{dst}{'-verbose' if verbose else ''}.txt"


@pytest.mark.parametrize(("name", "dst", "verbose"), TRACES)
def test_the_trace_reads_as_it_did(name: str, dst: str, verbose: bool) -> None:
    text = fwsim.load(f"example:{name}").trace(src="172.18.0.3", dst=dst).text(verbose=verbose)
    file = _file(name, dst, verbose)
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", "utf-8")
    assert f"{text}\n" == file.read_text("utf-8")


def test_there_is_no_golden_file_too_many() -> None:
    assert set(FOLDER.glob("*.txt")) == {_file(*trace) for trace in TRACES}
    assert len(NAMES) == 5
