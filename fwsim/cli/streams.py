"""Standard output as it may be: closed, or in an encoding that lacks some characters."""

from __future__ import annotations

import codecs
import io
import sys

from fwsim.model.errors import FwsimError

# "?" alone means something else in an explanation
_PLAINER = {"✓": "+", "✗": "x", "→": "->", "←": "<-", "…": "..."}


def prepare_output() -> None:
    """What standard output's encoding lacks is written in plainer characters, or as an escape.
    Raises FwsimError if it is closed."""
    if sys.stdout is None:
        raise FwsimError("standard output is closed")
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("fwsim.plainer", _plainer)
        sys.stdout.reconfigure(errors="fwsim.plainer")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = (_PLAINER.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking)
    return "".join(escaped), error.end
