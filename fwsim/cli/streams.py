"""Standard output as it may be: closed, or in an encoding that lacks some characters."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterable
from typing import TextIO

from fwsim.model.errors import FwsimError, harmless

# "?" alone means something else in an explanation
_PLAINER = {"✓": "+", "✗": "x", "→": "->", "←": "<-", "…": "..."}


def prepare_output() -> None:
    """What standard output's encoding lacks is written in plainer characters, or as an escape.
    Raises FwsimError if it is closed."""
    if sys.stdout is None:
        raise FwsimError("standard output is closed")
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("fwsim.plainer", _plainer)
        sys.stdout.reconfigure(errors="fwsim.plainer")


def echo(text: str, stream: TextIO | None) -> None:
    """Print a line at once, as click.echo does; click itself is asked only where it would do more
    than that, for encodings that it takes for mistakes."""
    if stream is None:
        return
    if (stream.encoding or "utf-8").lower() == "utf-8":  # io.StringIO has none
        stream.write(f"{text}\n")
        stream.flush()
    else:
        import click

        click.echo(text, stream)


def say_beside(notes: Iterable[str]) -> None:
    """What is to be said with an answer that has no room for it."""
    for text in notes:
        echo(harmless(f"note: {text}"), sys.stderr)


def emit(text: str) -> None:
    """Print a dump's text: as it is for other programs, harmless on a terminal."""
    if sys.stdout.isatty():
        sys.stdout.write(harmless(text))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = (_PLAINER.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking)
    return "".join(escaped), error.end


def write(path: str, text: str) -> None:
    """Write a file that was asked for. OSError naming it if that cannot be."""
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{text}\n")
