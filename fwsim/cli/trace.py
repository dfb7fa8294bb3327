"""fwsim trace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fwsim.cli import options
from fwsim.model.errors import QuestionError

if TYPE_CHECKING:
    from fwsim.net import Net, Trace

THROUGH, STOPPED, UNKNOWN = 0, 1, 3
_TYPED = click.core.ParameterSource.COMMANDLINE
_PORT = click.IntRange(0, 65535)


@click.command("trace")
@options.place
@click.option("--src", metavar="A", default="", help="Who sends: an address, or a name.")
@click.option("--dst", metavar="B", default="", help="To whom: an address, or a name.")
@click.option("--proto", metavar="icmp|tcp|udp|N", default="icmp", help="[default: icmp echo]")
@click.option("--sport", metavar="N", type=_PORT, help="Source port.")
@click.option("--dport", metavar="N", type=_PORT, help="Destination port.")
@click.option("--in", "in_", metavar="DEV", default="", help="The device it comes in by.")
@click.option("--out", metavar="DEV", default="", help="The device that leads to B.")
@options.changes
@options.later
@options.assume
@options.at
@options.seed
@click.option("--one-way", is_flag=True, help="The request alone, not what comes back.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("-v", "--verbose", is_flag=True, help="Every hook, chain and rule, and why.")
@click.option("--live", is_flag=True, help="This host as it stands now: snapshot and trace in one.")
@click.option("--packets", metavar="FILE", help="Many packets, one JSON object a line; - is stdin.")
def command(
    place: str | None, commands: tuple[str, ...], packets: str | None, *,
    assumptions: tuple[str, ...], moment: str | None, seed: int | None, later: float | None,
    live: bool, **asked: Any,
) -> None:  # fmt: skip
    """Send a packet from A to B and follow all that comes of it.

    Exit status: 0 it got through, 1 it did not, 2 the command or its input is wrong, 3 it depends
    on something that fwsim was not told.
    """
    as_json, verbose = asked.pop("as_json"), asked.pop("verbose")
    _check(packets == place == "-", packets, asked, as_json=as_json, live=live)
    net = options.live_net(commands) if live else options.open_net(place, commands)
    net = options.tell(net.later(later) if later else net, assumptions, moment, seed)
    if packets is None:
        sys.exit(_one(net.trace(**asked), as_json, verbose))
    sys.exit(_many(net, packets))


def _check(
    twice: bool, packets: str | None, asked: dict[str, Any], *, as_json: bool, live: bool
) -> None:
    if live and click.get_current_context().get_parameter_source("place") is _TYPED:
        raise click.UsageError("--live and --from name two places: which one?")
    if packets is None:
        _require(asked)
    elif not as_json:
        raise click.UsageError("--packets needs --json: a line of JSON for each packet")
    elif twice:
        raise click.UsageError("--packets - and --from - cannot both read standard input")


def _require(asked: dict[str, Any]) -> None:
    missing = [f"--{name}" for name in ("src", "dst") if not asked[name]]
    if missing:
        raise click.UsageError(
            f"{' and '.join(missing)} missing: who sends, to whom? "
            "Such as fwsim trace --src 172.18.0.3 --dst 8.8.8.8"
        )


def _one(trace: Trace, as_json: bool, verbose: bool) -> int:
    if as_json:
        import json

        click.echo(json.dumps(trace.to_dict()))
    elif sys.stdout.isatty():
        from fwsim.show.terminal import show

        show(trace.lines(verbose=verbose))
    else:
        click.echo(trace.text(verbose=verbose))
    return status(trace)


def status(trace: Trace) -> int:
    """The exit status of an exchange."""
    if "UNKNOWN" in (trace.verdict, trace.outcome.upper()):
        return UNKNOWN
    if trace.outcome == "answered":
        return THROUGH
    unanswerable = "no_answer_expected" in trace.exchange.notes
    return THROUGH if unanswerable and trace.verdict == "ACCEPT" else STOPPED


def _many(net: Net, file: str) -> int:
    import json

    from fwsim.cli.packets import read_packets
    from fwsim.show.json import leg_dict

    host, seen = net.world.host, set()
    for leg in _placed(net, read_packets(file)):
        click.echo(json.dumps(leg_dict(leg, host)))
        sys.stdout.flush()
        seen.add(leg.verdict)
    return UNKNOWN if "UNKNOWN" in seen else STOPPED if seen - {"ACCEPT"} else THROUGH


def _placed(net: Net, lines: Any) -> Any:
    """The legs; what is wrong with a packet only this place can tell (an unknown device, say) is
    told with its line."""
    where = [""]

    def packets() -> Any:
        for name, packet in lines:
            where[0] = name
            yield packet

    try:
        yield from net.packets(packets())
    except QuestionError as error:
        raise QuestionError(f"{where[0]}: {error.message}", hint=error.hint) from None
