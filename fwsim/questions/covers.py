"""INTERFACE's COVER: a set of packets as disjoint boxes that people can read, exact among the
packets that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.packet import ICMP, ICMP6, TCP, WITH_PORTS
from fwsim.model.pred import TRUE, Pred, is_in, negate
from fwsim.model.tuples import NamedTuple
from fwsim.readings.cover import Box, disjoint_boxes
from fwsim.readings.prose import values

if TYPE_CHECKING:
    from fwsim.readings.space import PacketSet

LISTED = 50
_ICMP_FIELDS = (F.ICMP_TYPE, F.ICMP_CODE)
_PORTS = (F.SPORT, F.DPORT)
# where a set does not depend on these fields but by what packets there are, it is told without them
_IDLE: tuple[tuple[Pred, tuple[Field, ...]], ...] = (
    (TRUE, (F.CTSTATE,)),
    (negate(is_in(F.PROTO, TCP)), (F.TCP_FLAGS,)),
    (TRUE, (F.TCP_FLAGS,)),
    (negate(is_in(F.PROTO, ICMP, ICMP6)), _ICMP_FIELDS),
    (TRUE, (F.ICMP_CODE,)),
    (TRUE, _ICMP_FIELDS),
    (negate(is_in(F.PROTO, *WITH_PORTS)), _PORTS),
    (TRUE, (F.SPORT,)),
    (TRUE, (F.DPORT,)),
    (TRUE, (F.IN,)),
)


class Told(NamedTuple):
    """A set as boxes, how many more boxes there are (at least, where these are not all `counted`),
    and how many different headers it has."""

    boxes: tuple[Box, ...]
    more: int
    headers: int
    counted: bool = True

    def to_list(self) -> list[dict[str, Any]]:
        """INTERFACE's COVERs."""
        found: list[dict[str, Any]] = [shown(box) for box in self.boxes]
        if self.more:
            found[-1]["more"] = self.more
        if self.more and not self.counted:
            found[-1]["at_least"] = True
        return found


def told(packets: PacketSet, universe: PacketSet, limit: int = LISTED) -> Told:
    """The packets, a part of all that there are (`universe`), so that people can read them. What
    depends on facts that nobody knows must have been settled before (must, may)."""
    cover = disjoint_boxes(widened(packets, universe), limit=limit)
    return Told(cover.boxes, cover.more, headers(packets), cover.counted)


def headers(packets: PacketSet) -> int:
    """How many different headers there are in a set: source, destination, protocol, ports, ICMP
    type and code, TCP flags."""
    family = next(f for f in (4, 6) if F.SRC[f] in packets.space.fields)
    fields = (F.SRC[family], F.DST[family], F.PROTO, *_PORTS, *_ICMP_FIELDS, F.TCP_FLAGS)
    return packets.count(fields)


def shown(box: Box) -> dict[str, Any]:
    """A box's fields and their values, as people write them."""
    return {name: [text for atom in atoms for text in values(atom)] for name, atoms in box.items()}


def widened(packets: PacketSet, universe: PacketSet) -> PacketSet:
    """The largest set found that has the same packets of those that there are."""
    space, there = packets.space, packets & universe
    for region, fields in _IDLE:
        wider = packets | (packets & space.read(region)).erase(*fields)
        if wider & universe == there:
            packets = wider
    return packets
