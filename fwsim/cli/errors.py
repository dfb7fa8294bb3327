"""How the command line ends: refusals as messages with status 2, interrupts with 130, a closed pipe
without a word."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click

from fwsim.cli.streams import prepare_output
from fwsim.model.errors import FwsimError, harmless

REFUSED, INTERRUPTED = 2, 130


class Polite(click.Group):
    """A group of commands that never ends in a traceback for what a user gave it."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """As click's, with fwsim's exit statuses."""
        extra["standalone_mode"] = False
        try:
            prepare_output()
            status = super().main(*args, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            status = _usage(error)
        except (click.Abort, KeyboardInterrupt):
            status = INTERRUPTED
        except BrokenPipeError:
            _leave_quietly()
        except FwsimError as error:
            status = refuse(str(error))
        except OSError as error:
            status = refuse(_system(error))
        sys.exit(status or 0)


def refuse(message: str) -> int:
    """Say on standard error why not; the exit status."""
    _complain(f"fwsim: {message}")
    return REFUSED


def _complain(text: str) -> None:
    with suppress(OSError):  # nobody to tell it to; the exit status still does
        click.echo(text, err=True)


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        _complain(context.get_usage())
    return refuse(harmless(error.format_message()))


def _system(error: OSError) -> str:
    named = f"{harmless(os.fsdecode(error.filename))}: " if error.filename else ""
    return f"{named}{error.strerror or error}"


def _leave_quietly() -> NoReturn:
    """Whoever read our output has seen enough. What is still buffered goes nowhere, so that the
    interpreter does not fail on it while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
