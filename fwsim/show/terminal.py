"""Explanations on a terminal, by rich: the same words as plain text, in colour unless NO_COLOR is
set, cut to the terminal's width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwsim.show.layout import Line
from fwsim.show.narrow import fit

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {
    "good": "bold green", "bad": "bold red", "unsure": "bold yellow", "head": "bold",
    "state": "cyan", "host": "bold cyan", "number": "yellow", "mark": "bold red", "dim": "dim",
    "why": "dim",
    "command": "bold green",
}  # fmt: skip


def show(lines: Iterable[Line]) -> None:
    """Print the lines to standard output."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for line in rich_lines(lines, console.width):
        console.print(line, soft_wrap=True)


def rich_lines(lines: Iterable[Line], width: int) -> list[Text]:
    """The lines as rich writes them. Never through markup: the texts come from dumps."""
    from rich.text import Text

    return [
        Text.assemble(*((text, STYLES.get(style, "")) for text, style in line))
        for line in fit(lines, width)
    ]
