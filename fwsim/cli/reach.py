"""fwsim reach."""

from __future__ import annotations

from typing import Any

import click

from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.opening import open_net, tell


@click.command("reach")
@options.place
@options.as_question
@options.changes
@options.assume
@click.option(
    "--expect", type=click.Choice(["some", "none"]), help="Succeed (status 0) only if that is so."
)
@click.option("--answered", is_flag=True, help="Only those whose answer comes back too.")
@options.lang
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(
    *, place: str | None, commands: tuple[str, ...], assumptions: tuple[str, ...],
    expect: str | None, as_json: bool, **asked: Any,
) -> int:  # fmt: skip
    """Which packets get through the host: all of them, exactly, with one to try; or the proof that
    there is none. Without --state, questions are about the first packets of connections.

    Exit status: 0 there is none, or it is as expected, 1 there are some, or it is not as expected,
    2 the command or its input is wrong, 3 it depends on something that fwsim was not told.
    """
    from fwsim.model.keeping import Keeping
    from fwsim.show.reach import reach_lines

    net = tell(open_net(place, commands), assumptions, None, None)
    with Keeping():
        found = net.reach(**asked)
    answer(
        found.to_dict(), lambda: reach_lines(found), as_json=as_json,
        damage=net.world.damage, notes=net.world.notes,
    )  # fmt: skip
    if found.reachable is None:
        return STATUS["unknown"]
    wanted = expect == "some" if expect else False
    return STATUS["fine"] if found.reachable is wanted else STATUS["found"]
