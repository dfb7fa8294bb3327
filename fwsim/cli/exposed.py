"""fwsim exposed."""

from __future__ import annotations

import click

from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.opening import open_net, tell


@click.command("exposed")
@options.place
@click.option("--in", "in_", metavar="DEV", default="", help="The device they come in by.")
@options.changes
@options.assume
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(
    *, place: str | None, in_: str, commands: tuple[str, ...], assumptions: tuple[str, ...],
    as_json: bool,
) -> int:  # fmt: skip
    """A host's open doors: from where, to which address and port, what translation makes of it, by
    which rules, and whether somebody listens there.

    Exit status: 0 nothing gets in, 1 something does, 2 the command or its input is wrong, 3 that
    depends on something that fwsim was not told.
    """
    from fwsim.show.exposed import exposed_lines

    net = tell(open_net(place, commands), assumptions, None, None)
    found = net.exposed(in_)
    answer(found.to_list(), lambda: exposed_lines(found), as_json=as_json, damage=net.world.damage)
    if not found:
        return STATUS["fine"]
    sure = any(not door.depends_on for door in found.doors)
    return STATUS["found"] if sure else STATUS["unknown"]
