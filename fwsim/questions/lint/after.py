"""What would become of packets if a rule were not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwsim.language.ruleset import VERDICTS, Rule
from fwsim.model.actions import RETURN, Action
from fwsim.questions.lint.few import Group
from fwsim.questions.lint.kinds import final
from fwsim.questions.lint.survey import Row, Survey, Where

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.questions.lint.overlap import Exact

_WORK = 3000  # the most rules that are looked at for one


class After:
    """Whether packets that a rule ends in a way would end the same without it. `gone` are rules
    that are not there either; `by` are those that end the packets then."""

    def __init__(self, survey: Survey, gone: Iterable[Where]) -> None:
        self.survey, self.gone = survey, set(gone)
        self.by: dict[Where, None] = {}
        self.known: Exact = {}
        self._work = 0
        self._last: dict[str, Exact] = {}  # by chain, where packets went that ended otherwise

    def same(self, at: Where, end: Action) -> bool:
        """Whether they would; False too where finding out takes too long."""
        last = self._last.get(at[0])
        if last and not self._same(at, self.survey.like(at, last), end):
            return False
        few = self.survey.few(*at)
        if not self._told(at, few, end):
            return False
        packets = self.survey.hits(*at)
        return packets == few.packets or self._told(at, Group(packets, self.survey.known(*at)), end)

    def _told(self, at: Where, packets: Group, end: Action) -> bool:
        """The same of some of its packets; where others of its chain are best looked at first."""
        self._found = self.survey.diagrams.false
        same = self._same(at, packets, end)
        if self._found.satisfiable():
            self._last[at[0]] = self.survey.goal(self._found)
        return same

    def _same(self, at: Where, packets: Group, end: Action) -> bool:
        self.by, self._work, self.known = {}, 0, packets.known
        chain, number = at
        row = self.survey.rows[chain]
        near = row.overlaps.near(self.known, number)
        left = self._through(packets.packets, row, near, end)
        return left is not None and self._out(left, row, end)

    def _out(self, packets: BCDDFunction, row: Row, end: Action) -> bool:
        """Packets that leave a chain at its end."""
        name = row.chain.name
        if not packets.satisfiable():
            return True
        if self.survey.base(name):
            self.by[name, 0] = None
            return VERDICTS[row.chain.policy or "ACCEPT"] == end
        for caller, number in row.callers:
            came = packets & self.survey.hits(caller, number)
            if not self._back(came, caller, number, end):
                return False
        return True

    def _back(self, packets: BCDDFunction, caller: str, number: int, end: Action) -> bool:
        row, jump = self.survey.rows[caller], self.survey.rule((caller, number)).jump
        assert jump is not None
        onward = row.overlaps.near(self.known, number) if jump.come_back else ()
        left = self._through(packets, row, onward, end)
        return left is not None and self._out(left, row, end)

    def _through(
        self, packets: BCDDFunction, row: Row, rules: Iterable[int], end: Action
    ) -> BCDDFunction | None:
        """Those that come to the end of a chain by these rules; None if one ends otherwise."""
        out = self.survey.diagrams.false
        for n in rules:
            self._work += 1
            if not packets.satisfiable():
                break
            here = packets & row.own[n]
            at = (row.chain.name, n + 1)
            if not here.satisfiable() or at in self.gone:
                continue
            rule: Rule = row.rules[n]
            if rule.open or self._work > _WORK:
                return None
            if not rule.actions:
                continue
            last = final(rule)
            back = here if last == RETURN else self._inside(here, rule, at, end)
            if back is None:
                return None
            packets = row.own[n].imp_strict(packets)
            if rule.jump and rule.jump.come_back:
                packets |= back
            else:
                out |= back
        return out | packets

    def _inside(
        self, packets: BCDDFunction, rule: Rule, at: Where, end: Action
    ) -> BCDDFunction | None:
        """Those that come back from where a rule sends them."""
        if rule.jump:
            row = self.survey.rows[rule.jump.chain]
            return self._through(packets, row, row.overlaps.near(self.known), end)
        if final(rule) != end:
            self._found = packets
            return None
        self.by[at] = None
        return self.survey.diagrams.false
