"""Ctrl-C ends the process at once, wherever it is: an exception would be told as a traceback while
modules are imported, or while the interpreter ends."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing is not imported before it is needed
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130


def leave(*_: object) -> NoReturn:
    """End, without a word."""
    os._exit(INTERRUPTED)


def leave_when_interrupted() -> None:
    """From here on, unless interrupts are to be ignored."""
    # What signal is made of: to make its enumerations would take a while.
    import _signal as signal  # type: ignore[import-not-found]

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)
