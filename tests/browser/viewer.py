"""A tab of a browser that shows a page and watches what it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

NARROWEST, NARROW, MIDDLE, WIDE = (320, 640), (360, 740), (820, 1100), (1280, 900)
REFERENCE = Path(__file__).parent / "reference"

_FAULTS = (Path(__file__).parent / "faults.js").read_text("utf-8")


class Viewer:
    """One page at a time; what it said to the console and what it asked for beyond itself."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.file = folder / "page.html"
        self.tab = browser.new_page(reduced_motion="reduce")
        self.tab.set_default_timeout(60_000)
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.tab.on("request", lambda request: self.asked.append(request.url))

    def show(self, text: str, size: tuple[int, int] = WIDE, scheme: str = "light") -> Any:
        """Open the page; the tab."""
        self.resize(size, scheme)
        self.file.write_text(text, "utf-8")
        self.tab.goto(self.file.as_uri())
        return self.tab

    def resize(self, size: tuple[int, int], scheme: str = "light") -> None:
        """Make the window as large, in that colour scheme."""
        self.tab.set_viewport_size({"width": size[0], "height": size[1]})
        self.tab.emulate_media(color_scheme=scheme)

    def faults(self) -> list[str]:
        """What looks wrong, and what the page did besides being read."""
        found: list[str] = self.tab.evaluate(_FAULTS)
        own = self.file.as_uri()
        asked = [url for url in self.asked if url != own and not url.startswith("data:")]
        return [*found, *self.said, *asked]

    def lights(self) -> Iterator[tuple[str, str]]:
        """The page narrow and wide, light and dark, each without faults: width and scheme."""
        for size, width in ((NARROW, "narrow"), (WIDE, "wide")):
            for scheme in ("light", "dark"):
                self.resize(size, scheme)
                assert self.faults() == []
                yield width, scheme

    def close(self) -> None:
        """Close the tab."""
        self.tab.close()
