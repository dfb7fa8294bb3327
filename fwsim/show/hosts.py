"""The rows of one packet's way, host by host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fwsim.machine.world import World
from fwsim.model.trace import Leg, Step
from fwsim.show.layout import Row
from fwsim.show.phrases import Links, change, chosen, effect_of, known, route, said
from fwsim.show.rules import Decision, Told, every_rule, table_rows
from fwsim.show.words import say

FIRST, LAST = 8, 4  # the hosts of a long way that are told in short


class Teller:
    """Tells the legs of an exchange in order; what an earlier leg told is said shorter."""

    def __init__(self, world: World, decision: Decision, verbose: bool) -> None:
        self.world, self.decision, self.verbose = world, decision, verbose
        self.told, self.links = Told(), Links(world)

    def leg(self, leg: Leg) -> Iterator[Row]:
        """The rows of a leg."""
        left_out = range(FIRST, len(leg.hops) - LAST) if not self.verbose else range(0)
        for number, hop in enumerate(leg.hops):
            if number in left_out:
                if number == FIRST:
                    yield Row(where=say("more_hosts", count=len(left_out)))
                continue
            rows = self._everything(hop) if self.verbose else self._digest(leg, number, hop)
            yield from (row._replace(host="" if n else hop.text) for n, row in enumerate(rows))

    # -- in short -------------------------------------------------------------------------------

    def _digest(self, leg: Leg, number: int, hop: Step) -> list[Row]:
        middle = self._middle(hop)
        if not middle and hop.data["fate"] == "sent":
            return self._sender(leg, hop)
        announced = number > 0 and leg.direction == "request"
        lead = list(self._lead(hop, announced))
        end = list(self.links.end(hop))
        if not middle and end:
            lead = [phrase for phrase in lead if not phrase.startswith(say("in", dev=""))]
        return [*_spans([say("semicolon").join(lead)] if lead else []), *middle, *_spans(end)]

    def _sender(self, leg: Leg, hop: Step) -> list[Row]:
        """A host that only sends: told once, at the head of the request."""
        if leg.direction != "request" and leg.hops[1:]:
            return []
        return _spans(
            self.links.go_out(hop.text, s.data["dev"]) for s in hop.children if s.kind == "leave"
        )

    def _lead(self, hop: Step, announced: bool) -> Iterator[str]:
        for at, step in enumerate(hop.children):
            if step.kind == "enter" and not announced:
                yield self.links.come_in(hop.text, step.data["dev"])
            elif step.kind == "conntrack" and (step.data["known"] or step.data["reply"]):
                yield known(step)
            elif step.kind == "nat" and step.data["hook"] == "PREROUTING" and not chosen(hop, at):
                yield change(step)

    def _middle(self, hop: Step) -> list[Row]:
        rows: list[Row] = []
        routes: list[Row] = []
        for at, step in enumerate(hop.children):
            match step.kind:
                case "route":
                    routes = [Row(where=route(step))]
                    if hop.data["fate"] != "sent":
                        rows += routes
                case "table":
                    effect = effect_of(hop, at)
                    rows += table_rows(self.world, step, self.decision, effect, self.told)
                case "bridge" | "copy" | "helper":
                    rows.append(Row(where=said(step)))
                case "nat" if step.data["hook"] != "PREROUTING" and not chosen(hop, at):
                    rows.append(Row(where=say("nat", hook=step.data["hook"]) + change(step)))
        return [*routes, *rows] if rows and hop.data["fate"] == "sent" else rows

    # -- in full --------------------------------------------------------------------------------

    def _everything(self, hop: Step) -> list[Row]:
        rows: list[Row] = []
        for step in hop.children:
            if step.kind == "table":
                rows += every_rule(step, self.decision)
            else:
                rows += _spans(self.links.step(hop.text, step))
        ends = [] if any(s.kind == "leave" for s in hop.children) else self.links.end(hop)
        return [*rows, *_spans(ends)]


def _spans(texts: Iterable[str]) -> list[Row]:
    return [Row(where=text) for text in texts]
