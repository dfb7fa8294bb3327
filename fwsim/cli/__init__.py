"""The command line: one module a command, imported when it is asked for.

The usual call of `fwsim trace` is read without click (fwsim.cli.quick); all else is click's. What
is imported here and in `fwsim` itself is there already when Python starts: an interrupt finds
`main` at work as soon as can be.
"""

from __future__ import annotations

import os
import sys

from fwsim.cli.interrupt import leave, leave_when_interrupted

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Do what the process's arguments say, and exit."""
    try:
        leave_when_interrupted()
        _run()
    except KeyboardInterrupt:
        leave()


def _run() -> NoReturn:
    from fwsim.cli.quick import question

    asked = question(sys.argv[1:], os.environ)
    if asked is None:
        from fwsim.cli.commands import fwsim

        fwsim.main(prog_name="fwsim")
    import gc

    gc.disable()  # a short life: hardly anything is dropped before its end
    from fwsim.cli.endings import finish
    from fwsim.cli.tracing import trace

    try:
        finish(lambda: trace(**asked))
    finally:
        gc.freeze()  # else the interpreter looks through everything for garbage before it ends
