"""Who is where: names that people type, owners of addresses, who answers on a link, the picture as
a graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fwsim.machine.world import Device, Namespace, World

if TYPE_CHECKING:
    import networkx

Place = tuple[str, str]


def link_peer(world: World, ns: Namespace, dev: str) -> tuple[Namespace, Device] | None:
    """The other end of a device's veth pair, if it is in this world."""
    device = ns.devices.get(dev)
    if device is None or device.peer is None:
        return None
    other = world.namespaces.get(device.peer[0])
    peer = other.devices.get(device.peer[1]) if other else None
    return (other, peer) if other and peer else None


def segment(world: World, ns: Namespace, dev: str) -> Iterator[tuple[Namespace, Device]]:
    """The devices on one link, nearest first: through veth pairs, bridges and their ports, as far
    as they are up. The device itself comes first."""
    start = ns.devices.get(dev)
    waiting = deque([(ns, start)] if start is not None and start.up else [])
    seen: set[Place] = {(ns.name, dev)}
    while waiting:
        at, device = waiting.popleft()
        yield at, device
        for near, other in _adjacent(world, at, device):
            place = (near.name, other.name)
            if place not in seen and other.up:
                seen.add(place)
                waiting.append((near, other))


def _adjacent(world: World, ns: Namespace, device: Device) -> Iterator[tuple[Namespace, Device]]:
    if device.kind == "bridge":
        yield from ((ns, port) for port in ns.ports(device.name))
    if device.master in ns.devices:
        yield ns, ns.devices[device.master]
    peer = link_peer(world, ns, device.name)
    if peer is not None:
        yield peer


def resolve_mac(
    world: World, ns: Namespace, dev: str, family: int, address: int
) -> tuple[str | None, Place | None]:
    """Who answers for the address on the link of `dev`: the MAC, and the device if it is in this
    world. What the namespace's neighbour table says comes first, as in the kernel."""
    known = ns.neighbours.get((dev, family, address))
    for at, device in segment(world, ns, dev):
        if at.name == ns.name or device.master:
            continue
        if device.mac == known if known else _answers(at, device, family, address):
            return device.mac or None, (at.name, device.name)
    return known, None


def _answers(ns: Namespace, device: Device, family: int, address: int) -> bool:
    """IPv4 hosts answer ARP for any of their addresses unless arp_ignore says otherwise
    (arp_process, net/ipv4/arp.c); IPv6 hosts only for those of the device asked."""
    ignore = max(ns.number(f"net.ipv4.conf.{name}.arp_ignore") for name in ("all", device.name))
    if family == 4 and ignore == 0:
        own = (a.value for _, a in ns.addresses(4) if a.scope != "host")
    elif family == 4 and ignore == 8:
        return False
    else:
        own = (a.value for a in device.addresses if a.family == family)
    return address in own


def graph(world: World) -> networkx.Graph[Any]:
    """Namespaces (nodes by name), devices (nodes (namespace, device)) and what joins them: `kind`
    of an edge is holds (a namespace its device), port (of a bridge) or veth."""
    import networkx as nx

    picture = nx.Graph()
    for ns in world.namespaces.values():
        picture.add_node(ns.name, kind="namespace")
        for device in ns.devices.values():
            place = (ns.name, device.name)
            picture.add_node(place, kind=device.kind or "device")
            picture.add_edge(ns.name, place, kind="holds")
    for ns in world.namespaces.values():
        for device in ns.devices.values():
            place = (ns.name, device.name)
            if device.master in ns.devices:
                picture.add_edge(place, (ns.name, device.master), kind="port")
            if link_peer(world, ns, device.name) is not None:
                picture.add_edge(place, device.peer, kind="veth")
    return picture
