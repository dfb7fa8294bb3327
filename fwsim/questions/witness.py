"""A packet of a set, as INTERFACE's PACKET, replayed before it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.machine.infer import with_device
from fwsim.machine.response import Start
from fwsim.model import fields as F
from fwsim.model.names import STATES, TCP_FLAGS, iface_text
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, Packet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Leg
    from fwsim.readings.space import PacketSet

_LIKED = {
    "proto": TCP, "sport": 40000, "dport": 80, "tcp_flags": TCP_FLAGS["SYN"], "ttl": 64,
    "ctstate": STATES.index("NEW"),
}  # fmt: skip
_MAC = {"mac_src": 0x020000000001}
_MEMBERS = ("proto", "sport", "dport", "icmp_type", "icmp_code", "tos")
_DATA = 64  # bytes of payload where the length is free


class Witness:
    """A packet, the device that it comes in by ("" if the host sends it), and its way; `view` is
    what the set that it is of knows of it."""

    def __init__(self, packet: Packet, dev: str, leg: Leg, view: Mapping[str, int]) -> None:
        self.packet, self.dev, self.leg, self.view = packet, dev, leg, view

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's PACKET."""
        return {"in": self.dev or None, **self.packet.to_dict()}


def witness(
    packets: PacketSet,
    family: int,
    simulation: Simulation,
    fates: frozenset[str],
    likes: Iterable[Mapping[str, int]] = (),
) -> Witness | None:
    """One packet of the set, for which a replay ends in one of these fates; with addresses from
    `likes` where it has such. None if the set is empty, or where what the packet needs besides
    cannot be written as a PACKET."""
    for packet, dev, view in _drawn(packets, family, likes):
        start = Start(simulation.world.host, dev)
        leg = simulation.fork().carry(packet, start, follow=False)[0]
        if leg.fate in fates:
            return Witness(packet, dev, leg, view)
    return None


def matching(
    packets: PacketSet,
    family: int,
    simulation: Simulation,
    place: tuple[str, str, int],
    likes: Iterable[Mapping[str, int]] = (),
) -> Witness | None:
    """One packet of the set that, replayed, is matched by the rule at a place (table, chain,
    number; 0 is the policy)."""
    for packet, dev, view in _drawn(packets, family, likes):
        replay = simulation.fork()
        door = _door(replay, dev) if dev else ""
        leg = replay.carry(packet, Start(replay.world.host, door), follow=False)[0]
        seen = leg.matched if place[2] else leg.policies
        if any((c.table, c.chain, c.rule) == place and c.family == family for c in seen):
            return Witness(packet, door, leg, view)
    return None


def _door(simulation: Simulation, dev: str) -> str:
    """The device by which what rules see come in by `dev` comes in: a bridge has ports."""
    simulation.world = with_device(simulation.world, dev)
    ports = simulation.world.namespaces[simulation.world.host].ports(dev)
    return ports[0].name if ports else dev


def _drawn(
    packets: PacketSet, family: int, likes: Iterable[Mapping[str, int]]
) -> Iterator[tuple[Packet, str, Mapping[str, int]]]:
    """Packets of a set that people would think of, each with the device it comes in
    by, and the view it was made of."""
    usual = _LIKED | (_MAC if F.MAC_SRC in packets.space.fields else {})
    echo = {"proto": ICMP if family == 4 else ICMP6, "icmp_type": ICMP_ECHO[family][0]}
    usual["icmp_type"] = echo["icmp_type"]
    best = next((like for like in likes if _agrees(packets, {**usual, **like})), {})
    for liked in ({**usual, **best}, {**usual, **echo, **best}):
        view = packets.witness(liked)
        if view is None:
            return
        yield packet_of(view, family), device_of(view), view


def _agrees(packets: PacketSet, liked: Mapping[str, int]) -> bool:
    view = packets.witness(liked)
    return view is not None and all(view.get(n) == liked[n] for n in ("src", "dst") if n in liked)


def device_of(view: Mapping[str, int]) -> str:
    """The device that the packet of a view comes in by."""
    return iface_text(view["in"]) if view.get("in") else ""


def packet_of(view: Mapping[str, int], family: int) -> Packet:
    """The packet of a view, with what the view does not tell as is usual."""
    kept = (name for name in _MEMBERS if name in view)
    packet = Packet(family, view["src"], view["dst"]).but(**{name: view[name] for name in kept})
    packet = packet.but(ttl=max(view.get("ttl", 64), 2))
    if packet.proto == TCP:
        packet = packet.but(flags=view.get("tcp_flags", TCP_FLAGS["SYN"]), seq=1000)
        packet = packet.but(tcp_options=_options(view.get("tcp_options", 0)))
    elif packet.is_icmp:
        packet = packet.but(icmp_id=1)
    if view.get("mac_src") and device_of(view):
        packet = packet.but(mac_src=F.MAC_SRC.show(view["mac_src"]))
    room = view["length"] - packet.length if view.get("length") else _DATA
    return packet.but(payload_len=max(room, 0)) if packet.proto != TCP or room > 0 else packet


def _options(present: int) -> bytes:
    """TCP options of these kinds, each as short as can be."""
    kinds = [kind for kind in range(2, 256) if present >> kind & 1]
    data = b"".join(bytes((kind, 2)) for kind in kinds)[:40]
    return data + b"\1" * (-len(data) % 4)
