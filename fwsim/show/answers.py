"""The answers to questions about every packet, as text and for notebooks: what their commands
print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from fwsim.model.printing import Printed
from fwsim.show.layout import Line, plain

_LINES: Mapping[str, str] = {
    "Reach": "reach", "Diff": "diff", "Exposed": "exposed", "Lint": "lint", "Remedies": "repair",
    "Replay": "replay",
    "Coverage": "coverage",
    "Report": "policy",
}  # fmt: skip


def _lines(answer: Any) -> list[Line]:
    name = _LINES[type(answer).__name__]
    lines: Callable[[Any], Any] = getattr(import_module(f"fwsim.show.{name}"), f"{name}_lines")
    return [*lines(answer)]


def _text(answer: Any) -> str:
    return plain(_lines(answer))


def _html(answer: Any) -> str:
    from fwsim.show.notebook import lines_html

    return lines_html(_lines(answer))


Printed.text_of, Printed.html_of = _text, _html
