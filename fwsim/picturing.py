"""What traces, networks and rules can be shown as besides text; what draws them is imported on
use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.language.ruleset import Ruleset

if TYPE_CHECKING:
    from fwsim.machine.world import World
    from fwsim.model.trace import Exchange


def _ruleset_html(ruleset: Ruleset) -> str:
    from fwsim.show.notebook import ruleset_html

    return ruleset_html(ruleset)


def _ruleset_text(ruleset: Ruleset) -> str:
    from fwsim.language.write import save

    return save(ruleset)


Ruleset.html_of, Ruleset.text_of = _ruleset_html, _ruleset_text


class Shown:
    """How a notebook shows `fwsim.net.Net`."""

    if TYPE_CHECKING:

        @property
        def world(self) -> World:
            """The hosts."""
            ...

    def _repr_html_(self) -> str:
        from fwsim.show.notebook import world_html

        return world_html(self.world)


class Picturing:
    """The pictures of `fwsim.net.Trace`."""

    if TYPE_CHECKING:
        net: Any
        exchange: Exchange

        @property
        def help(self) -> Any:
            """The nearest rules, and what would help."""
            ...

        def _remarks(self) -> tuple[tuple[str, str], ...]: ...

    def html(self, *, advice: bool = True) -> str:
        """A page that needs nothing else: the way as a picture, the steps, which unfold, and the
        rules' text. `advice` as of `text`."""
        from fwsim.show.tracepage import trace_page

        help_ = self.help if advice else None
        return trace_page(self.net.world, self.exchange, help_, remarks=self._remarks())

    def svg(self) -> str:
        """The way as a picture, to be written to a file."""
        from fwsim.show.tracepage import trace_svg

        return trace_svg(self.net.world, self.exchange)

    def mermaid(self) -> str:
        """The way as a sequence diagram in Mermaid's language, for Markdown."""
        from fwsim.show.tracepage import trace_mermaid

        return trace_mermaid(self.net.world, self.exchange)

    def _repr_html_(self) -> str:
        from fwsim.show.tracepage import trace_fragment

        return trace_fragment(self.net.world, self.exchange, self.help, remarks=self._remarks())
