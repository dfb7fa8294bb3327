"""What an exercise is: which kind of answer it wants, and what judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fwsim.model.tuples import NamedTuple

Facts = Mapping[str, Any]
"""What fills the places of a message."""


class Wrong(Exception):  # noqa: N818 (of an answer, not of fwsim)
    """An answer is not right: the key of its hint, and what fills the hint's places."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key, self.facts = key, facts


class Kind(NamedTuple):
    """A kind of answer: `name` is that of its messages (`wanted.NAME` says what it is called),
    `read` makes of whatever was given what judges take, or raises Wrong; `facts` fill places."""

    name: str
    read: Callable[[object], Any]
    facts: Facts = MappingProxyType({})


class Exercise(NamedTuple):
    """`judge` takes an answer of this kind, raises Wrong (with a key of its own exercise) if it is
    not right, and returns what fills the places of the praise."""

    kind: Kind
    judge: Callable[[Any], Facts | None]


def need(condition: object, key: str, **facts: Any) -> None:
    """Wrong with this hint, unless the condition holds."""
    if not condition:
        raise Wrong(key, **facts)
