"""How questions about every packet are answered: as JSON, as styled lines, or as plain text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fwsim.cli.streams import echo, say_beside

if TYPE_CHECKING:
    from fwsim.show.layout import Line

STATUS = {"fine": 0, "found": 1, "unknown": 3}


def answer(
    data: Any,
    lines: Callable[[], list[Line]],
    *,
    as_json: bool,
    damage: Sequence[str],
    notes: Sequence[str] = (),
) -> None:
    """Print an answer in the form that is asked for. What of the place is damaged is said with it,
    and so are these `notes` on what was assumed, where people read it."""
    if as_json:
        import json

        echo(json.dumps(data), sys.stdout)
        say_beside(damage)
    elif sys.stdout.isatty():
        from fwsim.show.terminal import show

        show([*lines(), *_noted(damage), *_noted(notes)])
    else:
        from fwsim.show.layout import plain

        echo(plain([*lines(), *_noted(damage), *_noted(notes)]), sys.stdout)


def _noted(notes: Iterable[str]) -> Iterator[Line]:
    from fwsim.show.layout import segment
    from fwsim.show.words import say

    return ([segment(say("note.line") + note, "note")] for note in notes)
