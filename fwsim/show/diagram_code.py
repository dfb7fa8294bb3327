"""Diagrams in the languages of other programs: Mermaid's flowcharts and Graphviz's dot. They lay
out by themselves; boxes have numbers, and texts are quoted as each language wants it."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.show.diagram import Box, Diagram, Row, Section
from fwsim.show.layout import one_line
from fwsim.show.mermaid import escaped

_MERMAID = {
    (True, ""): "-->", (True, "dashed"): "-.->", (True, "lit"): "==>",
    (False, ""): "---", (False, "dashed"): "-.-", (False, "lit"): "===",
}  # fmt: skip


def mermaid(diagram: Diagram) -> str:
    """A flowchart."""
    lines = ["flowchart LR", f"  accTitle: {escaped(diagram.title)}"]
    for number, section in enumerate(diagram.sections, 1):
        lines.append(f'  subgraph s{number}["{escaped(section.title or diagram.title)}"]')
        lines.append("    direction LR")
        names = _names(section, f"s{number}n")
        for box in section.boxes:
            text = "<br/>".join(map(escaped, _told(box)))
            lines.append(f'    {names[box.name]}["{text}"]')
        for source, label, row in _arrows(section):
            arrow = _MERMAID[section.directed, "dashed" if row.dashed else "lit" if row.lit else ""]
            said = f'|"{escaped(label)}"|' if label else ""
            lines.append(f"    {names[source]} {arrow}{said} {names[row.to or '']}")
        lines.append("  end")
    return "\n".join(lines) + "\n"


def dot(diagram: Diagram) -> str:
    """A digraph."""
    lines = [
        "digraph fwsim {",
        f"  label={_quoted(diagram.title)};",
        "  rankdir=LR;",
        '  node [shape=box, fontname="monospace"];',
        '  edge [fontname="monospace"];',
    ]
    for number, section in enumerate(diagram.sections, 1):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={_quoted(section.title)};")
        lines += [] if section.directed else ["    edge [dir=none];"]
        names = _names(section, f"s{number}n")
        for box in section.boxes:
            lines.append(f"    {names[box.name]} [label={_lines(_told(box))}];")
        for source, label, row in _arrows(section):
            style = ", style=dashed" if row.dashed else ", penwidth=3" if row.lit else ""
            lines.append(
                f"    {names[source]} -> {names[row.to or '']} [label={_quoted(label)}{style}];"
            )
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _names(section: Section, prefix: str) -> dict[str, str]:
    return {box.name: f"{prefix}{at}" for at, box in enumerate(section.boxes, 1)}


def _told(box: Box) -> Iterator[str]:
    """What stands in a box: its title, and the rows that lead nowhere."""
    yield "  ".join(filter(None, (box.title, box.note)))
    for row in box.rows:
        if row.to is None:
            yield "  ".join(filter(None, row[:4]))


def _arrows(section: Section) -> Iterator[tuple[str, str, Row]]:
    """Each wire: where it comes from, what is written on it, and its row."""
    for box, _, row in section.wires():
        yield box.name, "  ".join(filter(None, (row.number, row.text, row.note))), row


def _quoted(text: str) -> str:
    r"""A string of dot: \, " and & are escaped, for its labels read \N, &lt; and the like."""
    told = one_line(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{told}"'


def _lines(texts: Iterator[str]) -> str:
    """Lines that begin at the left, in one string."""
    return '"' + "".join(_quoted(text)[1:-1] + "\\l" for text in texts) + '"'
