"""A diagram as a page: the picture, which scrolls, then the same as text, box by box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element

from fwsim.model.tuples import NamedTuple
from fwsim.show.diagram import Diagram
from fwsim.show.markup import Child, element
from fwsim.show.page import page
from fwsim.show.svg import STYLES, svg
from fwsim.show.words import say


class Unfolded(NamedTuple):
    """A box's text: what stands behind its title, what this unfolds to, and whether it has."""

    summary: str
    inner: Sequence[Child]
    open: bool = False


def anchors(diagram: Diagram) -> dict[tuple[str, str], str]:
    """The id of each box's text in the page."""
    return {
        (section.name, box.name): f"s{number}b{at}"
        for number, section in enumerate(diagram.sections, 1)
        for at, box in enumerate(section.boxes, 1)
    }


def table(titles: Sequence[str], rows: Iterable[tuple[Sequence[Child], bool]]) -> Element:
    """A table whose rows have a heading each; on a narrow screen its cells stand below each other,
    with their titles. A row is its cells, and whether it is lit."""
    return element(
        "table",
        element("thead", element("tr", (element("th", title, scope="col") for title in titles))),
        element("tbody", (_row(titles, cells, lit) for cells, lit in rows)),
    )


def _row(titles: Sequence[str], cells: Sequence[Child], lit: bool) -> Element:
    first, *others = cells
    return element(
        "tr",
        element("th", first, scope="row"),
        (
            element("td", cell, data_title=title)
            for title, cell in zip(titles[1:], others, strict=True)
        ),
        class_="lit" if lit else None,
    )


def diagram_page(
    diagram: Diagram, unfolded: Mapping[tuple[str, str], Unfolded], heading: str
) -> str:
    """The whole document; `unfolded` by section and box."""
    ids = anchors(diagram)
    picture = element(
        "div", svg(diagram, ids),
        class_="scroll", role="region", tabindex="0", aria_label=say("graph.page.picture"),
    )  # fmt: skip
    body: list[Child] = [
        element("h1", diagram.title),
        element("p", diagram.lit) if diagram.lit else None,
        *(element("p", text, class_="soft") for text in diagram.remarks),
        picture,
        element("h2", heading),
    ]
    for section in diagram.sections:
        if section.title:
            body.append(element("h3", section.title))
        for box in section.boxes:
            place = (section.name, box.name)
            told = unfolded[place]
            summary = element(
                "summary", element("code", box.title, class_="name"), " ",
                element("span", told.summary, class_="soft"),
            )  # fmt: skip
            inner = element("div", told.inner, id=ids[place], class_="unfolded")
            body.append(element("details", summary, inner, class_="box", open=told.open))
    return page(diagram.title, *body, styles=STYLES)
