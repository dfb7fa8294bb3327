"""Options that several commands share, and the place they lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from fwsim.net import Net

_Command = TypeVar("_Command", bound=Callable[..., Any])

place = click.option(
    "--from", "place", metavar="PLACE", envvar="FWSIM_FROM",
    help="A dump's file, - for standard input, a snapshot's directory or archive, or example:NAME "
    "[environment: FWSIM_FROM; default: the built-in example].",
)  # fmt: skip
changes = click.option(
    "--with", "commands", metavar="'iptables …'", multiple=True,
    help="Give this iptables command first (repeatable, in order).",
)  # fmt: skip
after = click.option(
    "--after", "exchanges", metavar="'SRC DST [PROTO[/DPORT]]'", multiple=True,
    help="Trace this exchange first, and show the counters it leaves (repeatable).",
)  # fmt: skip


assume = click.option(
    "--assume", "assumptions", metavar="'FACT=yes|no'", multiple=True,
    help="Settle a fact that nobody knows, by the name that a trace prints (repeatable).",
)  # fmt: skip
at = click.option(
    "--at",
    "moment",
    metavar="'YYYY-MM-DD HH:MM[:SS]'",
    help="When it happens, in UTC, for rules that ask (-m time).",
)
seed = click.option(
    "--seed", metavar="N", type=int,
    help="Let coins fall (-m statistic --mode random), always the same way for the same seed.",
)  # fmt: skip


class _Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """Seconds, or with a unit: 90s, 5m, 2h, 1d."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """In seconds."""
        digits = value[:-1] if value[-1:] in _UNITS else value
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
            self.fail(f"{value!r} is no time span: write 90s, 5m, 2h or 1d")
        return float(int(digits) * _UNITS.get(value[-1:], 1))


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
later = click.option(
    "--after", "later", metavar="TIME", type=_Duration(),
    help="Let this much time pass first (90s, 5m, 2h).",
)  # fmt: skip


def _table(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    from fwsim.language.ruleset import TABLES

    if name is not None and name not in TABLES:
        raise click.BadParameter(f"there is no table {name!r}; tables: {', '.join(TABLES)}")
    return name


table = click.option(
    "-t", "--table", metavar="TABLE", callback=_table, help="Which table."
)  # fmt: skip


def open_net(place: str | None, commands: tuple[str, ...], exchanges: tuple[str, ...] = ()) -> Net:
    """The place, after these commands and exchanges. Raises FwsimError."""
    import fwsim

    net = fwsim.load(place)
    if commands:
        net = net.apply(*commands)
    for words in exchanges:
        net = net.trace(**_exchange(words)).after
    return net


def live_net(commands: tuple[str, ...]) -> Net:
    """This host and its namespaces as they stand now, after these commands."""
    from fwsim.capture.run import taken
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.snapshot import load_snapshot
    from fwsim.net import Net

    with taken() as folder:
        net = Net(Simulation.of(load_snapshot(folder, "this host, as it stands")))
    return net.apply(*commands) if commands else net


def tell(net: Net, assumptions: tuple[str, ...], moment: str | None, seed: int | None) -> Net:
    """The place, told what --assume, --at and --seed say. Raises QuestionError."""
    if not (assumptions or moment or seed is not None):
        return net
    return net.given(dict(map(_assumption, assumptions)), epoch=_epoch(moment), seed=seed)


def _assumption(text: str) -> tuple[str, bool]:
    from fwsim.model.errors import QuestionError

    name, _, answer = text.rpartition("=")
    if not name or answer not in ("yes", "no"):
        raise QuestionError(
            f"--assume {text!r} is not FACT=yes or FACT=no",
            hint="A trace that depends on a fact prints its name.",
        )
    return name, answer == "yes"


def _epoch(text: str | None) -> float | None:
    from datetime import UTC, datetime

    from fwsim.model.errors import QuestionError

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise QuestionError(
            f"--at {text!r} is no time", hint="Such as --at '2026-03-29 02:30', in UTC."
        ) from None


def emit(text: str) -> None:
    """Print a dump's text: as it is for other programs, harmless on a terminal."""
    import sys

    from fwsim.model.errors import harmless

    if sys.stdout.isatty():
        sys.stdout.write(harmless(text))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _exchange(words: str) -> dict[str, Any]:
    from fwsim.model.errors import QuestionError

    parts = words.split()
    if len(parts) not in (2, 3):
        raise QuestionError(
            f"--after {words!r} is not SRC DST [PROTO[/DPORT]]",
            hint="Such as --after '172.18.0.3 8.8.8.8 tcp/443'.",
        )
    asked: dict[str, Any] = {"src": parts[0], "dst": parts[1]}
    if len(parts) == 3:
        proto, slash, port = parts[2].partition("/")
        asked["proto"] = proto
        if slash:
            asked["dport"] = _port(port, words)
    return asked


def _port(text: str, words: str) -> int:
    from fwsim.model.errors import QuestionError

    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 65536):
        raise QuestionError(f"--after {words!r}: a port is a number from 0 to 65535, not {text!r}")
    return int(text)
