"""fwsim replay."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fwsim.cli import options
from fwsim.cli.answering import STATUS, answer
from fwsim.cli.endings import refuse
from fwsim.cli.opening import open_net, tell
from fwsim.cli.progress import progress
from fwsim.cli.streams import echo

if TYPE_CHECKING:
    from fwsim.model.trace import Leg
    from fwsim.questions.replay.frames import Frame
    from fwsim.questions.replay.summary import Replay


@click.command("replay")
@click.argument("file")
@options.place
@options.changes
@options.as_captured
@options.assume
@options.at
@options.seed
@click.option("--json", "as_json", is_flag=True, help="For scripts: the summary.")
@click.option("--jsonl", "as_lines", is_flag=True, help="For scripts: each packet, a line of JSON.")
def command(
    *, file: str, place: str | None, commands: tuple[str, ...], in_: str, any_mac: bool,
    assumptions: tuple[str, ...], moment: str | None, seed: int | None,
    as_json: bool, as_lines: bool,
) -> int:  # fmt: skip
    """Send every packet of a capture (pcap, pcapng; - is standard input) through the rules, in its
    order and by its clock, and say who was stopped where. Nothing is sent. What was seen to leave
    is compared with what the rules let leave; docs/replay.md says how the two are told apart.

    \b
      tcpdump -i eth0 -w eth0.pcap
      fwsim replay eth0.pcap --from snapshot/ --in eth0

    Exit status: 0 nothing was stopped, 1 something was, 2 the command or its input is wrong, such
    as a damaged capture (what could be read is answered first), 3 it depends on something that
    fwsim was not told.
    """
    if file == place == "-":
        raise click.UsageError("a capture and --from cannot both be standard input")
    if as_json and as_lines:
        raise click.UsageError("--json tells the summary, --jsonl each packet: which one?")
    net = tell(open_net(place, commands), assumptions, moment, seed)
    on_leg = _line(net.world.host) if as_lines else None
    with progress() as shown:
        found = net.replay(file, in_=in_, any_mac=any_mac, progress=shown, on_leg=on_leg)
    if not as_lines:
        from fwsim.show.replay import replay_lines

        answer(
            found.to_dict() if as_json else None, lambda: replay_lines(found), as_json=as_json,
            damage=net.world.damage,
        )  # fmt: skip
    return _status(found, file)


def _line(host: str) -> Any:
    """What prints a packet's leg, with the number and time of its frame."""
    import json

    from fwsim.show.json import leg_dict

    def tell_leg(frame: Frame, leg: Leg) -> None:
        told = {"frame": frame.number, "time": frame.time / 1e9, **leg_dict(leg, host)}
        echo(json.dumps(told), sys.stdout)

    return tell_leg


def _status(found: Replay, file: str) -> int:
    from fwsim.questions.replay.frames import CaptureError

    if found.damage:
        return refuse(str(CaptureError(f"{file}: {found.damage}", hint=found.hint)))
    if found.of("UNKNOWN"):
        return STATUS["unknown"]
    return STATUS["found"] if found.of("DROP", "REJECT") else STATUS["fine"]
