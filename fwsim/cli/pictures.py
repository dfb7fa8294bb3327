"""The options that ask for pictures, and how these are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
STDOUT, NAMES = "-", ("html", "svg", "mermaid")


def options(command: _Command) -> _Command:
    """--html, --svg and --mermaid."""
    for option in (
        click.option("--mermaid", is_flag=True, help="A diagram for Markdown, by Mermaid."),
        click.option("--svg", metavar="FILE", help="Draw the way as a picture (SVG)."),
        click.option(
            "--html", metavar="FILE",
            help="Write a page: the way as a picture, steps that unfold, the rules; - is stdout.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def check(asked: Mapping[str, Any]) -> None:
    """UsageError if two things are to be printed."""
    printed = [f"--{name}" for name in ("html", "svg") if asked[name] == STDOUT]
    printed += ["--mermaid"] * asked["mermaid"] + ["--json"] * asked["as_json"]
    if printed[1:]:
        raise click.UsageError(f"{' and '.join(printed)} cannot both be printed: name a FILE")
