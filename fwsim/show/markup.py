"""HTML and SVG that no text can break out of.

    from fwsim.show.markup import element, html, svg_file

    rule = element("code", step.text, class_="rule")
    html(element("p", "rule 3: ", rule, " misses", id="r3", aria_label="a rule"))

Everything is a tree of `xml.etree.ElementTree`; the library escapes text and attributes when the
tree is written. Children are elements, texts, None (nothing) or iterables of these. Attributes are
keywords: `class_` is class, `aria_label` is aria-label, True is an empty attribute, None and False
are none. Texts are made `harmless` on their way in: control characters, terminal escapes and
direction marks are shown as `\\x1b`, `\\u202e`. Tags and attributes are those listed here: there is
no script, no handler, no style attribute, and links stay within the page. Whatever else is asked
for is a ValueError, so that a mistake shows in a test and not in a page.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from fwsim.model.errors import harmless

Child: TypeAlias = "Element | str | Iterable[Child] | None"
Value: TypeAlias = "str | int | float | bool | None"

_TAGS = frozenset({
    "html", "head", "body", "title", "main", "header", "footer", "nav", "section", "article",
    "aside", "h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "a", "ul", "ol", "li",
    "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre", "code",
    "kbd", "samp", "b", "strong", "em", "i", "small", "mark", "bdi", "br", "hr", "wbr",
    "figure", "figcaption", "details", "summary", "img", "abbr", "svg", "g", "desc", "defs",
    "marker", "path", "line", "polyline", "polygon", "rect", "circle", "ellipse", "text",
    "tspan",
})  # fmt: skip
_TEXTUAL = frozenset({
    "id", "class", "title", "lang", "dir", "role", "alt", "for", "name", "headers", "scope",
    "value",
})  # fmt: skip
_FORMAL = frozenset({
    "open", "hidden", "tabindex", "colspan", "rowspan", "start", "reversed", "width", "height",
    "align", "valign", "border", "viewBox", "preserveAspectRatio", "x", "y", "x1",
    "y1", "x2", "y2", "dx", "dy", "cx", "cy", "r", "rx", "ry", "d", "points", "transform",
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-dasharray",
    "stroke-linecap", "stroke-linejoin", "stroke-opacity", "opacity", "marker-start", "marker-mid",
    "marker-end", "markerWidth", "markerHeight", "refX", "refY", "orient", "markerUnits",
    "font-size", "font-family", "font-weight", "font-style", "text-anchor",
    "dominant-baseline", "direction", "unicode-bidi", "textLength", "lengthAdjust", "focusable",
})  # fmt: skip
_FORMAL_VALUE = re.compile(r"(?:url\(#[\w-]+\)|(?!.*url\()[\w#.,()%+\- /:'\"]*)\Z")
_IMAGE = "data:image/svg+xml;base64,"
SVG = "http://www.w3.org/2000/svg"


def element(tag: str, /, *children: Child, **attributes: Value) -> Element:
    """An element with these children and attributes."""
    if tag not in _TAGS:
        raise ValueError(f"no element of pages: {tag}")
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None and value is not False:
            _set(made, name.rstrip("_").replace("_", "-"), value)
    append(made, *children)
    return made


def append(parent: Element, *children: Child) -> None:
    """Add these behind what is there."""
    for child in children:
        if isinstance(child, str):
            _add_text(parent, harmless(child))
        elif isinstance(child, Element):
            parent.append(child)
        elif child is not None:
            append(parent, *child)


def stylesheet(css: str) -> Element:
    """A style element; its text comes from the package, never from what is shown."""
    if "<" in css:
        raise ValueError("a stylesheet has no <")
    made = Element("style")
    made.text = css
    return made


def html(tree: Element) -> str:
    """The text of a tree, for HTML."""
    return tostring(tree, encoding="unicode", method="html")


def svg_file(picture: Element) -> str:
    """A picture (an svg element) as a file of its own."""
    text = tostring(picture, encoding="unicode", method="xml")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def image(picture: Element, alt: str) -> Element:
    """A picture as an image: one that survives where only plain HTML is shown, as on GitHub."""
    data = b64encode(svg_file(picture).encode()).decode()
    return element("img", src=_IMAGE + data, alt=alt)


def _add_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _set(made: Element, name: str, value: str | int | float | bool) -> None:
    text = "" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
    if not _is_allowed(name, text):
        raise ValueError(f"no attribute of pages: {name}={text[:80]!r}")
    made.set(name, harmless(text))


def _is_allowed(name: str, text: str) -> bool:
    match name:
        case "xmlns":
            return text == SVG
        case "href":
            return text.startswith("#")
        case "src":
            return text.startswith(_IMAGE)
    if name in _TEXTUAL or name.startswith(("aria-", "data-")):
        return True
    return name in _FORMAL and _FORMAL_VALUE.match(text) is not None
