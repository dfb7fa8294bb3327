"""A policy held against a place, line by line: by proof over all packets that a line speaks of,
and for two machines by a trace of the exchange as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from fwsim.machine.sets.replies import answerable
from fwsim.model.errors import PlaceError, QuestionError
from fwsim.model.names import family_of
from fwsim.model.trace import PASSED, VERDICT_OF, got_through
from fwsim.questions.again import place_words
from fwsim.questions.asked import Asked
from fwsim.questions.lint import source_name
from fwsim.questions.policy.demands import Demand, narrowed
from fwsim.questions.policy.model import UNCHANGED, Line
from fwsim.questions.policy.outcome import DEPENDS, FAILS, HOLDS, Outcome, Report, worst
from fwsim.questions.policy.telling import LISTED, Telling

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation

_STOPPED = frozenset(VERDICT_OF) - PASSED
_TRACES = 20  # exchanges of one line


class Check(Telling):
    """What comes of the lines."""

    def report(self) -> Report:
        """What came of every line."""
        outcomes = tuple(self.outcome(line) for line in self.policy.lines)
        world = self.place.simulation.world
        host = world.namespaces[world.host]
        untold = [what for family in (4, 6) if (what := world.untold_rules(host, family))]
        sources = {f: name for f, rules in host.rulesets.items() if (name := source_name(rules))}
        words = place_words(self.place.simulation)
        return Report(
            self.policy.name, world.title, outcomes, tuple(world.notes), tuple(untold), sources,
            words,
        )  # fmt: skip

    def outcome(self, line: Line) -> Outcome:
        """What came of a line: the worst of what it says of families and ends."""
        if line.kind == UNCHANGED:
            return self._unchanged(line)
        found: Outcome | None = None
        for demand in self.demands[line]:
            for outcome in self._must(demand) if demand.must else self._must_not(demand):
                found = worst(found, outcome)
                if found.result == FAILS:
                    return found
        untold = self._untold(line) if found is None or found.result == HOLDS else ()
        if untold:
            return Outcome(line, DEPENDS, "depends", depends_on=untold)
        return found or Outcome(line, HOLDS)

    def _untold(self, line: Line) -> tuple[str, ...]:
        """Which rules nobody told, of families whose addresses a line names."""
        named = (*line.sources, *line.targets, *(end for side in line.sides for end in side))
        families = {family_of(end.text.partition("/")[0]) for end in named} - {None, *self.ends}
        world = self.simulation.world
        told = (world.untold_rules(world.namespaces[world.host], f) for f in families if f)
        return tuple(filter(None, told))

    # -- must --------------------------------------------------------------------------------------

    def _must(self, demand: Demand) -> Iterator[Outcome]:
        traced = [*self._exchanges(demand)]
        yield from traced
        if not traced or any(self._crosses(outcome.trace) for outcome in traced):
            yield self._all_through(demand)

    def _crosses(self, trace: Any) -> bool:
        """The host sees packets of it: its rules have to do with it."""
        return any(hop.text == self.simulation.world.host for leg in trace.legs for hop in leg.hops)

    def _all_through(self, demand: Demand) -> Outcome:
        walked, ends = self.walked[demand.family], self.ends[demand.family]
        asked, through = self.packets(demand), self.through(demand.family)
        answers = self.answered(demand.family)
        if any(ends.wide(end) for end in (*demand.who, *demand.whom)):
            known = asked - walked.nobodys() - answers.nobody
            asked = asked if known.is_empty else known
        silent = through - walked.read(answerable(demand.family))
        good, unknown = through & answers.home | silent, walked.unknown() | answers.unknown
        surely = asked - (good | unknown).may()
        if surely.is_empty:
            rest = asked - good.must()
            if rest.is_empty:
                return Outcome(demand.line, HOLDS, family=demand.family)
            return self.depends(demand, rest, walked.why((asked & good) | (asked & unknown)))
        stopped = surely - through.may()
        if stopped.is_empty:
            return self.fails(demand, surely, "lost", PASSED)
        return self.fails(demand, stopped, "stopped", _STOPPED)

    def _exchanges(self, demand: Demand) -> Iterator[Outcome]:
        """Those of two machines, one for each protocol and port that the line names."""
        line, device = demand.line, demand.line.in_.text if demand.line.in_ else ""
        protos = [said.text for said in line.protos] or ["tcp" if line.ports else "icmp"]
        ports: list[int | None] = [_first(said.text) for said in line.ports]
        narrow = [
            [e for e in side if not self.ends[demand.family].wide(e) and e not in line.but]
            for side in (demand.who, demand.whom)
        ]
        every = product(product(*narrow), protos, ports or [None])
        for (who, whom), proto, port in islice(every, _TRACES):
            asked: dict[str, Any] = {"src": who.text, "dst": whom.text, "proto": proto}
            asked |= {"dport": port, "in_": device}
            try:
                trace = self.place.trace(**asked)
            except QuestionError as error:
                if demand.must:
                    raise QuestionError(error.message, span=line.span, hint=error.hint) from None
                continue
            yield self._of_trace(demand, asked, trace)

    def _of_trace(self, demand: Demand, asked: Mapping[str, Any], trace: Any) -> Outcome:
        through, host = got_through(trace.exchange), self.simulation.world.host
        for leg in trace.legs:
            counted = (*leg.matched, *leg.policies)
            for c in counted:
                if c.host == host:
                    where = c.family, c.table, c.chain, c.rule
                    self.matched.setdefault(where, set()).add(demand.line)
        result = DEPENDS if through is None else HOLDS if through is demand.must else FAILS
        why = tuple(dict.fromkeys(what for leg in trace.legs for what in leg.depends_on))
        what = "exchange" if demand.must else "through"
        return Outcome(
            demand.line, result, what, demand.family, trace=trace,
            ref=trace.decided_by if result == FAILS else None,
            depends_on=why if result == DEPENDS else (), question=asked,
        )  # fmt: skip

    # -- must not ----------------------------------------------------------------------------------

    def _must_not(self, demand: Demand) -> Iterator[Outcome]:
        walked = self.walked[demand.family]
        through, unknown = self.through(demand.family), walked.unknown()
        there = walked.read(demand.arrives) | walked.arriving(demand.arrives)
        wrong = walked.read(demand.sent) & there
        surely = (wrong & through).must()
        if not surely.is_empty:
            yield self.fails(demand, surely, "through", PASSED)
            return
        rest = (wrong & (through | unknown)).may()
        if not rest.is_empty:
            yield self.depends(demand, rest, walked.why(wrong & (through | unknown)))
        yield from self._exchanges(demand)  # some reach each other without the host

    # -- unchanged ---------------------------------------------------------------------------------

    def _unchanged(self, line: Line) -> Outcome:
        from fwsim.questions.diff import diff

        assert line.place is not None
        asked = Asked(only=narrowed(line, self.ends))
        try:
            found = diff(_opened(line.place.text), self.simulation, LISTED, asked)
        except (PlaceError, QuestionError) as error:
            raise QuestionError(error.message, span=line.place.span, hint=error.hint) from None
        if not found.changes:
            result = HOLDS if found.equal else DEPENDS
            return Outcome(line, result, "depends", depends_on=found.depends_on)
        change = found.changes[0]
        shown = change.witness
        question, trace = self.shown(shown, one_way=True) if shown else (None, None)
        return Outcome(
            line, FAILS, "changed", witness=shown, trace=trace, ref=change.now.ref,
            packets=change.packets, change=change, question=question,
        )  # fmt: skip


@cache
def _opened(place: str) -> Simulation:
    from fwsim.machine.place import open_place
    from fwsim.machine.simulate import Simulation

    return Simulation.of(open_place(place))


def _first(ports: str) -> int:
    return int(re.split("[-:,]", ports)[0])
