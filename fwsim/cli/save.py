"""fwsim save."""

from __future__ import annotations

from datetime import datetime

import click

from fwsim.cli import options
from fwsim.cli.opening import open_net
from fwsim.cli.streams import emit


@click.command("save")
@options.place
@options.table
@click.option("-c", "--counters", is_flag=True, help="Counters too.")
@options.changes
@options.after
def command(
    *, place: str | None, table: str | None, counters: bool, commands: tuple[str, ...],
    exchanges: tuple[str, ...],
) -> None:  # fmt: skip
    """Print the rules as iptables-save does, those of IPv6 after those of IPv4."""
    from fwsim.language.write import save

    net = open_net(place, commands, exchanges)
    date = datetime.now().strftime("%a %b %e %H:%M:%S %Y")
    for family in sorted(net.world.namespaces[net.world.host].rulesets):
        emit(save(net.rules(family), counters=counters, table=table, date=date))
