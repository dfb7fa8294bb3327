"""Golden traces: the article's stages as fwsim tells them. `make golden` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fwsim
from fwsim.machine.place import examples
from fwsim.readings.words import language

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "golden"
UPDATE = bool(os.environ.get("FWSIM_UPDATE_GOLDEN"))
NAMES = [name for name, _ in examples() if name.startswith("article-")]
TRACES = [(name, dst, "", "en") for name in NAMES for dst in ("172.18.0.2", "8.8.8.8")]
TRACES += [
    ("article-outbound-only", "8.8.8.8", how, lang)
    for how, lang in (("-verbose", "en"), ("", "zh-TW"), ("-verbose", "zh-TW"))
]


def _file(name: str, dst: str, how: str, lang: str) -> Path:
    return FOLDER / f"{name}-to-{dst}{how}{'' if lang == 'en' else f'.{lang}'}.txt"


def _told(name: str, dst: str, how: str, lang: str) -> str:
    token = language.set(lang)
    try:
        trace = fwsim.load(f"example:{name}").trace(src="172.18.0.3", dst=dst)
        return trace.text(verbose=how == "-verbose")
    finally:
        language.reset(token)


@pytest.mark.parametrize(("name", "dst", "how", "lang"), TRACES)
def test_the_trace_reads_as_it_did(name: str, dst: str, how: str, lang: str) -> None:
    text = _told(name, dst, how, lang)
    file = _file(name, dst, how, lang)
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", "utf-8")
    assert f"{text}\n" == file.read_text("utf-8")


def test_there_is_no_golden_file_too_many() -> None:
    assert set(FOLDER.glob("*.txt")) == {_file(*trace) for trace in TRACES}
    assert len(NAMES) == 5
