"""A dump whose comments, chain names and log prefixes try to be more than text, and what may not
come of it in any output."""

from __future__ import annotations

from html.parser import HTMLParser

SCRIPT = "<script>alert(1)</script>"
COMMENT = (
    f"{SCRIPT}</code></pre></style>'><img src=x onerror=alert(2)> \x1b[31m\x07\u202e\u2066\x9b2J"
)
PREFIX = "<b>\u202e\x1b]0;x\x07-->"
CHAIN = "<i>\u200f&quot;'end"
DUMP = (
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    f":{CHAIN} - [0:0]\n"
    f'-A INPUT -m comment --comment "{COMMENT}" -j LOG --log-prefix "{PREFIX}"\n'
    f"-A INPUT -j {CHAIN}\n"
    f'-A {CHAIN} -p tcp -m comment --comment "{COMMENT}" -j ACCEPT\n'
    f"-A {CHAIN} -j DROP\nCOMMIT\n"
)


class Reader(HTMLParser):
    """What HTML says: its text and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Reader:
    """The parts of an HTML text."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def assert_harmless(text: str) -> None:
    """Nothing in it drives a terminal or turns the direction of writing."""
    assert all(c == "\n" or c.isprintable() for c in text)


def assert_only_text(text: str) -> None:
    """The HTML is harmless, and nothing of the dump became markup."""
    assert_harmless(text)
    found = read(text)
    assert not {"script", "b2", "iframe", "object", "link"} & {tag for tag, _ in found.tags}
    for tag, attributes in found.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert (attributes.get("src") or "data:image/svg+xml;base64,").startswith("data:image/svg")
    shown = "".join(found.text)
    assert SCRIPT in shown
    assert "\\u202e" in shown
