"""The space: sets of packets, as decision diagrams (fwsim.readings.diagram).

Each `Free` fact is one more variable: a set that depends on it says so, and is read as `must`
(whatever the fact) or `may` (for one outcome of it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from fwsim.model.errors import QuestionError
from fwsim.model.fields import Field
from fwsim.model.pred import In, Pred, fold
from fwsim.readings.diagram import FIRST, Diagrams, is_free

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Owner")


class Owner(Protocol):
    """What works with diagrams of one manager."""

    @property
    def diagrams(self) -> Diagrams:
        """They."""
        ...


def bounded(operation: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Where memory is full, try again without what is only remembered, then refuse in words."""

    @wraps(operation)
    def run(owner: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(2):
            with suppress(MemoryError):
                return operation(owner, *args, **kwargs)
            owner.diagrams.relieve()
        raise too_large()

    return run


def too_large() -> QuestionError:
    """The refusal of a question whose answer would not fit."""
    return QuestionError(
        "the sets of packets behind this question are too large: narrow it,"
        " for example by protocol, destination or interface",
        hint="Where a command takes them, --dst ADDRESS --proto tcp leave one host or service.",
    )


class Space:
    """One universe of packets; sets of different spaces do not mix.

    `fields` may be named beforehand, others are added when they are asked for. `nodes` bounds the
    memory: beyond it, every operation raises QuestionError. `first` are the names of the fields
    that diagrams ask for first: the answers are the same, their cost is not."""

    def __init__(
        self, fields: Iterable[Field] = (), nodes: int = 1 << 23, first: tuple[str, ...] = FIRST
    ) -> None:
        self._diagrams = Diagrams(nodes, first)
        self.everything = PacketSet(self, self.diagrams.true)
        self.nothing = PacketSet(self, self.diagrams.false)
        self.know(fields)

    @property
    def diagrams(self) -> Diagrams:
        """Its diagrams."""
        return self._diagrams

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of packets asked for so far."""
        return tuple(f for name, f in self.diagrams.fields.items() if not is_free(name))

    @bounded
    def know(self, fields: Iterable[Field]) -> None:
        """Give these fields their places now. ValueError if a name has another width already."""
        for field in fields:
            self.diagrams.bits(field)

    @bounded
    def read(self, pred: Pred) -> PacketSet:
        """The packets that match, together with the free facts under which they do."""
        return PacketSet(self, fold(pred, self.diagrams))

    @bounded
    def union(self, sets: Iterable[PacketSet]) -> PacketSet:
        """All of them together; for many sets far cheaper than `|` one after another."""
        return PacketSet(self, self.diagrams.either([self.own(packets) for packets in sets]))

    def own(self, packets: PacketSet) -> BCDDFunction:
        """The set's diagram. ValueError if it is another space's (oxidd would end the process)."""
        if packets.space is not self:
            raise ValueError("these sets of packets are of different spaces")
        return packets.node


class PacketSet:
    """A set of packets of one space. `&`, `|`, `-`, `~`, `==` and `<=` are those of sets."""

    __slots__ = ("node", "space")

    def __init__(self, space: Space, node: BCDDFunction) -> None:
        self.space = space
        self.node = node

    @property
    def diagrams(self) -> Diagrams:
        """Those of its space."""
        return self.space.diagrams

    @bounded
    def __and__(self, other: PacketSet) -> PacketSet:
        return PacketSet(self.space, self.node & self.space.own(other))

    @bounded
    def __or__(self, other: PacketSet) -> PacketSet:
        return PacketSet(self.space, self.node | self.space.own(other))

    @bounded
    def __sub__(self, other: PacketSet) -> PacketSet:
        return PacketSet(self.space, self.space.own(other).imp_strict(self.node))

    @bounded
    def __invert__(self) -> PacketSet:
        return PacketSet(self.space, ~self.node)

    @bounded
    def __le__(self, other: PacketSet) -> bool:
        return self.node.imp(self.space.own(other)).valid()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PacketSet):
            return NotImplemented
        return self.space is other.space and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __contains__(self, view: Mapping[str, int]) -> bool:
        """The packet of this view is in it; what the view does not hold is 0."""
        return self.node.eval(self.diagrams.valuation(view))

    @property
    def is_empty(self) -> bool:
        """There is no such packet, whatever the free facts."""
        return not self.node.satisfiable()

    @bounded
    def must(self) -> PacketSet:
        """The packets that are in it whatever the free facts."""
        return PacketSet(self.space, self.node.forall(self.diagrams.cube(is_free)))

    @bounded
    def whatever(self, kept: Iterable[Field]) -> PacketSet:
        """The packets that are in it whatever they have in other fields than these, and whatever
        the free facts."""
        known = {field.name for field in kept}
        others = self.diagrams.cube(lambda name: name not in known)
        return PacketSet(self.space, self.node.forall(others))

    def may(self) -> PacketSet:
        """The packets that are in it for some outcome of the free facts."""
        return self._forget(is_free)

    def erase(self, *fields: Field) -> PacketSet:
        """The same packets with these fields forgotten: they may have any value."""
        return self._forget({field.name for field in fields}.__contains__)

    def onto(self, fields: Iterable[Field]) -> PacketSet:
        """Only these fields kept; all else, free facts too, forgotten."""
        kept = {field.name for field in fields}
        return self._forget(lambda name: name not in kept)

    @bounded
    def _forget(self, chosen: Callable[[str], bool]) -> PacketSet:
        return PacketSet(self.space, self.node.exists(self.diagrams.cube(chosen)))

    @bounded
    def assign(self, field: Field, clear: int, flip: int) -> PacketSet:
        """What becomes of the packets when field = (field & ~clear) ^ flip (actions.Assign)."""
        diagrams = self.diagrams
        bits = diagrams.bits(field)
        cleared = diagrams.all_of(bit for i, bit in enumerate(bits) if clear >> i & 1)
        value = flip & clear
        told = diagrams.inside(In(field, ((value, value),), clear))
        turned = [(field, i) for i in range(field.bits) if flip >> i & 1]
        return PacketSet(self.space, diagrams.flip(turned, self.node.exists(cleared)) & told)

    def count(self, fields: Iterable[Field]) -> int:
        """How many values these fields together have in it, exactly."""
        kept = {field.name: field for field in fields}.values()
        self.space.know(kept)
        return self.onto(kept).node.sat_count(sum(field.bits for field in kept))

    def witness(self, prefer: Mapping[str, int] | None = None) -> dict[str, int] | None:
        """One packet of it, as a view of every field of the space (free facts by `free_key`);
        None if it is empty. Bits are those of `prefer`, else 0, wherever there is a choice."""
        if self.is_empty:
            return None
        found = dict.fromkeys(self.diagrams.fields, 0) | dict(prefer or {})
        node = self.node
        while asked := self.diagrams.question(node):
            liked, other = asked.no, asked.yes
            if found[asked.field.name] >> asked.bit & 1:
                liked, other = other, liked
            if not liked.satisfiable():
                found[asked.field.name] ^= 1 << asked.bit
            node = liked if liked.satisfiable() else other
        return found
