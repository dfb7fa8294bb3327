"""click's commands with fwsim's endings."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from fwsim.cli.endings import complain, finish, refuse
from fwsim.cli.interrupt import INTERRUPTED
from fwsim.model.errors import harmless


class Polite(click.Group):
    """A group of commands that never ends in a traceback for what a user gave it."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """As click's, with fwsim's exit statuses."""
        run = super().main
        extra["standalone_mode"] = False

        def status() -> int | None:
            try:
                found: int | None = run(*args, **extra)
            except click.ClickException as error:
                return _usage(error)
            except click.Abort:
                return INTERRUPTED
            return found

        finish(status)


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        complain(context.get_usage())
    return refuse(harmless(error.format_message()))
