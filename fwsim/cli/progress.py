"""A bar that shows how far a long question has come: on a terminal, on standard error, once it has
taken a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer

from fwsim.cli.endings import unwinding

_AFTER = 1.0  # seconds


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """What is to be told how much is done, of how much."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with unwinding():  # the bar hides the cursor
        bar = _Bar()
        try:
            yield bar.told
        finally:
            bar.end()


class _Bar:
    """It appears by itself, however long the work says nothing."""

    def __init__(self) -> None:
        self._done: tuple[int, int] | None = None
        self._over = False
        self._lock = Lock()
        self._update: Callable[[int, int], None] = lambda _done, _all: None
        self._stop: Callable[[], None] = lambda: None
        self._timer = Timer(_AFTER, self._appear)
        self._timer.daemon = True
        self._timer.start()

    def told(self, done: int, of: int) -> None:
        """So much is done."""
        self._done = done, of
        self._update(done, of)

    def end(self) -> None:
        """Take it away."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            self._stop()

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        with self._lock:
            if self._over:
                return
            shown = Progress(console=Console(stderr=True), transient=True)
            done, of = self._done or (0, None)
            task = shown.add_task("", completed=done, total=of)
            self._stop = shown.stop
            self._update = lambda done, of: shown.update(task, completed=done, total=of)
            shown.start()
