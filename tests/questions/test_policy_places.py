"""Where things stand in a TOML text: every value that tomllib reads is found where it is."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fwsim.questions.policy.places import Place, places

TEXT = """
# a [comment] = "with" signs
title = "a # b" # c
[servers."quoted.name"] # d
'single' = '''
many
lines '''
deep.er.key = [1, [2, 3,
  4], # e
  {a = 1, "b" = [{c = "]"}]}]
when = 1979-05-27 07:32:00
[[must]]
from = ["a", 'b']
to = \"\"\"x\\"\"\"\"
[[must]]
from = "c"
[must.sub]
x = +1.5e3
"""
KEYS = st.text("ab.-_ \"'#é=[", min_size=1, max_size=5)
VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _all_found(text: str, data: Any, place: Place) -> int:
    """Each value's text, read by itself, is the value."""
    if isinstance(data, dict | list):
        members = data.items() if isinstance(data, dict) else enumerate(data)
        return sum(_all_found(text, value, place.members[name]) for name, value in members)
    alone = tomllib.loads(f"x = {text[place.start : place.end]}")["x"]
    assert alone == data
    return 1


def test_every_value_is_found_where_it_stands() -> None:
    tree = places(TEXT)
    assert _all_found(TEXT, tomllib.loads(TEXT), tree) == 14
    second = tree.at("must", 1, "from")
    assert TEXT[second.start : second.end] == '"c"'
    assert TEXT[slice(*second.key)] == "from"


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=3))
def test_whatever_stands_there_is_found(top: dict[str, Any], table: dict[str, Any]) -> None:
    text = "".join(f"{_text(k)} = {_text(v)} # [x]\n" for k, v in top.items())
    text += "".join(f"[[t.t]]\n{_text(k)}={_text(v)}\n" for k, v in table.items())
    if "t" in top:
        return
    _all_found(text, tomllib.loads(text), places(text))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)} = {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",\n".join(map(_text, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" if not c.isalnum() else c for c in value) + '"'
    return str(value)
