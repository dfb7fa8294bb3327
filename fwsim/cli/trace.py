"""fwsim trace: its options."""

from __future__ import annotations

from typing import Any

import click

from fwsim.cli import options, pictures
from fwsim.cli.tracing import trace, trace_many

_TYPED = click.core.ParameterSource.COMMANDLINE
_OF_ONE_PACKET = ("src", "dst", "proto", "sport", "dport", "in_", "out", "html", "svg", "mermaid")


@click.command("trace")
@options.place
@options.exchange
@options.changes
@options.later
@options.assume
@options.at
@options.seed
@click.option("--one-way", is_flag=True, help="The request alone, not what comes back.")
@options.lang
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@pictures.options
@click.option("-v", "--verbose", is_flag=True, help="Every hook, chain and rule, and why.")
@click.option("--live", is_flag=True, help="This host as it stands now: snapshot and trace in one.")
@click.option("--packets", metavar="FILE", help="Many packets, one JSON object a line; - is stdin.")
def command(*, packets: str | None, **asked: Any) -> int:
    """Send a packet from A to B and follow all that comes of it.

    Exit status: 0 it got through, 1 it did not, 2 the command or its input is wrong, 3 it depends
    on something that fwsim was not told.
    """
    _check(packets, asked)
    if packets is None:
        return trace(**asked)
    return trace_many(packets, **{n: v for n, v in asked.items() if n not in pictures.NAMES})


def _check(packets: str | None, asked: dict[str, Any]) -> None:
    source = click.get_current_context().get_parameter_source
    if asked["live"] and source("place") is _TYPED:
        raise click.UsageError("--live and --from name two places: which one?")
    if packets is None:
        _require(asked)
        pictures.check(asked)
    elif not asked["as_json"]:
        raise click.UsageError("--packets needs --json: a line of JSON for each packet")
    elif packets == asked["place"] == "-":
        raise click.UsageError("--packets - and --from - cannot both read standard input")
    elif told := [name for name in _OF_ONE_PACKET if source(name) is _TYPED]:
        options = ", ".join(f"--{name.rstrip('_')}" for name in told)
        raise click.UsageError(f"--packets tells the packets, so leave out {options}")


def _require(asked: dict[str, Any]) -> None:
    missing = [f"--{name}" for name in ("src", "dst") if not asked[name]]
    if missing:
        raise click.UsageError(
            f"{' and '.join(missing)} missing: who sends, to whom? "
            "Such as fwsim trace --src 172.18.0.3 --dst 8.8.8.8"
        )
