"""The answers to questions about every packet, as text: what their commands print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from fwsim.model.printing import Printed
from fwsim.show.layout import plain

_LINES: Mapping[str, str] = {
    "Reach": "reach", "Diff": "diff", "Exposed": "exposed", "Lint": "lint", "Remedies": "repair",
    "Replay": "replay",
}  # fmt: skip


def _text(answer: Any) -> str:
    name = _LINES[type(answer).__name__]
    lines: Callable[[Any], Any] = getattr(import_module(f"fwsim.show.{name}"), f"{name}_lines")
    return plain(lines(answer))


Printed.text_of = _text
