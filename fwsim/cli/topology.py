"""fwsim topology."""

from __future__ import annotations

import click

from fwsim.cli import options
from fwsim.cli.drawing import draw, drawn
from fwsim.cli.opening import open_net


@click.command("topology")
@options.place
@click.option(
    "--host", "hosts", metavar="NAME", multiple=True,
    help="Only this host (namespace, container) and its neighbours (repeatable).",
)  # fmt: skip
@drawn
@options.lang
def command(*, place: str | None, hosts: tuple[str, ...], form: str | None, file: str) -> None:
    """Draw the hosts: namespaces and containers with their devices, bridges and addresses, what
    joins them, and what lies beyond.

    \b
      fwsim topology --from host.tar.gz
      fwsim topology --from host.tar.gz -o hosts.svg
    """
    draw(open_net(place, ()).topology(*hosts), form=form, file=file)
