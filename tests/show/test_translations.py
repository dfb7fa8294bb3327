"""The words in other languages: whole, fitting their places, and set by the columns they take."""

from __future__ import annotations

import os
import re
import string
from importlib import import_module
from pathlib import Path

import pytest
from cli.running import PING, process

import fwsim
from fwsim.model.errors import QuestionError
from fwsim.readings.words import LANGUAGES, language
from fwsim.show.layout import cells, length, plain
from fwsim.show.narrow import fit

ROOT = Path(__file__).parent.parent.parent / "fwsim"
NAMES = [name.replace("-", "_").lower() for name in LANGUAGES if name != "en"]
ENGLISH = sorted(
    path for path in ROOT.rglob("*.py")
    if path.stem == "en" or (path.parent.name == "en" and path.parent.parent.name == "words")
)  # fmt: skip
WIDE = "\u4e2d"


def _words(path: Path, name: str) -> dict[str, str] | None:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    module = ".".join(name if part == "en" else part for part in parts if part != "__init__")
    try:
        words: dict[str, str] = import_module(module).WORDS
    except ModuleNotFoundError:
        return None
    return words


def _places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


TRANSLATED = [
    (english, words, name)
    for path in ENGLISH for name in NAMES
    if (english := _words(path, "en")) is not None and (words := _words(path, name)) is not None
]  # fmt: skip


@pytest.mark.parametrize(("english", "words", "name"), TRANSLATED)
def test_a_translation_is_whole_and_has_the_same_places(
    english: dict[str, str], words: dict[str, str], name: str
) -> None:
    assert {key for key in words if not key.startswith("why.")} <= set(english)
    for key, template in english.items():
        if key in words:
            assert _places(words[key]) == _places(template), key
        else:
            bare = re.sub(r"\{.*?\}", "", template)
            assert not re.search(r"[A-Za-z]", bare.replace("IPv", "")), f"{name}: {key}"


def test_the_catalogues_of_traces_are_translated() -> None:
    assert len(TRANSLATED) >= 6


def test_lang_is_heard_by_its_option_and_its_variable() -> None:
    for run in (
        process(*PING, "--lang", "zh-TW"),
        process(*PING, env={**os.environ, "FWSIM_LANG": "zh-TW"}),
    ):
        assert "\u9810\u8a2d\u653f\u7b56" in run.stdout
    assert "default" not in process(*PING, "--lang", "en").stdout
    wrong = process(*PING, "--lang", "de")
    assert wrong.returncode == 2
    assert "en, zh-TW" in wrong.stderr


def test_who_speaks_an_unknown_language_is_told_which_there_are() -> None:
    with pytest.raises(QuestionError, match="no explanations in 'xx'"):
        fwsim.speak("xx")


def test_wide_characters_take_two_columns() -> None:
    assert cells("ab") == 2
    assert cells(f"a{WIDE}\u2192") == 4


@pytest.mark.parametrize("width", [60, 80, 100])
def test_chinese_fits_a_narrow_terminal(width: int) -> None:
    token = language.set("zh-TW")
    try:
        lines = fwsim.load().trace(src="172.18.0.3", dst="8.8.8.8").lines(verbose=True)
    finally:
        language.reset(token)
    fitted = fit(lines, width)
    told = [line for line in fitted if not any(style in ("command", "rule") for _, style in line)]
    assert max(map(length, told)) <= width
    squeezed = re.sub(r"\s", "", plain(fitted))
    assert all(word in squeezed for line in lines for text, _ in line for word in text.split())
