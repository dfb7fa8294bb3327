"""fwsim test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fwsim import __version__
from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.opening import open_net, tell
from fwsim.cli.progress import progress
from fwsim.cli.streams import write

if TYPE_CHECKING:
    from fwsim.questions.policy.outcome import Report

_STATUS = {"holds": "fine", "fails": "found", "depends": "unknown"}


@click.command("test")
@click.argument("policy", metavar="POLICY.toml")
@options.place
@options.changes
@options.assume
@click.option("--coverage", is_flag=True, help="Say on which rules no line of the policy depends.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML there too.")
@click.option("--sarif", metavar="FILE", help="Write SARIF 2.1.0 there too.")
@options.lang
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(
    *, policy: str, place: str | None, commands: tuple[str, ...], assumptions: tuple[str, ...],
    coverage: bool, junit: str | None, sarif: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Hold a place against a policy: who must reach what, who must not, what must stay as it was.
    Each line is proved for all packets that it speaks of; where it fails, a packet shows it.
    docs/testing.md tells how policies are written.

    Exit status: 0 all of it holds, 1 a line fails, 2 the policy or its place is wrong, 3 nothing
    fails, but a line depends on something that fwsim was not told.
    """
    from fwsim.model.keeping import Keeping
    from fwsim.questions.policy.read import open_policy
    from fwsim.show.policy import policy_lines

    asked = open_policy(policy)
    where = place or asked.place or None
    net = tell(open_net(where, commands), assumptions, None, None)
    with Keeping(), progress() as shown:
        found = net.test(asked, coverage=coverage, progress=shown)
    _write(found, junit, sarif)
    damage = net.world.damage
    answer(found.to_dict(), lambda: policy_lines(found), as_json=as_json, damage=damage)
    return STATUS[_STATUS[found.result]]


def _write(found: Report, junit: str | None, sarif: str | None) -> None:
    """The files that are asked for."""
    if junit:
        from fwsim.show.junit import junit as as_junit

        write(junit, as_junit(found))
    if sarif:
        import json

        from fwsim.show.sarif import of_policy

        write(sarif, json.dumps(of_policy(found, __version__), indent=1))
