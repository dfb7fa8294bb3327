"""A host's open doors: what can be reached on it and through it, what translation makes of it, and
which rules let it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.machine.account import reference
from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.naming import owner
from fwsim.model import fields as F
from fwsim.model.actions import Nat
from fwsim.model.frozen import Frozen
from fwsim.model.packet import TCP, UDP
from fwsim.model.pred import all_of, any_of, is_in
from fwsim.model.printing import Printed
from fwsim.questions.asked import Asked
from fwsim.questions.covers import Told, told, widened
from fwsim.questions.folding import Fold, Folding, waited
from fwsim.questions.outcomes import Outcomes, Seen
from fwsim.questions.population import Population
from fwsim.questions.unsettled import unsettled
from fwsim.questions.witness import Witness, witness
from fwsim.readings.cover import Box, disjoint_boxes
from fwsim.readings.prose import values
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fwsim.language.ruleset import Ruleset
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.world import Listener
    from fwsim.model.trace import Ref

_MOST = 4000  # boxes of one class of packets, before they are put together
_KEY = ("proto", "dport", "icmp_type")


class Door(Frozen):
    """Packets that get in alike: `to` and `source` fold their addresses into words, `dst`, `proto`
    and `dport` write them out; `listens` is whether somebody waits for them, where that is told.
    `depends_on` is empty where they surely get in."""

    family: int
    fate: str
    to: Fold
    source: Fold
    dst: tuple[str, ...]
    proto: tuple[str, ...]
    dport: tuple[str, ...]
    becomes: dict[str, Any] | None
    origin: Told
    by: tuple[Ref, ...]
    witness: Witness | None
    listens: bool | None
    depends_on: tuple[str, ...]
    packets: PacketSet

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's."""
        out: dict[str, Any] = {
            "dst": list(self.dst), "proto": list(self.proto), "dport": list(self.dport),
            "becomes": self.becomes, "from": self.origin.to_list(),
            "by": [ref.written() for ref in self.by],
            "witness": self.witness.to_dict() if self.witness else None,
            "fate": self.fate, "listens": self.listens,
        }  # fmt: skip
        if self.depends_on:
            out["depends_on"] = list(self.depends_on)
        return out


class Exposed(Printed, Frozen):
    """All doors of a host, or those that open to a device."""

    title: str
    in_: str
    doors: tuple[Door, ...]
    notes: tuple[str, ...]

    def to_list(self) -> list[dict[str, Any]]:
        """INTERFACE's JSON of exposed."""
        return [door.to_dict() for door in self.doors]

    def __bool__(self) -> bool:
        """There is a door."""
        return bool(self.doors)


def exposed(simulation: Simulation, in_: str = "") -> Exposed:
    """What can be reached by the device (any, if ""). QuestionError for a device that there is not,
    or for sets that are too large to be told."""
    doors: list[Door] = []
    world = simulation.world
    for family in sorted(world.namespaces[world.host].rulesets):
        doors += _Doors(Population(simulation, Asked(in_=in_, family=family), rules=True)).all()
    notes = [
        f"{what} are not told, and what they let in is not known"
        for family in (4, 6)
        if (what := world.untold_rules(world.namespaces[world.host], family))
    ]
    return Exposed(world.title, in_, tuple(doors), (*world.notes, *notes))


Class = tuple[str, tuple[int | None, int | None]]
"""A fate, and the destination and port that translation gives (None: none)."""


