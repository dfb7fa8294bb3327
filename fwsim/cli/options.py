"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

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


def _speak(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """For as long as the command runs, which may be within a program that speaks another."""
    from fwsim.readings.words import known, language

    if name is not None:
        token = language.set(known(name))
        ctx.call_on_close(lambda: language.reset(token))


lang = click.option(
    "--lang", metavar="LANG", envvar="FWSIM_LANG", callback=_speak, expose_value=False,
    help="Explain in this language: en or zh-TW [environment: FWSIM_LANG; default: en].",
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


def known_tables(
    ctx: click.Context, param: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Tables by their names, `all` meaning each."""
    from fwsim.language.ruleset import TABLES

    if "all" in names:
        return tuple(TABLES)
    return tuple(name for name in names if _table(ctx, param, name))


table = click.option(
    "-t", "--table", metavar="TABLE", callback=_table, help="Which table."
)  # fmt: skip


def _having(command: _Command, given: Iterable[Callable[[_Command], _Command]]) -> _Command:
    """The command with these options, in this order."""
    for option in reversed([*given]):
        command = option(command)
    return command


def as_question(command: _Command) -> _Command:
    """The options of questions about every packet: devices, networks, protocol, ports, state."""
    return _having(command, _QUESTION)


def narrowing(command: _Command) -> _Command:
    """The options that say which packets, of them where packets have to be told apart by what they
    are alone: the device they come in by, networks, protocol, ports."""
    return _having(command, (_QUESTION[0], *_QUESTION[2:7]))


_QUESTION = (
    click.option("--in", "in_", metavar="DEV", default="", help="The device they come in by."),
    click.option("--out", metavar="DEV", default="", help="The device they leave by."),
    click.option(
        "--src",
        metavar="NET",
        default="",
        help="From: an address, a network, a "
        "name, or internet: all that lies beyond the default route.",
    ),
    click.option("--dst", metavar="NET", default="", help="To: the same."),
    click.option("--proto", metavar="icmp|tcp|udp|N", default="", help="[default: any]"),
    click.option("--sport", metavar="PORTS", default="", help="Such as 1024-65535."),
    click.option("--dport", metavar="PORTS", default="", help="Such as 80,443,8000-8010."),
    click.option(
        "--state",
        metavar="STATES",
        default="NEW",
        help="What conntrack says of them: NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED, or some "
        "of them with commas [default: NEW].",
    ),
    click.option("-6", "family", flag_value=6, type=int, default=0, help="IPv6."),
)


def as_captured(command: _Command) -> _Command:
    """The options that say where a capture was made."""
    return _having(command, _CAPTURED)


_CAPTURED = (
    click.option("--in", "in_", metavar="DEV", default="", help="The device it was captured on."),
    click.option(
        "--any-mac",
        is_flag=True,
        help="The capture's MACs are not the place's: do not look at them.",
    ),
)


def exchange(command: _Command) -> _Command:
    """The options that say who sends what to whom."""
    return _having(command, _EXCHANGE)


_PORT = click.IntRange(0, 65535)
_EXCHANGE = (
    click.option("--src", metavar="A", default="", help="Who sends: an address, or a name."),
    click.option("--dst", metavar="B", default="", help="To whom: an address, or a name."),
    click.option(
        "--proto",
        metavar="icmp|tcp|udp|N",
        default="",
        help="[default: tcp where a port is told, else icmp echo]",
    ),
    click.option("--sport", metavar="N", type=_PORT, help="Source port [default: 40000]."),
    click.option("--dport", metavar="N", type=_PORT, help="[default: 80 for tcp, 53 for others]"),
    click.option("--in", "in_", metavar="DEV", default="", help="The device it comes in by."),
    click.option("--out", metavar="DEV", default="", help="The device that leads to B."),
)
