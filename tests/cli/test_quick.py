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
    "ns1", "8.8.8.8", "tcp", "80", "", "-", "--", "-v", "--src", "--src=a", "-x", "a=b", "--ver", "\udcff", "example:x",
)  # fmt: skip
word = st.sampled_from(OPTIONS) | st.sampled_from(VALUES) | st.text(max_size=4)
PORTS = ("0", "80", "65535", "65536", "080", "٣", "1_0", "+1", " 8", "", "9" * 5000)
pair = st.tuples(st.sampled_from(OPTIONS), st.sampled_from(VALUES)) | st.tuples(
    st.sampled_from(["--sport", "--dport"]), st.sampled_from(PORTS)
)
pairs = st.lists(pair, max_size=5).map(lambda found: [w for option in found for w in option])
asked = st.just(["--src", "a", "--dst", "b"])
calls = st.permutations([0, 1, 2]).flatmap(
    lambda order: st.tuples(asked, pairs, st.lists(word, max_size=3)).map(
        lambda parts: [w for at in order for w in parts[at]]
    )
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


@given(calls, st.sampled_from([None, "", "example:y"]))
def test_both_read_the_same(words: list[str], place: str | None) -> None:
    found = question(["trace", *words], {} if place is None else {"FWSIM_FROM": place})
    if found is not None:
        with pytest.MonkeyPatch.context() as patch:
            assert by_click(words, patch, place) == found


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
