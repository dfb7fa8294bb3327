"""fwsim save."""

from __future__ import annotations

from datetime import datetime

import click

from fwsim.cli import options
from fwsim.cli.opening import open_net
from fwsim.cli.streams import emit, say_beside


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
    rulesets = [net.rules(f) for f in sorted(net.world.namespaces[net.world.host].rulesets)]
    say_beside(dict.fromkeys(note for rules in rulesets for note in rules.notes))
    for rules in rulesets:
        emit(save(rules, counters=counters, table=table, date=date))
