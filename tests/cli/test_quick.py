"""The quick reading of `fwsim trace` and click's: wherever the first reads a call, both read the
same, and calls as people make them are read by it."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.running import PING, process
from fwsim.cli.quick import question
from fwsim.cli.trace import command

OPTIONS = sorted({name for option in command.params for name in option.opts})
VALUES = (
    "ns1", "8.8.8.8", "tcp", "80", "", "-", "--", "-v", "--src", "--src=a", "-x", "a=b", "--ver",
    "\udcff", "example:x",
)  # fmt: skip
PORTS = ("0", "80", "65535", "65536", "080", "٣", "1_0", "+1", " 8", "", "9" * 5000)
pair = st.tuples(st.sampled_from(OPTIONS), st.sampled_from(VALUES)) | st.tuples(
    st.sampled_from(["--sport", "--dport"]), st.sampled_from(PORTS)
)
word = st.sampled_from([*OPTIONS, *VALUES]) | st.text(max_size=4)
given_ = st.lists(pair | st.tuples(st.sampled_from(["-v", "--json", "--one-way"])), max_size=4)
parts = st.one_of(given_, given_, st.lists(st.tuples(word), max_size=3))  # mostly well-formed
calls = st.tuples(parts, parts).map(
    lambda two: [w for part in (*two[0], ("--src", "a", "--dst", "b"), *two[1]) for w in part]
)


def by_click(words: list[str], monkeypatch: pytest.MonkeyPatch, place: str | None) -> Any:
    if place is None:
        monkeypatch.delenv("FWSIM_FROM", raising=False)
    else:
        monkeypatch.setenv("FWSIM_FROM", place)
    try:
        params = command.make_context("trace", list(words)).params
    except (click.ClickException, click.exceptions.Exit):
        return None
    return None if params.pop("packets") is not None else params


def agree(words: list[str], place: str | None = None) -> None:
    found = question(["trace", *words], {} if place is None else {"FWSIM_FROM": place})
    if found is not None:
        with pytest.MonkeyPatch.context() as patch:
            assert by_click(words, patch, place) == found


@given(calls, st.sampled_from([None, "", "example:y"]))
def test_both_read_the_same(words: list[str], place: str | None) -> None:
    agree(words, place)


@pytest.mark.parametrize("option", OPTIONS)
def test_both_read_each_option_the_same(option: str) -> None:
    for value in ((), *((text,) for text in (*VALUES, *PORTS))):
        agree(["--src", "a", "--dst", "b", option, *value])
        agree([option, *value, "--src", "a", "--dst", "b"])


@pytest.mark.parametrize(
    "words",
    [
        PING,
        (*PING, "--proto", "tcp", "--dport", "443", "--sport", "1"),
        (*PING, "--json", "--one-way", "-v"),
        (*PING, "--from", "-"),
        (*PING, "--from", "rules.txt", "--in", "eth0", "--out", "eth1", "--verbose"),
    ],
)
def test_usual_calls_are_read_quickly(words: tuple[str, ...]) -> None:
    found = question(words, {})
    assert found is not None
    with pytest.MonkeyPatch.context() as patch:
        assert by_click(list(words[1:]), patch, None) == found


@pytest.mark.parametrize(
    "words",
    [(), ("list",), ("trace",), ("trace", "--src", "a"), (*PING, "--help"), (*PING, "more")],
)
def test_the_rest_is_left_to_click(words: tuple[str, ...]) -> None:
    assert question(words, {}) is None
    assert question(PING, {"_FWSIM_COMPLETE": "bash_source"}) is None


@pytest.mark.parametrize(
    "more",
    [(), ("--json",), ("-v",), ("--proto", "tcp"), ("--src", "nobody"), ("--from", "/none")],
)
def test_a_process_ends_as_with_click(more: tuple[str, ...]) -> None:
    """A last `--` means nothing, and is click's."""
    quick, clicked = process(*PING, *more), process(*PING, *more, "--")
    assert question((*PING, *more), {}) is not None
    assert question((*PING, *more, "--"), {}) is None
    for what in ("returncode", "stdout", "stderr"):
        assert getattr(quick, what) == getattr(clicked, what)
