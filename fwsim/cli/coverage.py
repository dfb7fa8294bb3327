"""fwsim coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.endings import refuse
from fwsim.cli.opening import open_net, tell
from fwsim.cli.progress import progress

if TYPE_CHECKING:
    from fwsim.net import Net
    from fwsim.questions.coverage import Coverage


@click.command("coverage")
@options.place
@options.changes
@click.option("--packets", metavar="FILE", help="By these packets, one JSON object a line.")
@click.option("--pcap", metavar="FILE", help="By a capture's packets, as fwsim replay takes them.")
@click.option("--counters", is_flag=True, help="By what moved the dump's counters (the default).")
@options.as_captured
@options.assume
@options.at
@options.seed
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(
    *, place: str | None, commands: tuple[str, ...], packets: str | None, pcap: str | None,
    counters: bool, in_: str, any_mac: bool, assumptions: tuple[str, ...], moment: str | None,
    seed: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Which rules were reached (matched) by packets, by a capture, or by whatever moved the dump's
    own counters: a table of the chains, and the rules that were not, with those that no packet can
    reach marked.

    Exit status: 0 every rule was reached, 1 some were not, 2 the command or its input is wrong.
    """
    if sum((packets is not None, pcap is not None, counters)) > 1:
        raise click.UsageError("--packets, --pcap and --counters: by which of them?")
    if place == "-" and "-" in (packets, pcap):
        raise click.UsageError("--from and the packets cannot both be standard input")
    if (in_ or any_mac) and pcap is None:
        raise click.UsageError("--in and --any-mac tell of a capture: say --pcap FILE")
    net = tell(open_net(place, commands), assumptions, moment, seed)
    found = _found(net, packets, pcap, in_, any_mac)
    from fwsim.show.coverage import coverage_lines

    answer(
        found.to_dict() if as_json else None, lambda: coverage_lines(found), as_json=as_json,
        damage=net.world.damage, notes=net.world.notes,
    )  # fmt: skip
    if found.damage:
        return refuse(f"{pcap}: {found.damage}")
    return STATUS["fine"] if found else STATUS["found"]


def _found(net: Net, packets: str | None, pcap: str | None, in_: str, any_mac: bool) -> Coverage:
    if packets is not None:
        from fwsim.cli.packets import read_packets

        return net.coverage(packets=(packet for _, packet in read_packets(packets)))
    with progress() as shown:
        return net.coverage(capture=pcap, in_=in_, any_mac=any_mac, progress=shown)
