"""A diagram in all the forms that it is shown in."""

from __future__ import annotations

from collections.abc import Callable

from fwsim.model.frozen import Frozen
from fwsim.show.diagram import Diagram
from fwsim.show.layout import Line, plain

FORMS = ("text", "svg", "html", "mermaid", "dot")


class Pictured(Frozen):
    """What `fwsim graph` and `fwsim topology` draw; `print` shows it as a tree of text, a notebook
    as a picture."""

    diagram: Diagram
    page: Callable[[], str]

    def written(self, form: str) -> str:
        """The text of a file in this form."""
        made: str = getattr(self, form)()
        return made if made.endswith("\n") else f"{made}\n"

    def lines(self) -> list[Line]:
        """The tree's lines, their pieces with styles."""
        from fwsim.show.diagram_text import diagram_lines

        return diagram_lines(self.diagram)

    def text(self) -> str:
        """The tree of text."""
        return plain(self.lines())

    def svg(self) -> str:
        """The picture, to be written to a file."""
        from fwsim.show.markup import svg_file
        from fwsim.show.svg import svg_alone

        return svg_file(svg_alone(self.diagram))

    def html(self) -> str:
        """A page that needs nothing else: the picture, and the same as text that unfolds."""
        return self.page()

    def mermaid(self) -> str:
        """A flowchart in Mermaid's language, for Markdown."""
        from fwsim.show.diagram_code import mermaid

        return mermaid(self.diagram)

    def dot(self) -> str:
        """A graph in Graphviz's language."""
        from fwsim.show.diagram_code import dot

        return dot(self.diagram)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Pictured: {self.diagram.title}>"

    def _repr_html_(self) -> str:
        from fwsim.show.markup import element, image
        from fwsim.show.page import fragment
        from fwsim.show.svg import svg_alone

        return fragment(element("p", image(svg_alone(self.diagram), self.diagram.title)))
