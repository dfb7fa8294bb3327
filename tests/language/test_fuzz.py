"""Whatever is read: a ruleset or a FwsimError, and what is saved of it reads back as the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fwsim
from fwsim.language.read import read_as_listed
from fwsim.language.write import save
from fwsim.model.errors import FwsimError

from .dumps import CORPUS
from .examples import ACCEPTED, EXAMPLES
from .unreadable import UNREADABLE

WORDS = sorted({word for example in EXAMPLES for word in example.rule.split()})
ODD = (
    "",
    '"',
    "\\",
    "!",
    "--",
    "-",
    "\t",
    "\0",
    "é",
    "\u202e",
    "*nat",
    "COMMIT",
    ":X - [0:0]",
    "-A",
)
LINES = [f"-A {e.chain} {e.rule}" for e in EXAMPLES if not e.lost]
FAMILIES = st.sampled_from((4, 6))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Lines of examples with words swapped, dropped, doubled or broken."""
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        words = draw(st.sampled_from(LINES)).split(" ")
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(words) - 1))
            new = draw(st.sampled_from(WORDS) | st.sampled_from(ODD) | st.text(max_size=6))
            words[at : at + draw(st.integers(0, 1))] = [new]
        lines.append(" ".join(words))
    table = draw(st.sampled_from(("filter", "nat", "mangle", "raw", "security")))
    return "\n".join((f"*{table}", *lines, "COMMIT", ""))


def is_read_or_refused(text: str, family: int) -> None:
    try:
        rules = fwsim.read(text, family)
    except FwsimError:
        return
    saved = save(rules, counters=True)
    if UNREADABLE.search(saved):
        return
    assert save(read_as_listed(saved, family), counters=True) == saved


@settings(max_examples=400)
@given(mutated(), FAMILIES)
def test_broken_rules_are_read_or_refused(text: str, family: int) -> None:
    is_read_or_refused(text, family)


@settings(max_examples=200)
@given(st.text(max_size=200), FAMILIES)
def test_any_text_is_read_or_refused(text: str, family: int) -> None:
    is_read_or_refused(text, family)


@pytest.mark.parametrize("family", [4, 6])
def test_every_example_saves_to_what_reads_back(family: int) -> None:
    for example in ACCEPTED:
        if example.family == family and not example.lost:
            is_read_or_refused(example.dump(), family)


@settings(max_examples=60)
@given(st.data())
def test_published_rulesets_cut_and_joined_are_read_or_refused(data: st.DataObject) -> None:
    files = sorted(
        path for path in CORPUS.rglob("*") if path.is_file() and path.stat().st_size < 9999
    )
    if not files:
        pytest.skip("the corpus of published rulesets is not here")
    pieces = []
    for _ in range(data.draw(st.integers(1, 2))):
        text = data.draw(st.sampled_from(files)).read_text("utf-8", "surrogateescape")
        begin = data.draw(st.integers(0, len(text)))
        pieces.append(text[begin : data.draw(st.integers(begin, len(text)))])
    is_read_or_refused("".join(pieces), data.draw(FAMILIES))
