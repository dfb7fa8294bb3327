"""The `fwsim trace` commands that send packets again, for a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fwsim.machine.opening import SPORT

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation

UNKNOWN_PLACE = "PLACE"
"""What stands for a place that no command line tells: rules from a pipe, or a place at which
packets were sent already."""
_USUAL = {"sport": SPORT, "proto": "icmp"}  # what need not be said
_OPTIONS = {
    "src": "--src", "dst": "--dst", "proto": "--proto", "sport": "--sport", "dport": "--dport",
    "in_": "--in",
}  # fmt: skip


def asked_again(question: Mapping[str, Any], place: tuple[str, ...]) -> str:
    """What `Net.trace` is asked, at a place that these options tell."""
    words = ["fwsim", "trace", *_by_name(place)]
    for name, option in _OPTIONS.items():
        value = question.get(name)
        if value not in (None, "", _USUAL.get(name)):
            words += [option, str(value)]
    return shlex.join([*words, *(["--one-way"] if question.get("one_way") else [])])


def piped(packets: list[dict[str, Any]], words: tuple[str, ...]) -> str:
    """The command that replays packets, in order, in one connection-tracking world."""
    lines = shlex.join(json.dumps(packet) for packet in packets)
    trace = shlex.join(["fwsim", "trace", *_by_name(words)])
    return f"printf '%s\\n' {lines} | {trace} --packets - --json"


def _by_name(words: tuple[str, ...]) -> tuple[str, ...]:
    """What stood on standard input is there no more."""
    return ("--from", UNKNOWN_PLACE, *words[2:]) if words[:2] == ("--from", "-") else words


def place_words(simulation: Simulation) -> tuple[str, ...]:
    """The options that tell a place as it stands; `--from PLACE` where none do."""
    world, given, now = simulation.world, simulation.given, simulation.now
    if not world.place or simulation.seed or now != int(now) or not _whole(given.epoch):
        return ("--from", UNKNOWN_PLACE)
    words = ["--from", world.place]
    for command in world.commands:
        words += ["--with", command]
    for fact, answer in given.assume.items():
        words += ["--assume", f"{fact}={'yes' if answer else 'no'}"]
    if given.epoch is not None:
        words += ["--at", _utc(int(given.epoch))]
    words += ["--seed", str(given.seed)] * (given.seed is not None)
    return (*words, *(["--after", f"{int(now)}s"] if now else []))


def _whole(epoch: float | None) -> bool:
    return epoch is None or epoch == int(epoch)


def _utc(epoch: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")
