"""What traces, networks and rules can be shown as besides text; what draws them is imported on
use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fwsim.language.ruleset import Ruleset
from fwsim.model.errors import QuestionError

if TYPE_CHECKING:
    from fwsim.machine.world import World
    from fwsim.model.trace import Exchange
    from fwsim.show.pictured import Pictured


def _ruleset_html(ruleset: Ruleset) -> str:
    from fwsim.show.notebook import ruleset_html

    return ruleset_html(ruleset)


def _ruleset_text(ruleset: Ruleset) -> str:
    from fwsim.language.write import save

    return save(ruleset)


Ruleset.html_of, Ruleset.text_of = _ruleset_html, _ruleset_text


class Shown:
    """The pictures of `fwsim.net.Net`, and how a notebook shows it."""

    if TYPE_CHECKING:

        @property
        def world(self) -> World:
            """The hosts."""
            ...

        def rules(self, family: int = 4) -> Ruleset:
            """The host's rules."""
            ...

    def graph(
        self,
        *tables: str,
        chains: Iterable[str] = (),
        family: int = 0,
        counters: bool = False,
        trace: Picturing | None = None,
    ) -> Pictured:
        """Who jumps where, as `fwsim graph` draws it: in these tables (else the filter table, those
        that have the chains, or those that had a rule for the trace's packets), only these chains
        with the ways to them and all they lead to, lit by counters or by a trace. QuestionError for
        chains that are not there, or more than can be drawn."""
        from fwsim.show.graph_page import pictured

        exchange = trace.exchange if trace is not None else None
        sent = exchange.legs[0].packet.family if exchange is not None else family
        if family and sent != family:
            raise QuestionError(f"the rules of IPv{family} are asked for, and IPv{sent} was traced")
        only_6 = set(self.world.namespaces[self.world.host].rulesets) == {6}
        rules = self.rules(sent or (6 if only_6 else 4))
        return pictured(self.world, rules, tables, tuple(chains), exchange, counters=counters)

    def topology(self, *hosts: str) -> Pictured:
        """The hosts and what joins them, as `fwsim topology` draws them; with names, only these
        hosts and their neighbours. QuestionError for a host that is not there."""
        from fwsim.show.topology_page import pictured

        return pictured(self.world, hosts)

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
