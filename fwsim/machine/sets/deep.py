"""Recursion as deep as the rules are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fwsim.model.errors import QuestionError

_DEEPEST = 20_000


@contextmanager
def deep() -> Iterator[None]:
    """Chains that jump a thousand calls deep are walked by as deep a recursion."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _DEEPEST))
    try:
        yield
    except RecursionError:
        raise QuestionError("the chains' jumps go too deep to be walked with sets") from None
    finally:
        sys.setrecursionlimit(usual)
