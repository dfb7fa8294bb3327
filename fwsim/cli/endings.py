"""How the command line ends: refusals as messages with status 2, interrupts with 130, a closed pipe
without a word."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from fwsim.cli.interrupt import INTERRUPTED
from fwsim.cli.streams import echo, prepare_output
from fwsim.model.errors import FwsimError, harmless

REFUSED = 2


def finish(run: Callable[[], int | None]) -> NoReturn:
    """Run it, and exit with the status that it ends in."""
    try:
        prepare_output()
        status = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        _leave_quietly()
    except FwsimError as error:
        status = refuse(str(error))
    except OSError as error:
        status = refuse(_system(error))
    sys.exit(status or 0)


@contextmanager
def unwinding() -> Iterator[None]:
    """Meanwhile Ctrl-C is a KeyboardInterrupt, so that what was begun is cleared away."""
    import signal

    before = signal.getsignal(signal.SIGINT)
    if callable(before):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def refuse(message: str) -> int:
    """Say on standard error why not; the exit status."""
    complain(f"fwsim: {message}")
    return REFUSED


def complain(text: str) -> None:
    """Say it on standard error."""
    with suppress(OSError):  # nobody to tell it to; the exit status still does
        echo(text, sys.stderr)


def _system(error: OSError) -> str:
    what = error.strerror or str(error)
    if error.filename is None:
        return what
    return f"{harmless(os.fsdecode(error.filename)) or repr('')}: {what}"


def _leave_quietly() -> NoReturn:
    """Whoever read our output has seen enough. What is still buffered goes nowhere, so that the
    interpreter does not fail on it while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
