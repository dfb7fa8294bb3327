"""The packets whose outcome is not the same on two hosts, sorted by what became of them and by
the rules that decided."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fwsim.language.write import rule_text
from fwsim.machine.account import reference
from fwsim.machine.response import Start
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.frozen import Frozen
from fwsim.model.pred import is_in
from fwsim.model.trace import VERDICT_OF, Ref
from fwsim.questions.conversation import Conversation, Expected, conversation
from fwsim.questions.covers import Told, told
from fwsim.questions.differing import same
from fwsim.questions.outcomes import Fate, Outcomes, unlike
from fwsim.questions.population import FRESH
from fwsim.questions.together import Hosts, Places
from fwsim.questions.witness import Witness, witness
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fwsim.language.ruleset import Ruleset
    from fwsim.machine.sets.chains import Where
    from fwsim.machine.simulate import Simulation


class Side(Frozen):
    """What becomes of packets on one side, by which rule, and the values that they get."""

    fate: Fate
    ref: Ref | None = None
    becomes: tuple[tuple[Field, int], ...] = ()

    def becomes_dict(self) -> dict[str, Any]:
        """As members of a PACKET."""
        return {
            field.name: value if field.kind == "number" else field.show(value)
            for field, value in self.becomes
        }


class Change(Frozen):
    """Packets of which all became the same: what they were, and are now. `talk` instead of a
    witness where only packets of known connections changed."""

    was: Side
    now: Side
    packets: Told
    witness: Witness | None
    talk: Conversation | None

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's."""
        out: dict[str, Any] = {
            "was": self.was.fate.verdict,
            "now": self.now.fate.verdict,
            "packets": self.packets.to_list(),
            "count": self.packets.headers,
            "witness": found.to_dict() if (found := self.witness or self.talk) else None,
            "old": self.was.ref.written() if self.was.ref else None,
            "new": self.now.ref.written() if self.now.ref else None,
        }
        if self.talk:
            out["before"] = self.talk.before_list()
        for name, side in (("was", self.was), ("now", self.now)):
            if side.becomes:
                out[f"{name}_becomes"] = side.becomes_dict()
            if side.fate.how:
                out[f"{name}_how"] = side.fate.how
        return out


def changes_of(pair: Hosts, limit: int) -> tuple[list[Change], PacketSet]:
    """What surely changed; and what did for some outcome of facts that nobody knows, these facts
    in the set."""
    found: list[Change] = []
    every = surely = pair.space.nothing
    for fates, packets in _differing(pair).items():
        sure = packets.must()
        every, surely = every | packets, surely | sure
        found += _Sorting(pair, fates, limit).sort(sure)
    return found, every - surely


def _differing(pair: Hosts) -> dict[tuple[Fate, Fate], PacketSet]:
    old, new = pair.outcomes
    found = {}
    for was, before in old.fates().items():
        for now, after in new.fates().items():
            if was != now:
                packets = before & after
            elif was.verdict == "ACCEPT":
                packets = pair.space.union(_moved(pair, was).values())
            else:
                continue
            if not packets.is_empty:
                found[was, now] = packets
    return found


def _moved(pair: Hosts, fate: Fate) -> dict[Field, PacketSet]:
    """The packets that pass on both sides with another value of a field."""
    old, new = pair.outcomes
    return {
        field: unlike(pair.space, old.passed(field, fate.how), new.passed(field, fate.how), field)
        for field in old.leaving
    }


