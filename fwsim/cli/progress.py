"""A bar that shows how far a long question has come: on a terminal, on standard error, once it has
taken a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

_AFTER = 1.0  # seconds


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """What is to be told how much is done, of how much."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    bar = _Bar()
    try:
        yield bar.show
    finally:
        bar.end()


class _Bar:
    def __init__(self) -> None:
        self._begun = monotonic()
        self._end: Callable[[], None] = lambda: None
        self._update: Callable[[int, int], None] | None = None

    def show(self, done: int, of: int) -> None:
        """So much is done."""
        if self._update is None and monotonic() - self._begun >= _AFTER:
            self._start()
        if self._update is not None:
            self._update(done, of)

    def end(self) -> None:
        """Take it away."""
        self._end()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        shown = Progress(console=Console(stderr=True), transient=True)
        task = shown.add_task("")
        shown.start()
        self._end = shown.stop
        self._update = lambda done, of: shown.update(task, completed=done, total=of)
