"""Where a frame comes that leaves by a device: veth pairs, bonds, vlans, and the macvlans and
ipvlans that share a device's link (drivers/net/macvlan.c, ipvlan/ipvlan_core.c, bonding,
net/8021q)."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine.world import Device, Namespace, Place, World
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

TUNNELS = frozenset({
    "wireguard", "vxlan", "geneve", "gre", "gretap", "ip6gre", "ip6gretap", "ipip", "sit", "ip6tnl",
    "vti", "vti6", "xfrm", "erspan", "gtp",
})  # fmt: skip
_SHARED = ("macvlan", "macvtap", "ipvlan", "ipvtap")
_BY_ADDRESS = ("ipvlan", "ipvtap")
_TALKATIVE = ("bridge", "l2", "l3", "l3s", "")  # the modes whose devices hear each other


End = tuple[Namespace, Device]
Ends = list[End]


class Reach(NamedTuple):
    """The devices that may hear a frame; `open`: so may others, of which nobody told."""

    inside: Ends
    open: bool = False


_NOWHERE = Reach([])


def reach(world: World, ns: Namespace, device: Device) -> Reach:
    """Who hears what leaves by a device. What a device of the kind dummy is given is lost."""
    if device.kind == "dummy":
        return _NOWHERE
    if device.kind in ("bond", "team"):
        slaves = [d for d in ns.devices.values() if d.bond == device.name and d.up]
        return reach(world, ns, slaves[0]) if slaves else _NOWHERE
    if device.lower is not None:
        return _over(world, ns, device)
    if device.peer is not None and (end := at(world, device.peer)) is not None:
        return Reach([(n, d) for n, d in _heard_at(world, *end) if d.up])
    return Reach([], True)


def at(world: World, place: Place | None) -> tuple[Namespace, Device] | None:
    """The device of that name, if it is in this world."""
    ns = world.namespaces.get(place[0]) if place else None
    device = ns.devices.get(place[1]) if ns and place else None
    return (ns, device) if ns and device else None


def _over(world: World, ns: Namespace, device: Device) -> Reach:
    lower = at(world, device.lower)
    if lower is None or not lower[1].up:
        return Reach([], lower is None)
    below = reach(world, *lower)
    if device.kind not in _SHARED:
        tagged = [
            v for _, d in below.inside for v in lying_over(world, d) if v[1].tag == device.tag
        ]
        return Reach([v for v in tagged if v[1].kind == "vlan"], below.open)
    mine = (ns.name, device.name)
    near = [
        (n, d) for n, d in lying_over(world, lower[1])
        if (n.name, d.name) != mine and {d.mode, device.mode} <= set(_TALKATIVE) and d.up
    ]  # fmt: skip
    return Reach([*near, *below.inside], below.open)


def lying_over(world: World, device: Device) -> Ends:
    """The devices that lie over another one, wherever they are."""
    return [found for place in device.over if (found := at(world, place)) is not None]


def _heard_at(world: World, ns: Namespace, device: Device) -> Iterator[End]:
    """Who hears a frame that comes to a device from its link."""
    if device.bond in ns.devices:
        device = ns.devices[device.bond]
    over = [(n, d) for n, d in lying_over(world, device) if d.kind in _SHARED]
    if not any(d.mode == "passthru" for _, d in over):
        yield ns, device
    yield from over


def takers(found: Ends, packet: Packet, mac: str | None) -> Ends:
    """Those who take the frame of all who hear it: by its MAC, and where several devices share
    theirs, by its destination."""
    heard = [(n, d) for n, d in found if d.master or hears(d, mac)]
    sharing = [(n, d) for n, d in heard if d.kind in _BY_ADDRESS]
    if not sharing or mac is None or is_shared(mac):
        return heard
    own = [(n, d) for n, d in sharing if any(a.value == packet.dst for a in d.addresses)]
    return own or [(n, d) for n, d in heard if d.kind not in _BY_ADDRESS]


def hears(device: Device, mac: str | None) -> bool:
    """A frame to that MAC may be for the device."""
    return mac in (None, device.mac) or not device.mac or is_shared(mac)


def is_shared(mac: str) -> bool:
    """An Ethernet address of all, or of a group."""
    return bool(int(mac[:2], 16) & 1)


def entry(world: World, place: Place, packet: Packet) -> Place:
    """The device that takes a packet which comes to one from its link: itself, the bond over it, or
    a macvlan or ipvlan over it, by the MAC or, where nobody told, by the destination."""
    here, mac = at(world, place), packet.mac_dst
    if here is None or here[1].master:
        return place
    heard = list(_heard_at(world, *here))
    over = [
        (n, d) for n, d in heard
        if d.kind in _SHARED
        and (d.mac == mac if mac else any(a.value == packet.dst for a in d.addresses))
    ]  # fmt: skip
    ns, device = (takers(over, packet, mac) or heard)[0]
    return ns.name, device.name
