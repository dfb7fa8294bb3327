"""fwsim diff."""

from __future__ import annotations

from typing import Any

import click

from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.opening import open_net, tell


@click.command("diff")
@click.argument("places", metavar="[OLD NEW]", nargs=-1)
@options.place
@options.narrowing
@options.changes
@options.assume
@options.lang
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(
    *, places: tuple[str, ...], place: str | None, commands: tuple[str, ...],
    assumptions: tuple[str, ...], as_json: bool, **asked: Any,
) -> int:  # fmt: skip
    """Which packets changed from one place to another, from what verdict to what, and because of
    which rules; or the proof that there are none. With --with instead of NEW: what these commands
    change.

    \b
      fwsim diff before.txt after.txt
      fwsim diff --from rules.txt --with 'iptables -I FORWARD -s 10.0.0.0/8 -j DROP'

    Exit status: 0 nothing changed, 1 packets changed, 2 the command or its input is wrong, 3 that
    depends on something that fwsim was not told.
    """
    from fwsim.show.diff import diff_lines

    old, new = _two(places, place, commands)
    before, after = (
        tell(open_net(name, given), assumptions, None, None)
        for name, given in ((old, ()), (new, commands))
    )
    found = before.diff(after, **asked)
    damage = list(dict.fromkeys([*before.world.damage, *after.world.damage]))
    answer(found.to_dict(), lambda: diff_lines(found), as_json=as_json, damage=damage)
    if found.equal is None:
        return STATUS["unknown"]
    return STATUS["fine"] if found.equal else STATUS["found"]


def _two(
    places: tuple[str, ...], place: str | None, commands: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """The old place and the new one."""
    if len(places) == 2 and places != ("-", "-"):
        return places[0], places[1]
    if len(places) > 1:
        raise click.UsageError("name two places, not both on standard input: fwsim diff OLD NEW")
    if not commands:
        raise click.UsageError(
            "what is compared? Name two places (fwsim diff OLD NEW), or one and commands: "
            "fwsim diff --from PLACE --with 'iptables …'"
        )
    one = places[0] if places else place
    if one == "-":
        raise click.UsageError("--with compares a place with itself: it has to be a file here")
    return one, one
