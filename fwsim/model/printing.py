"""Answers that print themselves. What shows them stands above them, so it says how when it is
imported (fwsim.show.answers)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


class Printed:
    """`print(answer)` prints what the answer's command would."""

    text_of: ClassVar[Callable[[Any], str]] = repr

    def __str__(self) -> str:
        return type(self).text_of(self)
