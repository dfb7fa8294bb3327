"""A real Chromium, headless: the one that the system brings, never a downloaded one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from shutil import which
from typing import Any

import pytest

from .viewer import Viewer


def _why_not() -> str:
    """Why there is no browser; "" if there is one."""
    try:
        import playwright.sync_api  # noqa: F401 (is it there?)
    except ImportError:
        return "playwright is not installed"
    return "" if which("chromium") else "chromium is not installed"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser. Without one its tests are skipped; with FWSIM_BROWSER=required they fail."""
    missing = _why_not()
    if missing and os.environ.get("FWSIM_BROWSER") == "required":
        pytest.fail(f"browser tests are required here, but: {missing}", pytrace=False)
    if missing:
        pytest.skip(f"browser tests: {missing}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
            timeout=120_000,
        )
        yield browser
        browser.close()


@pytest.fixture
def viewer(chromium: Any, tmp_path: Any) -> Iterator[Viewer]:
    """A tab that complains of whatever the page complains of or asks for."""
    made = Viewer(chromium, tmp_path)
    yield made
    made.close()
