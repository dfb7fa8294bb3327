"""Answers that print themselves. What shows them stands above them, so it says how when it is
imported (fwsim.show.answers)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


class Shown:
    """A notebook shows it as HTML, and IPython as text, once it is known how."""

    html_of: ClassVar[Callable[[Any], str | None]] = lambda _: None
    text_of: ClassVar[Callable[[Any], str]] = repr

    def _repr_html_(self) -> str | None:
        return type(self).html_of(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(type(self).text_of(self))


class Printed(Shown):
    """`print(answer)` prints what the answer's command would."""

    def __str__(self) -> str:
        return type(self).text_of(self)
