"""After a second, a bar tells on a terminal that something is still at work; then it goes away."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from fwsim.cli import progress as module
from fwsim.cli.progress import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class _Late:
    """A timer whose time comes at once, or never."""

    daemon = False

    def __init__(self, seconds: float, run: Callable[[], None], *, comes: bool) -> None:
        self._run, self._comes = run, comes
        assert seconds == 1.0

    def start(self) -> None:
        if self._comes:
            self._run()

    def cancel(self) -> None:
        pass


def _shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, comes: bool) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(module, "Timer", lambda s, run: _Late(s, run, comes=comes))
    with progress() as told:
        told(1, 4)
        told(4, 4)
    return stream.getvalue()


def test_after_a_second_there_is_a_bar_and_then_a_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _shown(monkeypatch, _Terminal(), comes=True)
    assert "100%" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_what_is_quick_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _shown(monkeypatch, _Terminal(), comes=False) == ""


def test_only_a_terminal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _shown(monkeypatch, io.StringIO(), comes=True) == ""
