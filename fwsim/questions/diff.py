"""Before and after: which packets changed, from what to what, by which rules; or the proof that
two rulesets are equal, however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.machine.infertwo import under_both
from fwsim.machine.simulate import Simulation
from fwsim.model.errors import QuestionError
from fwsim.model.frozen import Frozen
from fwsim.model.names import family_of
from fwsim.model.printing import Printed
from fwsim.model.trace import Ref
from fwsim.questions.asked import Asked
from fwsim.questions.changes import Change, changes_of, unmet
from fwsim.questions.covers import Told, told
from fwsim.questions.together import Hosts
from fwsim.questions.unsettled import unsettled

if TYPE_CHECKING:
    from fwsim.machine.world import World

LISTED = 50


class Diff(Printed, Frozen):
    """The answer: `changes` are so whatever is not known, `perhaps` only for some outcome of what
    it `depends_on`. `unmet` are rules of one side alone that no packet met that was compared, the
    old's first."""

    old: str
    new: str
    changes: tuple[Change, ...]
    perhaps: tuple[Told, ...]
    depends_on: tuple[str, ...]
    unmet: tuple[tuple[Ref, ...], tuple[Ref, ...]]
    notes: tuple[str, ...]
    question: Asked

    @property
    def equal(self) -> bool | None:
        """No packet changed; None: that depends."""
        if self.changes:
            return False
        return None if self.perhaps else True

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's JSON of diff."""
        out: dict[str, Any] = {
            "equal": "unknown" if self.equal is None else self.equal,
            "changes": [change.to_dict() for change in self.changes],
        }
        if self.perhaps:
            out["perhaps"] = [box for part in self.perhaps for box in part.to_list()]
            out["depends_on"] = list(self.depends_on)
        if any(self.unmet):
            sides = zip(("old", "new"), self.unmet, strict=True)
            out["unmet"] = {side: [ref.written() for ref in refs] for side, refs in sides}
        if self.notes:
            out["notes"] = list(self.notes)
        return out

    def __bool__(self) -> bool:
        """Packets changed, whatever is not known."""
        return self.equal is False


def diff(
    old: Simulation,
    new: Simulation,
    limit: int = LISTED,
    asked: Asked = Asked(),  # noqa: B008 (immutable)
) -> Diff:
    """What became different, of the packets that are asked about. QuestionError where there is no
    family of which both have rules, or for sets that are too large to be told."""
    worlds = under_both(old.world, new.world)
    families, notes = _families(*worlds)
    of_one = [f for end in (asked.src, asked.dst) if (f := family_of(end.partition("/")[0]))]
    families = of_one[:1] or families
    found: list[Change] = []
    perhaps: list[Told] = []
    depends: dict[str, None] = {}
    idle: tuple[list[Ref], list[Ref]] = ([], [])
    for family in families:
        pair = Hosts((_at(old, worlds[0]), _at(new, worlds[1])), family, asked)
        changes, rest = changes_of(pair, limit)
        found += sorted(changes, key=_weight)
        if not rest.is_empty:
            perhaps.append(told(rest.may(), pair.universe, limit))
            depends.update(dict.fromkeys(unsettled(rest, pair.facts)))
        for refs, more in zip(idle, unmet(pair), strict=True):
            refs.extend(more)
    return Diff(
        old.world.title, new.world.title, tuple(found), tuple(perhaps), tuple(depends),
        (tuple(idle[0]), tuple(idle[1])), tuple(notes), asked,
    )  # fmt: skip


def _weight(change: Change) -> tuple[bool, int]:
    """What lets through more than before comes first, then what concerns the most packets."""
    opens = change.now.fate.verdict == "ACCEPT" != change.was.fate.verdict
    return not opens, -change.packets.headers


def _at(simulation: Simulation, world: World) -> Simulation:
    return simulation if world is simulation.world else Simulation.of(world, simulation.given)


def _families(old: World, new: World) -> tuple[list[int], list[str]]:
    """The families of which both have rules; what is said of the others, and of the places."""
    one, two = (world.namespaces[world.host] for world in (old, new))
    both = [family for family in (4, 6) if family in one.rulesets and family in two.rulesets]
    notes = list(dict.fromkeys([*old.notes, *new.notes]))
    for family in (4, 6):
        if (family in one.rulesets) != (family in two.rulesets):
            side = "the old" if family in one.rulesets else "the new"
            notes.append(f"only {side} has rules of IPv{family}: these are not compared")
    if not both:
        raise QuestionError("there is no address family of which both have rules")
    for name in sorted(one.devices.keys() ^ two.devices.keys()):
        side = "the old" if name in one.devices else "the new"
        notes.append(f"only {side} host has {name}: what comes in by it is not compared")
    return both, notes
