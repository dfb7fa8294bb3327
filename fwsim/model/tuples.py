"""typing.NamedTuple as the type checker knows it, but quicker to define.

typing compiles the annotation of every field, which is a string in modules that begin with `from
__future__ import annotations`, and throws the result away; collections.namedtuple compiles a
constructor for every class. A process defines more than a hundred of them before it can trace a
packet, so here those of one length share their compiled code, and methods are defined once for
all. Nobody asks for types at run time: this looks at names and defaults only; mypy checks the rest.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter
    from types import CodeType, FunctionType

    class _Fields(tuple):
        """What every named tuple can do, as collections.namedtuple has it."""

        __slots__ = ()
        _fields = ()

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changed):
            made = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"Got unexpected field names: {list(changed)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            told = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(told)})"

        def __getnewargs__(self):
            return tuple(self)

    @cache
    def _constructor(length: int) -> CodeType:
        names = "".join(f"_{place}," for place in range(length))
        text = f"lambda _cls, {names}: _new(_cls, ({names}))"
        made: CodeType = eval(text).__code__  # noqa: S307 (nothing in it comes from outside)
        return made.replace(co_name="__new__")

    _GLOBALS = {"_new": tuple.__new__, "__builtins__": {}}

    def _named(name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
        fields = tuple(body.get("__annotations__", {}))
        defaults = {field: body.pop(field) for field in fields if field in body}
        code = _constructor(len(fields)).replace(co_varnames=("_cls", *fields))
        new = FunctionType(code, _GLOBALS, "__new__", tuple(defaults.values()))
        core = {
            "__slots__": (), "_fields": fields, "__match_args__": fields, "__new__": new,
            "_field_defaults": defaults,
            **{field: _tuplegetter(place, field) for place, field in enumerate(fields)},
        }  # fmt: skip
        return type(name, (_Fields, *bases), core | body)

    class _Defining(type):
        """Makes of a class's body the named tuple that it describes."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            return _named(name, bases[1:], body)

    class NamedTuple(metaclass=_Defining):
        """Named fields of a tuple: the annotations of a class whose base this is."""
