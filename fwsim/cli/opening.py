"""The place that a command is about, with what was told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.model.errors import QuestionError

if TYPE_CHECKING:
    from fwsim.net import Net


def open_net(place: str | None, commands: tuple[str, ...], exchanges: tuple[str, ...] = ()) -> Net:
    """The place, after these commands and exchanges. Raises FwsimError."""
    import fwsim

    net = fwsim.load(place)
    if commands:
        net = net.apply(*commands)
    for client, words in enumerate(exchanges):
        net = net.trace(**exchange_of(words, "--after"), client=client).after
    return net


def live_net(commands: tuple[str, ...]) -> Net:
    """This host and its namespaces as they stand now, after these commands."""
    from fwsim.capture.run import taken
    from fwsim.cli.endings import unwinding
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.snapshot import load_snapshot
    from fwsim.net import Net

    with unwinding(), taken() as folder:
        net = Net(Simulation.of(load_snapshot(folder, "this host, as it stands")))
    return net.apply(*commands) if commands else net


def tell(net: Net, assumptions: tuple[str, ...], moment: str | None, seed: int | None) -> Net:
    """The place, told what --assume, --at and --seed say. Raises QuestionError."""
    if not (assumptions or moment or seed is not None):
        return net
    return net.given(dict(map(_assumption, assumptions)), epoch=_epoch(moment), seed=seed)


def _assumption(text: str) -> tuple[str, bool]:
    name, _, answer = text.rpartition("=")
    if not name or answer not in ("yes", "no"):
        raise QuestionError(
            f"--assume {text!r} is not FACT=yes or FACT=no",
            hint="A trace that depends on a fact prints its name.",
        )
    return name, answer == "yes"


def _epoch(text: str | None) -> float | None:
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise QuestionError(
            f"--at {text!r} is no time", hint="Such as --at '2026-03-29 02:30', in UTC."
        ) from None


def exchange_of(words: str, option: str) -> dict[str, Any]:
    """What SRC DST [PROTO[/DPORT]] asks `Net.trace`; QuestionError, naming the option, if it is
    anything else."""
    parts = words.split()
    if len(parts) not in (2, 3):
        raise QuestionError(
            f"{option} {words!r} is not SRC DST [PROTO[/DPORT]]",
            hint=f"Such as {option} '172.18.0.3 8.8.8.8 tcp/443'.",
        )
    asked: dict[str, Any] = {"src": parts[0], "dst": parts[1]}
    if len(parts) == 3:
        proto, slash, port = parts[2].partition("/")
        asked["proto"] = proto
        if slash:
            asked["dport"] = _port(port, f"{option} {words!r}")
    return asked


def _port(text: str, where: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 65536):
        raise QuestionError(f"{where}: a port is a number from 0 to 65535, not {text!r}")
    return int(text)
