"""Who is where: names that people type, owners of addresses, who answers on a link, the picture as
a graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from fwsim.machine import routing
from fwsim.machine.policy import Flow
from fwsim.machine.world import Address, Device, Namespace, World
from fwsim.model.errors import QuestionError
from fwsim.model.names import address_value, family_of

if TYPE_CHECKING:
    import networkx

Place = tuple[str, str]


class Endpoint(NamedTuple):
    """An address, and the namespace that has it (None: somewhere outside the world)."""

    namespace: str | None
    family: int
    value: int


def find_address(world: World, name: str, family: int | None = None) -> Endpoint:
    """What people mean by an address or a name: a namespace (its address towards its default route,
    else its first global one), or a device, of the host if it has one of that name. Without a
    family, IPv4 comes first.

    Raises QuestionError for a name that the world does not know or that has no such address."""
    known = family_of(name)
    if known is not None:
        if family not in (None, known):
            raise QuestionError(f"{name} is an IPv{known} address, expected an IPv{family} one")
        value = address_value(name, known)
        return Endpoint(owner(world, known, value), known, value)
    families = (family,) if family else (4, 6)
    for wanted in families:
        found = _named(world, name, wanted)
        if found is not None:
            return Endpoint(found[0], wanted, found[1])
    raise _unknown(world, name, families)


def chosen_source(world: World, name: str, origin: Endpoint, to: Endpoint) -> int:
    """The address from which the sender that people call `name` would send to `to`: if a namespace
    is meant, as its routes choose it; else the one that the name stands for."""
    ns = world.namespaces.get(name)
    if ns is None:
        return origin.value
    way = routing.lookup(ns, Flow(to.family, to.value))
    if way.kind in ("local", "broadcast"):
        return to.value if way.kind == "local" else way.source
    found = way.source or routing.source_address(ns, to.family, way.dev, way.hop)
    return origin.value if found is None else found


def _named(world: World, name: str, family: int) -> tuple[str, int] | None:
    ns = world.namespaces.get(name)
    if ns is not None:
        value = _main_address(ns, family)
        return (name, value) if value is not None else None
    for ns in _in_order(world):
        own = ns.devices[name].addresses if name in ns.devices else ()
        for address in _usual(a for a in own if a.family == family):
            return ns.name, address.value
    return None


def _usual(addresses: Iterator[Address]) -> list[Address]:
    """Global addresses first, link-local ones last."""
    return sorted(addresses, key=lambda a: a.scope != "global")


def _main_address(ns: Namespace, family: int) -> int | None:
    ways_out = {r.dev for r in ns.routes.get(family, ()) if r.length == 0 and r.kind == "unicast"}
    addresses = [(d, a) for d, a in ns.addresses(family) if a.scope == "global"]
    addresses.sort(key=lambda found: found[0].name not in ways_out)
    return addresses[0][1].value if addresses else None


def _in_order(world: World) -> list[Namespace]:
    """The host first."""
    return sorted(world.namespaces.values(), key=lambda ns: ns.name != world.host)


def _unknown(world: World, name: str, families: tuple[int, ...]) -> QuestionError:
    from difflib import get_close_matches

    names = list(dict.fromkeys(
        [*world.namespaces, *(d for ns in _in_order(world) for d in ns.devices)]
    ))  # fmt: skip
    if name in names:
        kinds = " or ".join(f"IPv{family}" for family in families)
        return QuestionError(f"{name} has no {kinds} address here", hint="Name an address instead.")
    near = get_close_matches(name, names, 3) or names[:8]
    hint = f"Known here: {', '.join(near)}; or any address." if near else "Name an address instead."
    return QuestionError(f"nothing here is called {name!r}, and it is no address", hint=hint)


def owner(world: World, family: int, address: int) -> str | None:
    """The namespace that has the address, the host first; None if none has."""
    for ns in _in_order(world):
        if any(own.value == address for _, own in ns.addresses(family)):
            return ns.name
    return None


# -- links -----------------------------------------------------------------------------------------


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
