"""Diagrams: nothing hides anything, the same comes out each time, and whatever stands in a box
stays text in every language that diagrams are written in."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwsim.model.errors import harmless
from fwsim.show.columns import Box as Size
from fwsim.show.columns import Wire, crossings, grid
from fwsim.show.diagram import Box, Diagram, Row, Section
from fwsim.show.diagram_code import dot, mermaid
from fwsim.show.diagram_page import Unfolded, diagram_page
from fwsim.show.diagram_text import diagram_lines
from fwsim.show.layout import plain
from fwsim.show.markup import svg_file
from fwsim.show.svg import svg_alone

from .drawn import drawn, faults

HOSTILE = "</text></svg><script>alert(1)</script>\"'\\N%0A--> end #quot; |x|\x1b[31m\u202e\n]]>"
texts = st.sampled_from(["", "FORWARD", "-p tcp --dport 80", "中文", HOSTILE, "x" * 40])


@st.composite
def sections(draw: st.DrawFn) -> Section:
    """Boxes whose rows lead to later ones only, in any order."""
    count = draw(st.integers(1, 10))
    names = [f"b{n}" for n in range(count)]
    boxes = []
    for at, name in enumerate(names):
        ahead = st.sampled_from([None, *names[at + 1 :]])
        rows = [
            Row(text=text, to=to)
            for text, to in draw(st.lists(st.tuples(texts, ahead), max_size=5))
        ]
        boxes.append(Box(name, draw(texts), draw(texts), rows))
    return Section(draw(texts), draw(st.permutations(boxes)), "s", draw(st.booleans()))


def _svg(*found: Section) -> str:
    return svg_file(svg_alone(Diagram("a title", found)))


@settings(max_examples=80, deadline=None)
@given(sections())
def test_nothing_hides_anything(section: Section) -> None:
    picture = drawn(_svg(section))
    assert faults(picture) == []
    assert len(picture.boxes) == len(section.boxes)
    assert len(picture.wires) == len([*section.wires()])
    assert len(picture.tips) == (len(picture.wires) if section.directed else 0)


@settings(max_examples=30, deadline=None)
@given(sections())
def test_the_same_diagram_is_drawn_alike(section: Section) -> None:
    assert _svg(section) == _svg(section)


def test_what_hides_something_is_found() -> None:
    head = '<polygon class="head" points="10,50 2,46 2,54"/>'
    for wrong in (
        '<rect class="box" x="0" y="0" width="9" height="9"/><rect class="box" x="5" y="5" '
        'width="9" height="9"/>',
        '<rect class="box" x="0" y="0" width="9" height="9"/><path class="line" d="M-5 4 L20 5"/>',
        f'<path class="line" d="M0 50 L2 50"/>{head}<path class="line" d="M0 40 C8 40 8 60 9 60"/>',
        f'<path class="line" d="M0 48 L2 50"/>{head}',
        f'<path class="line" d="M0 50 L2 50"/><path class="line" d="M0 50 L2 50"/>{head}{head}',
    ):
        assert faults(drawn(f"<svg>{wrong}</svg>"))


def test_what_can_be_drawn_without_a_crossing_is() -> None:
    """A tree whose boxes come in the wrong order, and a wire that passes two columns."""
    boxes = {name: Size(100, 60) for name in "gfedcba"}
    pairs = [("a", "b", 20.0), ("a", "c", 40.0), ("b", "d", 20.0), ("b", "e", 40.0)]
    pairs += [("c", "f", 20.0), ("c", "g", 40.0), ("a", "g", 55.0)]
    assert crossings(grid(boxes, [Wire(*pair) for pair in pairs])) == 0


# -- whatever stands there stays text --------------------------------------------------------------

HARD = Diagram(
    HOSTILE,
    (Section(HOSTILE, (
        Box("a", HOSTILE, HOSTILE, (Row(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, to="b"),),
            "folded", HOSTILE),
        Box("b", HOSTILE, rows=(Row(text=HOSTILE),)),
    ), HOSTILE),),
    (HOSTILE,), (HOSTILE,), HOSTILE,
)  # fmt: skip
SHOWN = harmless(HOSTILE).replace("\n", "\\n")


def test_svg() -> None:
    root = ElementTree.fromstring(svg_file(svg_alone(HARD)))
    tags = {e.tag.rpartition("}")[2] for e in root.iter()}
    assert tags <= {"svg", "style", "title", "g", "rect", "text", "path", "polygon"}
    assert any(e.text == harmless(HOSTILE) for e in root.iter())


def test_html() -> None:
    place = (HOSTILE, "a"), (HOSTILE, "b")
    page = diagram_page(HARD, {one: Unfolded(HOSTILE, [HOSTILE]) for one in place}, HOSTILE)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_text() -> None:
    text = plain(diagram_lines(HARD))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert SHOWN in text


def test_mermaid_reads_the_text_back() -> None:
    code = mermaid(HARD)
    assert len(code.splitlines()) == 8
    labels = re.findall(r'"([^"]*)"', code)
    assert len(labels) == 4
    for label in labels:
        for line in label.split("<br/>"):
            assert not re.search(r"[<>\\\[\]{}]", line)
            back = re.sub(r"#(\d+);", lambda m: chr(int(m[1])), line)
            assert SHOWN in back


@given(st.text())
def test_mermaid_quotes_any_text(text: str) -> None:
    code = mermaid(Diagram("t", (Section("s", (Box("a", text),)),)))
    label = code.splitlines()[4].split('"')
    assert len(label) == 3
    back = re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label[1])
    assert back == harmless(text).replace("\n", "\\n")


@given(st.text())
def test_dot_quotes_any_text(text: str) -> None:
    code = dot(Diagram("t", (Section("s", (Box("a", text),)),)))
    line = next(line for line in code.splitlines() if line.startswith("    s1n1 ["))
    quoted = re.fullmatch(r'    s1n1 \[label="((?:[^"\\]|\\.)*)\\l"\];', line)
    assert quoted, line
    back = re.sub(r"\\(.)", r"\1", quoted[1]).replace("&amp;", "&")
    assert back == harmless(text).replace("\n", "\\n")


@pytest.mark.parametrize("directed", [True, False])
def test_arrows_tell_where_wires_lead_and_of_what_kind(directed: bool) -> None:
    rows = (Row("1", to="b"), Row("2", to="b", dashed=True), Row("3", to="b", lit=("request",)))
    section = Section("s", (Box("a", "A", rows=rows), Box("b", "B")), "s", directed)
    code = mermaid(Diagram("t", (section,)))
    arrows = re.findall(r"s1n1 (\S+?)\|.*s1n2", code)
    assert arrows == (["-->", "-.->", "==>"] if directed else ["---", "-.-", "==="])
    drawing = dot(Diagram("t", (section,)))
    assert ("dir=none" in drawing) is not directed
    assert "style=dashed" in drawing
    assert "penwidth=3" in drawing