class _Doors:
    def __init__(self, population: Population) -> None:
        self.population, self.space = population, population.space
        self.family = population.family
        self.outcomes = Outcomes(self.space, self.family)
        self.outcomes.collect(population.walk, population.endings())
        self.folding = Folding(population)
        self.likes = population.likes()

    def all(self) -> list[Door]:
        found: list[Door] = []
        for kind, packets in self._classes().items():
            sure = packets.must()
            for part, certain in ((sure, True), (packets.may() - sure, False)):
                why = () if certain else tuple(unsettled(packets, self.population.facts))
                found += (self._door(kind, *p, why) for p in self._parts(kind, part))
        return sorted(found, key=_order)

    def _classes(self) -> dict[Class, PacketSet]:
        """The packets that pass, by where they get to."""
        found: dict[Class, PacketSet] = {}
        dst, dport = F.DST[self.family], F.DPORT
        for ending in self.outcomes.endings:
            for there in ending.env.cases(dst) if ending.passed else ():
                for port in ending.env.cases(dport):
                    packets = PacketSet(self.space, ending.where & there.where & port.where)
                    if packets.is_empty:
                        continue
                    new = tuple(v if isinstance(v, int) else None for v in (there[1], port[1]))
                    kind = ending.fate, (new[0], new[1])
                    found[kind] = found.get(kind, self.space.nothing) | packets
        return found

    def _parts(self, kind: Class, packets: PacketSet) -> Iterator[tuple[PacketSet, bool | None]]:
        """The packets of a class by protocol and port, and by destination where that is another
        host's; those apart for which somebody waits, as far as that is told."""
        fate, (address, _) = kind
        at_home = fate == "delivered"
        if at_home:  # nobody can wait for these
            many = packets & self.folding.broadcasts & self.space.read(is_in(F.PROTO, TCP))
            packets -= many
            if not many.is_empty:
                yield many, False
        hosts = self._by_host(packets) if not at_home and address is None else [packets]
        for host in hosts:
            for group in self._groups(host):
                for part in self._apart(group, at_home):
                    yield from self._by_listener(kind, part)

    def _by_host(self, packets: PacketSet) -> Iterator[PacketSet]:
        """The packets by destination: known hosts one by one, others where they are few."""
        dst, world = F.DST[self.family], self.population.simulation.world
        known = {
            a.value
            for ns in world.namespaces.values()
            for _, a in ns.addresses(self.family)
            if ns.name != world.host and a.scope == "global"
        }
        for value in sorted(known):
            one = packets & self.space.read(is_in(dst, value))
            if not one.is_empty:
                yield one
                packets -= one
        others = self.folding.single(packets)
        yield from (packets & self.space.read(is_in(dst, value)) for value in others)
        if not others and not packets.is_empty:
            yield packets

    def _groups(self, packets: PacketSet) -> Iterator[PacketSet]:
        """The packets by protocol and port, those of equal fortune together."""
        boxes = disjoint_boxes(widened(packets, self.population.universe), limit=_MOST).boxes
        for group in {tuple((n, box[n]) for n in _KEY if n in box): None for box in boxes}:
            yield packets & self.space.read(all_of(*(any_of(*atoms) for _, atoms in group)))

    def _apart(self, packets: PacketSet, at_home: bool) -> Iterator[PacketSet]:
        """Broadcasts apart, and protocols without ports."""
        ported = self.space.read(is_in(F.PROTO, TCP, UDP))
        many = self.folding.broadcasts if at_home else self.space.nothing
        for part in (packets & many, packets - many):
            for one in (part & ported, part - ported):
                if not one.is_empty:
                    yield one

    def _by_listener(
        self, kind: Class, packets: PacketSet
    ) -> Iterator[tuple[PacketSet, bool | None]]:
        sockets = self._sockets(kind, packets)
        if sockets is None or not packets <= self.space.read(is_in(F.PROTO, TCP, UDP)):
            yield packets, None
            return
        for pred in waited(sockets, self.family, kind[1]):
            one = packets & self.space.read(pred)
            if not one.is_empty:
                yield one, True
                packets -= one
        for part in self._groups(packets):
            yield part, False

    def _sockets(self, kind: Class, packets: PacketSet) -> tuple[Listener, ...] | None:
        """Those of the namespace that the packets get to; None if it is not told."""
        world = self.population.simulation.world
        if kind[0] == "delivered":
            return world.namespaces[world.host].listeners
        address = kind[1][0]
        if address is None:
            address = self.folding.one(packets)
        home = None if address is None else owner(world, self.family, address)
        return None if home is None else world.namespaces[home].listeners

    def _door(
        self, kind: Class, packets: PacketSet, listens: bool | None, why: tuple[str, ...]
    ) -> Door:
        population, folding = self.population, self.folding
        fate, (address, port) = kind
        becomes: dict[str, Any] = {}
        if address is not None:
            becomes["dst"] = F.DST[self.family].show(address)
        if port is not None:
            becomes["dport"] = port
        found = witness(
            packets, self.family, population.simulation, frozenset({fate}), self.likes
        )  # fmt: skip
        box = disjoint_boxes(widened(packets, population.universe), (F.PROTO, F.DPORT)).boxes
        return Door(
            self.family, fate, folding.to(packets), folding.source(packets), folding.texts(packets),
            _texts(box, "proto"), _texts(box, "dport"), becomes or None,
            told(folding.origin(packets), population.universe), self._by(packets),
            None if why else found, listens, why, packets,
        )  # fmt: skip

    def _by(self, packets: PacketSet) -> tuple[Ref, ...]:
        """The rules that translate the destination, then those that let them in."""
        world = self.population.simulation.world
        ruleset = world.namespaces[world.host].rulesets[self.family]
        found: dict[tuple[str, str, int], None] = {}
        for seen in self.outcomes.seen:
            here = PacketSet(self.space, seen.where)
            decides = seen.table == "filter" or _translates(ruleset, seen)
            if decides and not (here & packets).is_empty:
                found[seen.table, *seen.at] = None
        return tuple(reference(world.host, ruleset, *at) for at in found)


def _translates(ruleset: Ruleset, seen: Seen) -> bool:
    chain, number = seen.at
    if seen.table != "nat" or seen.hook in SOURCE_NAT_HOOKS or not number:
        return False
    rule = ruleset.tables["nat"].chains[chain].rules[number - 1]
    return any(isinstance(action, Nat) for action in rule.actions)


def _texts(boxes: tuple[Box, ...], name: str) -> tuple[str, ...]:
    found = [v for box in boxes for atom in box.get(name, ()) for v in values(atom)]
    return tuple(dict.fromkeys(found))


def _order(door: Door) -> tuple[Any, ...]:
    """What somebody waits for first, then what is translated; the many ports that are left last."""
    first = door.listens is not True
    ports = door.dport[0].partition("-")[0] if door.dport else "0"
    return (
        bool(door.depends_on), first and not door.becomes, door.fate, len(door.dport), int(ports),
    )  # fmt: skip
