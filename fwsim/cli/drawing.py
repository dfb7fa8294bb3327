"""The forms in which diagrams are written, and how the form is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fwsim.cli.writing import write

if TYPE_CHECKING:
    from fwsim.show.pictured import Pictured

_Command = TypeVar("_Command", bound=Callable[..., Any])
FORMS = ("text", "svg", "html", "mermaid", "dot")
_ENDINGS = {
    ".svg": "svg", ".html": "html", ".htm": "html", ".mmd": "mermaid", ".mermaid": "mermaid",
    ".dot": "dot", ".gv": "dot", ".txt": "text",
}  # fmt: skip


def drawn(command: _Command) -> _Command:
    """The options -o and --format."""
    for option in (
        click.option(
            "-o", "--output", "file", metavar="FILE", default="-", callback=_known,
            help="Where to [default: standard output].",
        ),
        click.option(
            "--format", "form", type=click.Choice(FORMS),
            help="[default: by FILE's ending; text on standard output]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _ending(file: str) -> str | None:
    return next((form for end, form in _ENDINGS.items() if file.lower().endswith(end)), None)


def _known(ctx: click.Context, param: click.Parameter, file: str) -> str:
    """The file, whose ending tells the form if nothing else does."""
    if file != "-" and ctx.params.get("form") is None and _ending(file) is None:
        ends = ", ".join(_ENDINGS)
        raise click.BadParameter(f"{file!r} has none of the endings {ends}: say --format too")
    return file


def draw(picture: Pictured, *, form: str | None, file: str) -> None:
    """Write the picture in this form, or in that which the file's ending tells."""
    form = form or _ending(file) or "text"
    if form == "text" and file == "-" and sys.stdout.isatty():
        from fwsim.show.terminal import show

        show(picture.lines())
    else:
        write(file, picture.written(form))
