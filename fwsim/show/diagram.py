"""Diagrams as data: boxes of rows, and wires from rows to boxes. Chains and hosts become these;
svg, html, mermaid, dot and text are written from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwsim.model.tuples import NamedTuple


class Row(NamedTuple):
    """A line within a box, in four columns; `full` is all that there is to say of it. A wire leads
    from it to the box `to`, to its row `into` if that is told; `dashed` if it does not come back.
    `style`: accept, drop, or "". `heat` is 0 (cold) to 4; `lit` names the legs that pass by."""

    number: str = ""
    text: str = ""
    result: str = ""
    note: str = ""
    full: str = ""
    to: str | None = None
    into: int | None = None
    dashed: bool = False
    style: str = ""
    heat: int = 0
    lit: tuple[str, ...] = ()


class Box(NamedTuple):
    """A box: `name` is its own within a section; `style` base, chain, dim, folded, host, beyond."""

    name: str
    title: str
    note: str = ""
    rows: Sequence[Row] = ()
    style: str = "chain"
    full: str = ""
    lit: tuple[str, ...] = ()


class Section(NamedTuple):
    """Boxes that are laid out together; `directed`: their wires have arrowheads."""

    title: str
    boxes: Sequence[Box]
    name: str = ""
    directed: bool = True

    def wires(self) -> Iterator[tuple[Box, int, Row]]:
        """Every row that leads to a box, with its box and its place there."""
        for box in self.boxes:
            for at, row in enumerate(box.rows):
                if row.to is not None:
                    yield box, at, row


class Diagram(NamedTuple):
    """A whole picture: what it shows, its sections, remarks, what its signs mean, and what is lit
    there."""

    title: str
    sections: Sequence[Section]
    remarks: Sequence[str] = ()
    legend: Sequence[str] = ()
    lit: str = ""
