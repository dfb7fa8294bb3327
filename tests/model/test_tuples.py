"""The quick named tuples are typing's."""

from __future__ import annotations

import pickle
import typing
from typing import Generic, TypeVar

import pytest

from fwsim.model.tuples import NamedTuple

T = TypeVar("T")


class Quick(NamedTuple):
    """A place."""

    x: int
    y: NoSuchName = 2  # noqa: F821

    @property
    def sum(self) -> int:
        """Both."""
        return self.x + self.y

    @classmethod
    def at(cls, x: int) -> Quick:
        return cls(x, 0)

    def __str__(self) -> str:
        return f"<{self.x}>"


class Usual(typing.NamedTuple):
    """A place."""

    x: int
    y: int = 2


class Of(NamedTuple, Generic[T]):
    value: T
    sure: bool = False


def test_fields_defaults_and_documentation() -> None:
    for name in ("_fields", "_field_defaults", "__doc__", "__module__", "__match_args__"):
        assert getattr(Quick, name) == getattr(Usual, name)
    assert Quick(1) == Usual(1) == (1, 2)
    assert repr(Quick(1, y=3)).replace("Quick", "Usual") == repr(Usual(1, y=3))
    assert Quick(1)._replace(y=5) == (1, 5)
    assert isinstance(Quick(1), tuple)
    assert not hasattr(Quick(1), "__dict__")
    assert Quick.__mro__[-2:] == Usual.__mro__[-2:] == (tuple, object)


def test_members_are_theirs() -> None:
    assert (Quick(3).sum, Quick.at(7), str(Quick(1))) == (5, (7, 0), "<1>")
    assert Quick.__qualname__ == "Quick"


def test_they_can_be_copied_to_other_processes() -> None:
    copy = pickle.loads(pickle.dumps(Quick(1)))
    assert (copy, type(copy)) == (Quick(1), Quick)


def test_generic_ones() -> None:
    assert Of[int](3) == Of(3) == (3, False)
    assert not hasattr(Of(3), "__dict__")


@pytest.mark.parametrize("values", [(), (1, 2, 3)])
def test_what_does_not_fit_is_refused(values: tuple[int, ...]) -> None:
    with pytest.raises(TypeError, match="argument"):
        Quick(*values)


@pytest.mark.parametrize("values", [(), (1, 2, 3)])
def test_too_few_or_too_many_values_are_refused(values: tuple[int, ...]) -> None:
    for kind in (Quick, Usual):
        with pytest.raises(TypeError):
            kind(*values)
        with pytest.raises(TypeError, match=f"Expected 2 arguments, got {len(values)}"):
            kind._make(values)


def test_unknown_names_are_refused() -> None:
    for kind in (Quick, Usual):
        with pytest.raises(TypeError):
            kind(x=1, z=2)
        with pytest.raises(ValueError, match=r"Got unexpected field names: \['z'\]"):
            kind(1)._replace(z=2)
        assert kind(1)._asdict() == {"x": 1, "y": 2}
        assert kind(1).__getnewargs__() == (1, 2)
