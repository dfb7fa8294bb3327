"""Frozen records for what no tuple can be: those of two classes are never equal, some fields take
no part in equality, a field may have any name, and they may keep what they have worked out
(functools.cached_property).

They are frozen dataclasses in all but cost: `dataclasses` brings `inspect` along, and compiles the
source of six methods for each class. The type checker reads them as dataclasses (PEP 681).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

from fwsim.model.tuples import NamedTuple


class _Aside(NamedTuple):
    default: Any


def aside(*, default: Any) -> Any:
    """The default of a field that takes no part in equality."""
    return _Aside(default)


@dataclass_transform(frozen_default=True, field_specifiers=(aside,))
class Frozen:
    """The annotations of a subclass are its fields, in order, and what they are set to is their
    defaults. A subclass of a subclass declares all of its fields itself."""

    _fields: ClassVar[tuple[str, ...]]
    _known: ClassVar[frozenset[str]]
    _required: ClassVar[frozenset[str]]
    _compared: ClassVar[attrgetter[Any]]

    def __init_subclass__(cls) -> None:
        cls._fields = names = tuple(cls.__annotations__)
        cls._known = frozenset(names)
        cls._required = frozenset(name for name in names if name not in cls.__dict__)
        apart = {name for name in names if isinstance(cls.__dict__.get(name), _Aside)}
        cls._compared = attrgetter(*(name for name in names if name not in apart))
        for name in apart:
            setattr(cls, name, cls.__dict__[name].default)

    def __init__(self, *values: Any, **named: Any) -> None:
        own = self.__dict__
        own.update(zip(self._fields, values, strict=False))
        if not named and len(values) == len(self._fields):
            return
        own.update(named)
        complete = own.keys() >= self._required and named.keys() <= self._known
        if not complete or len(own) != len(values) + len(named):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._fields)}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        compared = self._compared
        return bool(compared(self) == compared(other))

    def __hash__(self) -> int:
        compared = self._compared
        return hash(compared(self))

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({told})"


_Frozen = TypeVar("_Frozen", bound=Frozen)


def record(kind: type[_Frozen], fields: dict[str, Any]) -> _Frozen:
    """A record of these fields, all that it has; for many of them, since nothing is checked."""
    made = kind.__new__(kind)
    made.__dict__.update(fields)
    return made


def replace(record: _Frozen, **changes: Any) -> _Frozen:
    """The same record with other values in some fields."""
    fields = {name: getattr(record, name) for name in record._fields}
    return type(record)(**(fields | changes))
