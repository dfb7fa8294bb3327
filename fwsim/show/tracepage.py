"""The page of an exchange, its picture alone, and the same for a notebook."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from fwsim.machine.world import World
from fwsim.model.trace import Exchange
from fwsim.show.markup import Child, element, image, svg_file
from fwsim.show.mermaid import mermaid
from fwsim.show.page import fragment, page, styled_svg
from fwsim.show.picture import picture, pictures
from fwsim.show.telling import Remarks, Telling


def trace_page(world: World, exchange: Exchange, help_: Any, *, remarks: Remarks = ()) -> str:
    """All of it as one document. Arguments as of fwsim.show.text.story."""
    told = Telling(world, exchange, help_, remarks=remarks)
    return page(
        told.headline, told.title(), element("div", told.place()), _figure(told),
        element("div", told.legs(), class_="legs"), element("div", told.notes(), class_="notes"),
        told.branches(), told.nearest(), told.commands(), told.rules(),
        styles=("picture.css", "trace.css"),
    )  # fmt: skip


def trace_svg(world: World, exchange: Exchange) -> str:
    """The picture alone, as a file."""
    path = Telling(world, exchange, None).path()
    return svg_file(styled_svg(picture(path), "picture.css"))


def trace_mermaid(world: World, exchange: Exchange) -> str:
    """The picture as text, for Markdown."""
    return mermaid(Telling(world, exchange, None).path())


def trace_fragment(world: World, exchange: Exchange, help_: Any, *, remarks: Remarks = ()) -> str:
    """What a notebook shows: the picture, then what unfolds; it reads well without any style."""
    told = Telling(
        world, exchange, help_, remarks=remarks, heading=_plain_heading, links=False
    )  # fmt: skip
    drawn = image(styled_svg(picture(told.path()), "picture.css"), told.headline)
    return fragment(
        element("p", element("b", told.headline)), told.place(), element("p", drawn),
        map(_folded, told.legs()), told.notes(),
        told.branches(), told.nearest(), told.commands(),
        _folded(element("div", told.rules())) if told.dumps else None,
    )  # fmt: skip


def _plain_heading(*children: Child, **_: str) -> Element:
    """A title that does not upset the order of a notebook's own headings."""
    return element("p", element("b", *children))


def _folded(part: Element) -> Element:
    title, *parts = part
    return element("details", element("summary", title[0]), parts)


def _figure(told: Telling) -> Element:
    lying, upright = pictures(told.path())
    if lying is None:
        return element("figure", upright, class_="way")
    width = float(lying.get("width", 0))
    size = "small" if width <= 720 else "middle" if width <= 960 else "large"
    return element("figure", element("div", lying, class_="lying"),
                   element("div", upright, class_="upright"), class_=f"way {size}")  # fmt: skip
