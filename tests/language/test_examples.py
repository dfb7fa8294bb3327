"""Every extension does with its EXAMPLES what they say."""

from typing import get_args

import pytest

from fwsim.language.options import Meaning
from fwsim.language.read import read
from fwsim.language.ruleset import Rule
from fwsim.language.write import rule_text
from fwsim.model.actions import Action
from fwsim.model.errors import ReadError
from fwsim.model.pred import In, atoms

from .examples import ACCEPTED, EXAMPLES, MODULES, REFUSED, Example

# iptables-save writes what iptables-restore refuses: SNAT and MASQUERADE lose a base port, and it
# is not read behind a range of one port.
_LOST = [e for e in ACCEPTED if e.saved and e.saved.split()[-1] in (":10-20/0", "10-20/0", ":9/80")]


def _only_rule(example: Example, rule: str | None = None) -> Rule:
    tables = read(example.dump(rule), example.family).tables.values()
    (found,) = (r for table in tables for chain in table.chains.values() for r in chain.rules)
    return found


def test_every_extension_has_examples_of_both_kinds() -> None:
    assert len(MODULES) >= 17
    for kind in (ACCEPTED, REFUSED):
        assert {example.extension for example in kind} == set(MODULES)


@pytest.mark.parametrize("example", ACCEPTED, ids=str)
def test_is_written_canonically(example: Example) -> None:
    assert rule_text(_only_rule(example)) == example.saved


@pytest.mark.parametrize("example", [e for e in ACCEPTED if e not in _LOST and not e.lost], ids=str)
def test_what_is_written_reads_back_the_same(example: Example) -> None:
    assert rule_text(_only_rule(example, example.saved)) == example.saved


@pytest.mark.parametrize("example", _LOST, ids=str)
def test_what_iptables_cannot_read_back_is_refused(example: Example) -> None:
    with pytest.raises(ReadError):
        _only_rule(example, example.saved)


@pytest.mark.parametrize("example", REFUSED, ids=str)
def test_is_refused_with_its_place(example: Example) -> None:
    with pytest.raises(ReadError) as caught:
        _only_rule(example)
    span = caught.value.span
    assert span is not None
    assert span.line == 2
    assert span.text
    assert "^" in str(caught.value)


@pytest.mark.parametrize("example", ACCEPTED, ids=str)
def test_means_something(example: Example) -> None:
    rule = _only_rule(example)
    assert all(isinstance(part.meaning, Meaning) for part in rule.parts)
    assert all(isinstance(action, get_args(Action)) for action in rule.actions)
    for part in rule.parts:
        for atom in (*atoms(part.meaning.pred), *atoms(part.meaning.hotdrop)):
            if isinstance(atom, In):
                assert 0 <= atom.spans[0][0] <= atom.spans[-1][1] <= atom.field.top


def test_examples_are_many() -> None:
    assert len(EXAMPLES) > 300
