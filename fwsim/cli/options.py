"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
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
