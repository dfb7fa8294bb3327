"""How packets end, where it matters to their senders and receivers: what became of them, as what
they leave or arrive, and which rule decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fwsim.machine.sets.cases import Case, Cases, Value, joined
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.pred import In
from fwsim.model.trace import VERDICT_OF
from fwsim.model.tuples import NamedTuple
from fwsim.readings.diagram import is_free
from fwsim.readings.space import PacketSet, Space, bounded

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.machine.sets.chains import Where
    from fwsim.machine.sets.walk import Ending, HostWalk
    from fwsim.readings.diagram import Diagrams


class Fate(NamedTuple):
    """`how` is where packets got to that passed (delivered, forwarded, sent), and the error that
    tells of a REJECT."""

    verdict: str
    how: str = ""


def fate_of(ending: Ending) -> Fate:
    """An ending's."""
    verdict = VERDICT_OF[ending.fate]
    how = {"ACCEPT": ending.fate, "REJECT": ending.reason}.get(verdict, "")
    return Fate(verdict, how)


class Seen(NamedTuple):
    """Packets that a table let go for a hook, at a rule of it (0: the policy)."""

    table: str
    hook: str
    at: Where
    where: BCDDFunction


class Outcomes:
    """What becomes of packets of one family on one host: endings, and where tables let them go."""

    def __init__(self, space: Space, family: int) -> None:
        self.space, self.family = space, family
        self.endings: list[Ending] = []
        self.seen: list[Seen] = []
        self._passed: dict[tuple[Field, str], Cases] = {}
        self.met: set[tuple[str, Where]] = set()  # the rules that some packet matched
        self.leaving = (F.SRC[family], F.DST[family], F.SPORT, F.DPORT, F.OUT, F.PHYSOUT)

    def collect(self, walk: HostWalk, endings: Iterable[Ending]) -> None:
        """What a walk that looked at every rule found."""
        self.endings += endings
        for table, hook, alive, piece in walk.stages.seen if walk.stages else ():
            exits = ((e.at, e.where & alive) for e in piece.exits)
            self.seen += (Seen(table, hook, at, w) for at, w in exits if w.satisfiable())
            self.met.update(
                (table, at)
                for at, hit in piece.hits
                if (table, at) not in self.met and (hit & alive).satisfiable()
            )

    def fates(self) -> dict[Fate, PacketSet]:
        """The packets of each fate; disjoint but for facts that nobody knows."""
        found: dict[Fate, list[BCDDFunction]] = {}
        for ending in self.endings:
            found.setdefault(fate_of(ending), []).append(ending.where)
        return {fate: self._set(parts) for fate, parts in found.items()}

    def passed(self, field: Field, how: str) -> Cases:
        """The field's value as packets of that fate leave or arrive."""
        if (field, how) not in self._passed:
            self._passed[field, how] = joined(
                (
                    Case(ending.where & case.where, case.value)
                    for ending in self.endings
                    if ending.fate == how
                    for case in ending.env.cases(field)
                ),
                self.space.diagrams,
            )
        return self._passed[field, how]

    def decided_at(self, view: Mapping[str, int]) -> tuple[str, Where] | None:
        """The table, and the rule of it, that decided of a packet; None where none did."""
        bits = list(self.space.diagrams.valuation(view))
        ending = next((e for e in self.endings if e.where.eval(bits)), None)
        if ending is None or ending.table or not ending.passed:
            return (ending.table, ending.at) if ending and ending.table else None
        asked = (seen for seen in reversed(self.seen) if seen.table == "filter")
        last = next((seen for seen in asked if seen.where.eval(bits)), None)
        return (last.table, last.at) if last else None

    def decided(self, table: str, at: Where) -> PacketSet:
        """The packets that a table let go, or took, at a rule."""
        return self._set([seen.where for seen in self.seen if (seen.table, seen.at) == (table, at)])

    def undecided(self, verdict: str) -> PacketSet:
        """The packets of a verdict that no rule or policy decided."""
        ended = [e for e in self.endings if not e.table and VERDICT_OF[e.fate] == verdict]
        asked = [s.where for s in self.seen if s.table == "filter"] if verdict == "ACCEPT" else []
        return self._set([e.where for e in ended]) - self._set(asked)

    def _set(self, parts: list[BCDDFunction]) -> PacketSet:
        return PacketSet(self.space, self.space.diagrams.either(parts))


