"""Whatever text is shown in a page, it stays text; and a page asks nobody for anything."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.model.errors import harmless
from fwsim.show.markup import SVG, element, html, image, stylesheet, svg_file
from fwsim.show.page import page, styled_svg
from show.hostile import read

HOSTILE = (
    "</code></style></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    "&lt;b&gt;\x1b[31m\x07\u202e\u2066\x9b\u200e\udcff\ufffe]]>--><!--"
)
texts = st.text() | st.lists(st.sampled_from([*"<>&\"'/=-!]\x1b\u202e\udcff\n\t a"])).map("".join)


@given(texts)
def test_text_stays_text(text: str) -> None:
    tree = element("p", text, element("code", text, title=text), [text, None])
    found = read(html(tree))
    assert [tag for tag, _ in found.tags] == ["p", "code"]
    assert "".join(found.text) == harmless(text) * 3
    assert found.tags[1][1] == {"title": harmless(text)}


@given(texts)
def test_text_of_pictures_stays_text(text: str) -> None:
    picture = element("svg", element("title", text), element("text", text, id=text), xmlns=SVG)
    found = ElementTree.fromstring(svg_file(picture))
    told = harmless(text)
    assert [e.tag for e in found.iter()] == [f"{{{SVG}}}{tag}" for tag in ("svg", "title", "text")]
    assert [found[0].text or "", found[1].text or "", found[1].get("id")] == [told, told, told]


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("script", {}), ("iframe", {}), ("style", {}), ("meta", {}), ("foreignObject", {}),
        ("p", {"onclick": "x"}), ("p", {"style": "x"}), ("a", {"href": "javascript:alert(1)"}),
        ("a", {"href": "https://example.org"}), ("img", {"src": "https://example.org/x.svg"}),
        ("rect", {"fill": "url(https://example.org/#x)"}), ("rect", {"fill": "</style>"}),
        ("svg", {"xmlns": "x"}),
    ],
)  # fmt: skip
def test_what_could_run_or_ask_is_refused(tag: str, attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="of pages"):
        element(tag, **attributes)  # type: ignore[arg-type]


def test_what_pages_need_is_taken() -> None:
    tree = element("details", class_="x", open=True, hidden=False, aria_label=1)
    assert html(tree) == '<details class="x" open="" aria-label="1"></details>'
    line = element("path", d="M 0,0 L 1.5,2", marker_end="url(#head)", stroke_width=1.25)
    assert html(line) == (
        '<path d="M 0,0 L 1.5,2" marker-end="url(#head)" stroke-width="1.25"></path>'
    )
    assert html(element("a", href="#L3")) == '<a href="#L3"></a>'
    with pytest.raises(ValueError, match="no <"):
        stylesheet("</style>")


def test_an_image_carries_the_picture() -> None:
    picture = styled_svg(element("svg", element("text", HOSTILE), xmlns=SVG))
    shown = image(picture, HOSTILE)
    assert shown.get("alt") == harmless(HOSTILE)
    data = b64decode((shown.get("src") or "").partition(",")[2])
    assert ElementTree.fromstring(data)[1].text == harmless(HOSTILE)


def test_a_page_is_one_document_that_allows_nothing_but_its_style() -> None:
    text = page(HOSTILE, element("h1", HOSTILE), element("p", HOSTILE))
    found = read(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in found.tags}
    assert "".join(found.text).count(harmless(HOSTILE)) == 3
    style = re.search("<style>(.*?)</style>", text, re.S)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = next(a["content"] for _, a in found.tags if a.get("http-equiv")) or ""
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "unsafe" not in policy
    assert not re.search(r"https?:|//|@import|url\(", style[1])
