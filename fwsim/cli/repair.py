"""fwsim repair."""

from __future__ import annotations

from typing import Any

import click

from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.opening import open_net, tell


@click.command("repair")
@options.place
@options.exchange
@options.changes
@options.assume
@click.option("--one-way", is_flag=True, help="The request alone, not what comes back.")
@click.option("--block", is_flag=True, help="The other way round: commands that stop it.")
@options.lang
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(
    *, place: str | None, commands: tuple[str, ...], assumptions: tuple[str, ...], as_json: bool,
    **asked: Any,
) -> int:  # fmt: skip
    """Commands that let an exchange from A to B through, each tried, each with exactly what else it
    opens, the smallest first. Where Docker is at work they go in DOCKER-USER.

    Exit status: 0 there are some, or none is needed, 1 none was found, 2 the command or its input
    is wrong, 3 what becomes of the exchange depends on something that fwsim was not told.
    """
    from fwsim.show.repair import repair_lines

    for name in ("src", "dst"):
        if not asked[name]:
            raise click.UsageError(f"--{name} missing: who sends, to whom?")
    net = tell(open_net(place, commands), assumptions, None, None)
    found = net.repair(**asked)
    answer(
        found.to_list(), lambda: repair_lines(found), as_json=as_json,
        damage=net.world.damage, notes=net.world.notes,
    )  # fmt: skip
    if found.outcome == "unknown":
        return STATUS["unknown"]
    return STATUS["fine"] if found or not found.needed else STATUS["found"]
