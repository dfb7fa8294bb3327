"""Who is where: names that people type, owners of addresses, who answers on a link, the picture as
a graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fwsim.machine.wires import at as found_at
from fwsim.machine.wires import lying_over, reach
from fwsim.machine.world import Device, Namespace, Place, World

if TYPE_CHECKING:
    import networkx


def segment(world: World, ns: Namespace, dev: str) -> Iterator[tuple[Namespace, Device]]:
    """The devices on one link, nearest first: through wires, bridges and their ports, as far as
    they are up. The device itself comes first."""
    return (found[:2] for found in _walk(world, ns, dev))


def is_open(world: World, ns: Namespace, dev: str, family: int, address: int) -> bool:
    """Somebody of whom nobody told may have the address on the link of `dev`. It is not one of
    those that share the device but are not heard by it."""
    device = ns.devices.get(dev)
    lower = found_at(world, device.lower) if device else None
    sharing = [d for d in (device, lower and lower[1]) if d]
    shared = (
        any((a.family, a.value) == (family, address) for a in other.addresses)
        for below in sharing
        for _, other in [*lying_over(world, below), *([lower] if lower else [])]
    )
    ends = (reach(world, n, d).open for n, d, heard in _walk(world, ns, dev) if not heard)
    return not any(shared) and any(ends)


def open_ports(world: World, ns: Namespace, bridge: str) -> list[str]:
    """A bridge's ports behind which there may be others, of whom nobody told."""
    return [p.name for p in ns.ports(bridge) if p.up and reach(world, ns, p).open]


def _walk(world: World, ns: Namespace, dev: str) -> Iterator[tuple[Namespace, Device, bool]]:
    """As `segment`, with whether the device was come to by its wire."""
    start = ns.devices.get(dev)
    waiting = deque([(ns, start, False)] if start is not None and start.up else [])
    seen: set[Place] = {(ns.name, dev)}
    while waiting:
        at, device, heard = waiting.popleft()
        yield at, device, heard
        for near, other, by_wire in _adjacent(world, at, device, heard):
            place = (near.name, other.name)
            if place not in seen and other.up:
                seen.add(place)
                waiting.append((near, other, by_wire))


def _adjacent(
    world: World, ns: Namespace, device: Device, heard: bool
) -> Iterator[tuple[Namespace, Device, bool]]:
    if heard and device.master in ns.devices:
        yield ns, ns.devices[device.master], False
    elif device.kind == "bridge":
        yield from ((ns, port, False) for port in ns.ports(device.name))
    elif not heard:
        yield from ((n, d, True) for n, d in reach(world, ns, device).inside)


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
    of an edge is holds (a namespace its device), port (of a bridge or bond), veth, or over."""
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
            for master in {device.master, device.bond} & ns.devices.keys():
                picture.add_edge(place, (ns.name, master), kind="port")
            for kind, other in (("veth", device.peer), ("over", device.lower)):
                if other in picture:
                    picture.add_edge(place, other, kind=kind)
    return picture
