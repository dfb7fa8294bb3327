"""Every exercise knows right answers, and tells of wrong ones what is wrong with them."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwsim.lessons import check
from fwsim.lessons.checking import exercises
from fwsim.lessons.words.en import WORDS

from .answers import ANSWERS, never_at_web

RIGHT = [(number, answer) for number, known in ANSWERS.items() for answer in known.right]
WRONG = [(number, *wrong) for number, known in ANSWERS.items() for wrong in known.wrong]


def _template(number: str, key: str) -> str:
    from fwsim.lessons.words import _words

    own = f"lesson{number}.{key}"
    found = _words._template(own if _words.knows(own) else key)
    assert found is not None, f"no words for {own}"
    return found


def _is_said(text: str, template: str) -> bool:
    parts = re.split(r"\{\w+\}", template.replace("{{", "{").replace("}}", "}"))
    return re.fullmatch(".*".join(map(re.escape, parts)), text, re.DOTALL) is not None


def test_every_exercise_has_answers() -> None:
    assert list(ANSWERS) == list(exercises())
    assert all(known.right and known.wrong for known in ANSWERS.values())


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_a_right_answer_is_right(number: str, answer: Any) -> None:
    checked = check(number, answer)
    assert checked, checked
    assert _is_said(checked.text, _template(number, "right"))


@pytest.mark.parametrize(("number", "answer", "hint"), WRONG)
def test_a_wrong_answer_is_refused_with_its_hint(number: str, answer: Any, hint: str) -> None:
    checked = check(number, answer)
    assert checked.right is False, checked
    assert _is_said(checked.text, _template(number, hint)), checked


def test_every_hint_is_given_to_some_answer() -> None:
    """Words that are never said are wrong or in vain."""
    given_hints = {f"lesson{number}.{hint}" for number, _, hint in WRONG}
    known = {key for number in ANSWERS for key in _keys(number)}
    assert known - given_hints == {f"lesson{number}.right" for number in ANSWERS}
    common = {hint for _, _, hint in WRONG if "." in hint}
    assert {key for key in WORDS if key.startswith("answer.")} <= common


def _keys(number: str) -> set[str]:
    from importlib import import_module

    lesson = import_module(f"fwsim.lessons.words.en.lesson{number[0]}")
    return {key for key in lesson.WORDS if key.startswith(f"lesson{number}.")}


def test_no_answer_yet_is_neither_right_nor_wrong() -> None:
    for number in ANSWERS:
        for nothing in (..., None):
            checked = check(number, nothing)
            assert checked.right is None
            assert not checked
            assert checked.text.startswith("Not answered yet. Put ")


@pytest.mark.parametrize("number", ["0.1", "1.9", "", "x" * 9999, 7, None, {}, "\x1b[2J"])
def test_an_exercise_that_there_is_not_is_told_so(number: Any) -> None:
    checked = check(number, "yes")
    assert not checked
    assert "There is no such exercise" in repr(checked)
    assert repr(checked).isprintable()


class Nasty:
    """An answer that fights back: whatever is asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]
    __bool__ = __len__ = __iter__ = __str__ = __repr__ = __index__ = __eq__  # type: ignore


class NastyText(str):
    __slots__ = ()

    def strip(self, *_: Any) -> str:
        raise RuntimeError

    splitlines = casefold = replace = __len__ = strip  # type: ignore[assignment]


DEEP: Any = {"src": "1.1.1.1", "dst": "2.2.2.2"}
for _ in range(5000):
    DEEP = {"src": "1.1.1.1", "dst": "2.2.2.2", "inner": DEEP}
ODD: list[Any] = [
    Nasty(), NastyText("yes"), [Nasty()], {"src": Nasty(), "dst": "8.8.8.8"}, DEEP, 10**9999, -1,
    float("nan"), True, b"yes", "", " ", "\0", "\x1b[31m", "a" * 10**6, ["a" * 10**6], [[]], {1: 2},
    object, print, "iptables", "iptables -A", "iptables -t nat -A FORWARD", "iptables-restore",
    ["iptables -A FORWARD -j LOG --log-prefix '<script>'"], "iptables -A FORWARD -j 'DROP",
    {"src": "::1", "dst": "8.8.8.8"}, {"src": float("nan"), "dst": []}, {"src": "a", "dst": "b"},
    {"src": "1.1.1.1", "dst": "8.8.8.8", "in": 5}, {"src": "1.1.1.1", "dst": "8.8.8.8", "in": ""},
    "iptables -F && iptables -X", "iptables -N X && iptables -A X -j X",
    "ip6tables -P FORWARD DROP",
    ["iptables -A FORWARD -p tcp --dport 80 -m string --string x --algo bm -j DROP"],
    ["iptables -A FORWARD -j NFQUEUE"], ["iptables -I FORWARD -m u32 --u32 '0=0' -j DROP"],
]  # fmt: skip


@pytest.mark.parametrize("number", ["1.1", "1.2", "1.3", "2.3", "3.1", "5.1", "6.1", "8.1"])
@pytest.mark.parametrize("at", range(len(ODD)))
def test_an_odd_answer_gets_words_and_no_traceback(number: str, at: int) -> None:
    checked = check(number, ODD[at])
    assert checked.right is not None
    assert checked.text
    assert all(line.isprintable() for line in repr(checked).splitlines())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
MEMBERS = ("in", "proto", "sport", "dport", "ttl", "flags", "icmp_type", "frag", "inner", "payload")
PACKETS = st.fixed_dictionaries(
    {"src": st.sampled_from(["172.18.0.3", "8.8.8.8"]) | JSON, "dst": st.just("8.8.8.8") | JSON},
    optional=dict.fromkeys(MEMBERS, JSON),
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*ANSWERS]), JSON | PACKETS)
def test_whatever_is_answered_no_traceback_comes_of_it(number: str, answer: Any) -> None:
    assert check(number, answer).text or answer is None


def test_where_hypothesis_is_missing_the_one_check_that_needs_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fwsim.lessons import lesson7

    lesson7._fine.cache_clear()
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert "pip install 'fwsim[test]'" in check("7.2", never_at_web).text


def test_what_is_shown_is_harmless() -> None:
    bad = check("1.2", ["iptables -A FORWARD -j '<script>alert(1)</script>\x1b[2J\u202e'"])
    assert "\x1b" not in repr(bad)
    assert "\u202e" not in repr(bad)
    shown = bad._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_an_answer_shows_itself_in_words_and_as_html() -> None:
    for answer, sign in (("yes", "✓"), ("no", "✗"), (..., "…")):
        checked = check("1.1", answer)
        assert repr(checked).startswith(f"{sign} 1.1  ")
        assert f"{sign} 1.1" in checked._repr_html_()
    assert json.dumps(bool(check("1.1", "yes"))) == "true"
