"""fwsim list."""

from __future__ import annotations

import click

from fwsim.cli import options
from fwsim.cli.opening import open_net
from fwsim.cli.streams import emit, say_beside


@click.command("list")
@options.place
@options.table
@click.option("-n", "--numeric", is_flag=True, help="Ports and services as numbers.")
@click.option("-v", "--verbose", is_flag=True, help="Counters and devices too.")
@click.option("-x", "--exact", is_flag=True, help="Counters in full.")
@click.option("--line-numbers", is_flag=True, help="Number the rules.")
@click.option("-6", "--ipv6", is_flag=True, help="The rules of IPv6.")
@options.changes
@options.after
@click.argument("chain", required=False)
def command(
    *, place: str | None, table: str | None, ipv6: bool, commands: tuple[str, ...],
    exchanges: tuple[str, ...], chain: str | None, **form: bool,
) -> None:  # fmt: skip
    """Print the rules of CHAIN, or of the whole table, as iptables -L does."""
    from fwsim.language.listing import listing

    net = open_net(place, commands, exchanges)
    rules = net.rules(6 if ipv6 else 4)
    say_beside(rules.notes)
    emit(listing(rules, table=table or "filter", chain=chain, **form))
