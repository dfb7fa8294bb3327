"""fwsim graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fwsim.cli import options
from fwsim.cli.drawing import draw, drawn
from fwsim.cli.opening import exchange_of, open_net
from fwsim.model.errors import QuestionError

if TYPE_CHECKING:
    from fwsim.language.ruleset import Ruleset
    from fwsim.net import Net, Trace
    from fwsim.questions.lights import Lights


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
    from fwsim.questions.lights import Lights, lights
    from fwsim.show.graph import Asked, graph_diagram, graphs

    net = open_net(place, commands)
    trace = net.trace(**exchange_of(asked, "--trace")) if asked else None
    family = _family(net, trace, ipv6)
    rules = net.rules(family)
    lit = lights(trace.exchange, net.world.host, family) if trace else Lights()
    shown = tables or _tables(rules, lit, chains)
    told = Asked(shown, chains, counters, lit, _said(trace))
    made = graphs(rules, told)
    diagram = graph_diagram(net.world, rules, made, told)

    def page() -> str:
        from fwsim.show.graph_page import graph_page

        return graph_page(diagram, made, told)

    draw(diagram, page, form=form, file=file)


def _family(net: Net, trace: Trace | None, ipv6: bool) -> int:
    """Whose rules are shown: those that are told, where only one family's are."""
    if trace is None:
        told = net.world.namespaces[net.world.host].rulesets
        return 6 if ipv6 or set(told) == {6} else 4
    if ipv6 and trace.packet.family == 4:
        raise QuestionError("-6 shows the rules of IPv6, and --trace sends IPv4")
    return trace.packet.family


def _said(trace: Trace | None) -> str:
    """What was traced, and what came of it."""
    from fwsim.show.layout import plain
    from fwsim.show.text import headline

    return plain([headline(trace.net.world, trace.exchange)]) if trace else ""


def _tables(rules: Ruleset, lit: Lights, chains: tuple[str, ...]) -> tuple[str, ...]:
    """The tables that are shown if nobody says which."""
    there = tuple(rules.tables)
    if chains:
        holding = (name for name in there if any(c in rules.tables[name].chains for c in chains))
        return tuple(holding) or there
    passed = tuple(name for name in there if name in lit.tables)
    return passed or (("filter",) if "filter" in there else there)
