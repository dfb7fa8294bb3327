"""fwsim graph."""

from __future__ import annotations

import click

from fwsim.cli import options
from fwsim.cli.drawing import draw, drawn
from fwsim.cli.opening import exchange_of, open_net


@click.command("graph")
@options.place
@click.option(
    "-t", "--table", "tables", metavar="TABLE", multiple=True, callback=options.known_tables,
    help="Which table (repeatable), or all [default: filter; those that hold the chains of "
    "--chain, or through which --trace leads].",
)  # fmt: skip
@click.option(
    "--chain", "chains", metavar="CHAIN", multiple=True,
    help="Only this chain, the ways to it and where it leads (repeatable).",
)  # fmt: skip
@click.option("-6", "--ipv6", is_flag=True, help="The rules of IPv6.")
@options.changes
@click.option(
    "--counters", is_flag=True, help="Tell, and shade by, the packets that rules counted."
)
@click.option(
    "--trace", "asked", metavar="'SRC DST [PROTO[/DPORT]]'",
    help="Trace this exchange, and light its way.",
)  # fmt: skip
@drawn
@options.lang
def command(
    *, place: str | None, tables: tuple[str, ...], chains: tuple[str, ...], ipv6: bool,
    commands: tuple[str, ...], counters: bool, asked: str | None, form: str | None, file: str,
) -> None:  # fmt: skip
    """Draw who jumps where: a box for each chain, a row for what its rules do alike.

    Chains alike in name are folded into one box where there are more than can be read; --chain
    shows one of them.

    \b
      fwsim graph --from rules.txt
      fwsim graph --from rules.txt --counters -o graph.html
      fwsim graph --trace '172.18.0.3 8.8.8.8' -t all -o graph.svg
    """
    net = open_net(place, commands)
    trace = net.trace(**exchange_of(asked, "--trace")) if asked else None
    family = 6 if ipv6 else 0
    picture = net.graph(*tables, chains=chains, family=family, counters=counters, trace=trace)
    draw(picture, form=form, file=file)