@bounded
def unlike(space: Space, old: Cases, new: Cases, field: Field) -> PacketSet:
    """The packets, of those that both tell of, for which two values of a field are not the same."""
    diagrams = space.diagrams
    there, ours = _by_value(old)
    theirs, others = _by_value(new)
    same = [where & theirs[n] for n, where in there.items() if n in theirs]
    same += _number_or_bits(there, others, field, diagrams)
    same += _number_or_bits(theirs, ours, field, diagrams)
    same += [
        both & _alike(field, a, b, space)
        for a in ours
        for b in others
        if (both := a.where & b.where).satisfiable()
    ]
    both = _all(old, diagrams) & _all(new, diagrams)
    return PacketSet(space, diagrams.either(same).imp_strict(both))


def _by_value(cases: Cases) -> tuple[dict[int, BCDDFunction], list[Case]]:
    numbers = {value: where for where, value in cases if isinstance(value, int)}
    return numbers, [case for case in cases if not isinstance(case.value, int)]


def _number_or_bits(
    numbers: dict[int, BCDDFunction], others: list[Case], field: Field, diagrams: Diagrams
) -> Iterable[BCDDFunction]:
    for where, bits in others:
        assert not isinstance(bits, int)
        for number, here in numbers.items():
            both = here & where
            if both.satisfiable():
                yield both & diagrams.within(In(field, ((number, number),)), bits)


def _alike(field: Field, one: Case, other: Case, space: Space) -> BCDDFunction:
    assert not isinstance(one.value, int)
    assert not isinstance(other.value, int)
    if one.value == other.value:
        return space.diagrams.true
    ends = [_End(case.value, _chosen(case, space)) for case in (one, other)]
    if any(end.span for end in ends):
        return _perhaps(field, ends, space.diagrams)
    found = space.diagrams.true
    for a, b in zip(one.value, other.value, strict=True):
        if a != b:
            found = found & ((a & b) | ~(a | b))
    return found


class _End(NamedTuple):
    """A value, and the span of which it is any, nobody knows which; None if packets tell it."""

    bits: Value
    span: tuple[int, int] | None


def _chosen(case: Case, space: Space) -> tuple[int, int] | None:
    assert not isinstance(case.value, int)
    asked = space.diagrams.question(case.value[0])
    field = asked.field if asked else None
    if field is None or not is_free(field.name):
        return None
    if space.diagrams.bits(field) != [*case.value]:
        return None
    found = PacketSet(space, case.where).onto([field])
    ends = [
        (found.witness({field.name: liked}) or {}).get(field.name, 0) for liked in (0, field.top)
    ]
    return ends[0], ends[1]


def _perhaps(field: Field, ends: list[_End], diagrams: Diagrams) -> BCDDFunction:
    """Of values that are chosen: where they may be the same, one bit of what is chosen says whether
    they are. To compare them as a whole would take a diagram of all values."""
    found = diagrams.true
    for one, other in (ends, ends[::-1]):
        assert not isinstance(one.bits, int)
        assert not isinstance(other.bits, int)
        if one.span is None:
            continue
        found = found & one.bits[0]
        if other.span is None:
            found = found & diagrams.within(In(field, (one.span,)), other.bits)
        elif one.span[1] < other.span[0] or other.span[1] < one.span[0]:
            return diagrams.false
    return found


def _all(cases: Cases, diagrams: Diagrams) -> BCDDFunction:
    return diagrams.either([case.where for case in cases])
