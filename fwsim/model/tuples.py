"""typing.NamedTuple as the type checker knows it, but quicker to define.

typing compiles the annotation of every field, which is a string in modules that begin with `from
__future__ import annotations`, and throws the result away. Nobody asks for types at run time here,
so this one looks at names and defaults only; mypy checks the rest, the defaults' order too.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Defining(type):
        """Makes of a class's body the named tuple that it describes."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.get("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            if bases[1:]:  # Generic[T]
                return type(name, (made, *bases[1:]), body | {"__slots__": ()})
            for member, value in body.items():
                setattr(made, member, value)
            return made

    class NamedTuple(metaclass=_Defining):
        """Named fields of a tuple: the annotations of a class whose base this is."""
