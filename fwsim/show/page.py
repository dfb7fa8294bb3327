"""The shell of every page: one self-contained document that asks nobody for anything.

    from fwsim.show.page import page, styled_svg

    text = page("a title", element("h1", "a title"), …, styles=("picture.css",))

The document brings its stylesheets (`.css` files of this folder; `colours.css` and `page.css` come
first, always) and forbids all else by its Content-Security-Policy: no script, no request, no
style attribute. Colours are the variables of `colours.css`, light and dark, and for print; use them
(`fill: var(--ink)`) by class. `styled_svg` gives a picture that stands alone the same colours.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from xml.etree.ElementTree import Element

from fwsim.readings.words import spoken
from fwsim.show.markup import Child, append, element, html, stylesheet
from fwsim.show.words import say

_HERE = Path(__file__).parent


def page(title: str, *body: Child, styles: tuple[str, ...] = ()) -> str:
    """A whole document with this body, which has the one <h1>."""
    css = _css("colours.css", "page.css", *styles)
    head = element("head")
    head.append(Element("meta", charset="utf-8"))
    head.append(_meta("viewport", "width=device-width, initial-scale=1"))
    head.append(Element("meta", {"http-equiv": "Content-Security-Policy", "content": _policy(css)}))
    head.append(_meta("referrer", "no-referrer"))
    append(head, element("title", title), stylesheet(css))
    skip = element("a", say("page.skip"), class_="skip", href="#main")
    main = element("main", *body, id="main", tabindex="-1")
    whole = element("html", head, element("body", skip, main), lang=spoken())
    return f"<!DOCTYPE html>\n{html(whole)}\n"


def fragment(*body: Child) -> str:
    """What a notebook shows; its style is for nothing else in the notebook, and may be lost."""
    return html(element("div", stylesheet(_css("notebook.css")), *body, class_="fwsim"))


def styled_svg(picture: Element, *styles: str) -> Element:
    """The picture with stylesheets of its own, to be a file or an image."""
    made = Element(picture.tag, picture.attrib)
    made.append(stylesheet(_css("colours.css", *styles)))
    made.extend(picture)
    return made


@cache
def _css(*names: str) -> str:
    return "".join((_HERE / name).read_text("utf-8") for name in names)


def _meta(name: str, content: str) -> Element:
    return Element("meta", name=name, content=content)


def _policy(css: str) -> str:
    digest = b64encode(sha256(css.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
