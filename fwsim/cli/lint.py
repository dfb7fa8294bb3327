"""fwsim lint."""

from __future__ import annotations

import click

from fwsim import __version__
from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.opening import open_net, tell
from fwsim.cli.progress import progress


@click.command("lint")
@options.place
@options.changes
@options.assume
@click.option(
    "--select", metavar="CODE", multiple=True,
    help="Only this check (repeatable; or several, with commas).",
)  # fmt: skip
@click.option("--ignore", metavar="CODE", multiple=True, help="Without this one (likewise).")
@click.option(
    "--all", "everywhere", is_flag=True,
    help="Also what is untidy in chains that Docker and its like write themselves.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text",
    help="sarif is SARIF 2.1.0.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For scripts: --format json.")
def command(
    *, place: str | None, commands: tuple[str, ...], assumptions: tuple[str, ...],
    select: tuple[str, ...], ignore: tuple[str, ...], everywhere: bool, form: str, as_json: bool,
) -> int:  # fmt: skip
    """What is wrong with the rules themselves: rules that never match, that change nothing, that
    come too late. Each finding names the rules at fault, and a packet that shows it where the host
    has such. docs/lint/README.md lists all codes; docs/lint/CODE.md says why it matters and how to
    mend it.

    Exit status: 0 nothing found, 1 something, 2 the command or its input is wrong. It is never 3:
    only what holds whatever is not known is told.
    """
    from fwsim.model.keeping import Keeping
    from fwsim.show.lint import lint_lines
    from fwsim.show.sarif import sarif

    net = tell(open_net(place, commands), assumptions, None, None)
    with Keeping(), progress() as shown:
        found = net.lint(
            select=_codes(select), ignore=_codes(ignore), everywhere=everywhere, progress=shown
        )
    as_data = as_json or form != "text"
    data = sarif(found, __version__) if form == "sarif" and not as_json else found.to_list()
    answer(
        data, lambda: lint_lines(found), as_json=as_data,
        damage=net.world.damage, notes=net.world.notes,
    )  # fmt: skip
    return STATUS["found"] if found else STATUS["fine"]


def _codes(given: tuple[str, ...]) -> list[str]:
    """Codes may be repeated, or stand with commas."""
    return [code.strip() for text in given for code in text.split(",") if code.strip()]
