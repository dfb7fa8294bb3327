"""How questions about every packet are answered: as JSON, as styled lines, or as plain text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fwsim.cli.streams import echo

if TYPE_CHECKING:
    from fwsim.show.layout import Line

STATUS = {"fine": 0, "found": 1, "unknown": 3}


def answer(data: Any, lines: Callable[[], list[Line]], *, as_json: bool) -> None:
    """Print an answer in the form that is asked for."""
    if as_json:
        import json

        echo(json.dumps(data), sys.stdout)
    elif sys.stdout.isatty():
        from fwsim.show.terminal import show

        show(lines())
    else:
        from fwsim.show.layout import plain

        echo(plain(lines()), sys.stdout)