class _Sorting:
    """Sorts packets of two fates by the rules that decided and by what they become."""

    def __init__(self, pair: Hosts, fates: tuple[Fate, Fate], limit: int) -> None:
        self.pair, self.fates, self.limit = pair, fates, limit
        self.moved = _moved(pair, fates[0]) if fates[0] == fates[1] else {}
        self.aims = (F.DST[pair.family], F.DPORT)

    def sort(self, packets: PacketSet) -> list[Change]:
        """All of them; the last of very many changes is what is left, its rules not told apart."""
        fresh = self.pair.space.read(is_in(F.CTSTATE, *FRESH))
        found: list[Change] = []
        while not packets.is_empty:
            change, same = self._one(packets, packets & fresh, last=len(found) >= self.limit)
            found.append(change)
            packets -= same
        return found

    def _one(self, packets: PacketSet, fresh: PacketSet, last: bool) -> tuple[Change, PacketSet]:
        """The packets that are like one of them, which begins a connection if one does."""
        two, some = next(self.pair.by_way(packets if fresh.is_empty else fresh))
        found = None if fresh.is_empty else self._witness(some, two)
        view = found.view if found else some.witness() or {}
        sides, same = [], packets
        told_of = [f for f, moved in self.moved.items() if view in moved.may()]
        for field, moved in self.moved.items():
            same = same if field in told_of else same - moved
        for outcomes, fate, place in zip(self.pair.outcomes, self.fates, two, strict=True):
            side, alike = self._side(outcomes, fate, view, place, told_of or self.aims)
            sides.append(side)
            same &= alike
        same = same.must()
        if last or view not in same:
            sides, same = [Side(fate) for fate in self.fates], packets
        talk = self._conversation(some & same, two, sides) if fresh.is_empty else None
        return Change(sides[0], sides[1], told(same, self.pair.universe), found, talk), same

    def _witness(self, packets: PacketSet, two: Places) -> Witness | None:
        """A packet that ends as is claimed on both sides."""
        old, new = (_legs_of(fate) for fate in self.fates)
        found = witness(packets, self.pair.family, two[0], old, self.pair.likes)
        if found is None:
            return None
        start = Start(two[1].world.host, found.dev)
        leg = two[1].fork().carry(found.packet, start, follow=False)[0]
        return found if leg.fate in new else None

    def _conversation(
        self, packets: PacketSet, two: Places, sides: list[Side]
    ) -> Conversation | None:
        """A packet of a known connection that does, and how the connection begins."""
        expected = tuple(
            Expected(place, _legs_of(side.fate), side.ref)
            for place, side in zip(two, sides, strict=True)
        )
        return conversation(packets, self.pair.family, expected, self.pair.likes)

    def _side(
        self,
        outcomes: Outcomes,
        fate: Fate,
        view: Mapping[str, int],
        place: Simulation,
        fields: Iterable[Field],
    ) -> tuple[Side, PacketSet]:
        """What becomes of the packet of a view, and all packets of which the same does."""
        at = outcomes.decided_at(view)
        alike = outcomes.decided(*at) if at else outcomes.undecided(fate.verdict)
        ref = _ref(place, self.pair.family, *at) if at else None
        becomes: list[tuple[Field, int]] = []
        for field in fields if fate.verdict == "ACCEPT" else ():
            for where, value in outcomes.passed(field, fate.how):
                case = PacketSet(self.pair.space, where)
                if view in case:
                    alike &= case
                    if isinstance(value, int) and value != view.get(field.name, 0):
                        becomes.append((field, value))
        return Side(fate, ref, tuple(becomes)), alike


def _legs_of(fate: Fate) -> frozenset[str]:
    if fate.verdict == "ACCEPT":
        return frozenset({fate.how})
    return frozenset(name for name, verdict in VERDICT_OF.items() if verdict == fate.verdict)


def _ref(place: Simulation, family: int, table: str, at: Where) -> Ref:
    host = place.world.host
    return reference(host, place.world.namespaces[host].rulesets[family], table, *at)


def unmet(pair: Hosts) -> tuple[list[Ref], list[Ref]]:
    """The rules that only the old, or only the new side has and that no packet met."""
    two = next(iter(pair.places.values()))
    rulesets = [p.world.namespaces[p.world.host].rulesets[pair.family] for p in two]
    texts = [_texts(*rulesets), _texts(*reversed(rulesets))]
    found: list[list[Ref]] = []
    for place, own, other, outcomes in zip(two, texts, reversed(texts), pair.outcomes, strict=True):
        left = Counter(other.values())
        refs = []
        for where, text in own.items():
            if left[text]:
                left[text] -= 1
            elif where not in outcomes.met:
                refs.append(_ref(place, pair.family, *where))
        found.append(refs)
    return found[0], found[1]


def _texts(own: Ruleset, other: Ruleset) -> dict[tuple[str, Where], tuple[str, str, str]]:
    """The rules of the chains that are not the same in another ruleset."""
    return {
        (table.name, (chain.name, number)): (table.name, chain.name, rule_text(rule))
        for table in own.tables.values()
        for chain in table.chains.values()
        if not same(chain, other.chain(table.name, chain.name))
        for number, rule in enumerate(chain.rules, 1)
    }
