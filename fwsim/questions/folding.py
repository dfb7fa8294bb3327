"""Addresses in few words, as a host sees them: itself, its networks, anyone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.pred import Pred, all_of, any_of, is_in, prefix
from fwsim.model.tuples import NamedTuple
from fwsim.questions.outside import STRANGE
from fwsim.readings.cover import disjoint_boxes
from fwsim.readings.prose import values

if TYPE_CHECKING:
    from fwsim.machine.world import Listener
    from fwsim.questions.population import Population
    from fwsim.readings.space import PacketSet

_ONE_BY_ONE = 16
_OWN_KINDS = ("local", "broadcast", "anycast")
_LOOPBACK = {4: (127 << 24, 8), 6: (1, 128)}
_EVERY_HOST = ((0, 32), (0xFFFFFFFF, 32))  # those of 0.0.0.0, from nobody, are broadcasts too


class Fold(NamedTuple):
    """`kind` is host (itself), broadcast (of its networks), anywhere, elsewhere (anywhere but
    there), anyone, these (the `texts`) or but (anyone but these); `devices` by which they come in,
    empty for all."""

    kind: str
    texts: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


class Folding:
    """A host's own way to tell sets of addresses."""

    def __init__(self, population: Population) -> None:
        self.space, self.family = population.space, population.family
        self.src, self.dst = F.SRC[self.family], F.DST[self.family]
        world = population.simulation.world
        host = world.namespaces[world.host]
        routes = host.routes.get(self.family, ())
        own = [(r.dst, r.length) for r in routes if r.kind in _OWN_KINDS]
        held = [a for _, a in host.addresses(self.family)]
        nets = [(a.value, a.length) for a in held]
        self.loopback = self._read(self.dst, [_LOOPBACK[self.family]])
        many = [(r.dst, r.length) for r in routes if r.kind == "broadcast"]
        many += _EVERY_HOST if self.family == 4 else ()
        self.broadcasts = self._read(self.dst, many)
        self.here = self._read(self.dst, own) | self.loopback
        self.mine = self.space.read(
            is_in(self.dst, *(a.value for a in held if a.scope == "global"))
        )
        strange = [*own, *nets, *STRANGE[self.family]]
        self.strangers = ~self._read(self.src, strange)
        self.elsewhere = ~self._read(self.dst, strange)
        self.doors = population.universe.onto([F.IN])

    def _read(self, field: Field, prefixes: Iterable[tuple[int, int]]) -> PacketSet:
        return self.space.read(any_of(*(prefix(field, *p) for p in prefixes)))

    def to(self, packets: PacketSet) -> Fold:
        """Their destinations as they came."""
        found = packets.onto([self.dst])
        if found <= self.broadcasts:
            return Fold("broadcast")
        if found <= self.here and not self.mine.is_empty and self.mine <= found:
            return Fold("host")
        if self.elsewhere <= found:
            return Fold("elsewhere" if (found & self.mine).is_empty else "anywhere")
        return Fold("these", _spelt(found, self.dst))

    def source(self, packets: PacketSet) -> Fold:
        """Their sources, and by which devices they come in where not all do."""
        doors = packets.onto([F.IN])
        devices = () if doors == self.doors else _spelt(doors, F.IN)
        return self._source(packets.onto([self.src]))._replace(devices=devices)

    def _source(self, found: PacketSet) -> Fold:
        if self.strangers <= found:
            return Fold("anyone")
        inside, left = found & self.strangers, self.strangers - found
        if inside.is_empty:
            return Fold("these", _spelt(found, self.src))
        own, others = _spelt(inside, self.src), _spelt(left, self.src)
        return Fold("these", own) if len(own) <= len(others) else Fold("but", others)

    def texts(self, packets: PacketSet) -> tuple[str, ...]:
        """Their destinations, written out."""
        return _spelt(packets.onto([self.dst]), self.dst)

    def single(self, packets: PacketSet) -> list[int]:
        """Their destinations, if these are few and stand alone; else none."""
        boxes = disjoint_boxes(packets, [self.dst]).boxes
        spans = [s for box in boxes for atom in box.get("dst", ()) for s in atom.spans]
        plain = all(low == high for low, high in spans) and len(spans) <= _ONE_BY_ONE
        return [low for low, _ in spans] if plain else []

    def one(self, packets: PacketSet) -> int | None:
        """Their only destination."""
        view = packets.witness()
        if view is None:
            return None
        alone = packets <= self.space.read(is_in(self.dst, view[self.dst.name]))
        return view[self.dst.name] if alone else None

    def origin(self, packets: PacketSet) -> PacketSet:
        """From where they come; their destinations only where the one depends on the other."""
        both = packets.onto([self.src, F.IN, self.dst])
        plain = both.onto([self.src, F.IN])
        return plain if plain & both.onto([self.dst]) == both else both


def _spelt(packets: PacketSet, field: Field) -> tuple[str, ...]:
    boxes = disjoint_boxes(packets, [field]).boxes
    return tuple(text for box in boxes for atom in box.get(field.name, ()) for text in values(atom))


def waited(
    sockets: Iterable[Listener], family: int, becomes: tuple[int | None, int | None]
) -> Iterator[Pred]:
    """For each socket, the packets that it waits for, by protocol, port and address as they came;
    `becomes` are the address and the port that translation gives them."""
    address, port = becomes
    for socket in sockets:
        parts = [is_in(F.PROTO, socket.proto)]
        if port is None:
            parts.append(is_in(F.DPORT, socket.port))
        if socket.address and address is None:
            parts.append(is_in(F.DST[family], socket.address))
        there = address is None or socket.address in (0, address)
        if there and port in (None, socket.port) and family in socket.families:
            yield all_of(*parts)
