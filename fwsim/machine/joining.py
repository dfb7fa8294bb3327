"""Namespaces joined by what their devices say of each other: the ends of veth pairs, and what lies
over which device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fwsim.machine.iproute import Link
from fwsim.machine.veth import End, pair
from fwsim.machine.words import say
from fwsim.machine.world import STACKED, Device, Namespace, Place
from fwsim.model.frozen import replace

_PAIRED = ("veth", "netkit", "")
Joints = Mapping[Place, Place]
Links = Mapping[str, list[Link]]


def join(
    namespaces: Mapping[str, Namespace], links: Links
) -> tuple[dict[str, Namespace], list[str]]:
    """The namespaces, joined, and what could not be."""
    ends = [end for name, own in links.items() for end in _ends(name, own)]
    pairs, notes = pair(ends, lambda a, b: _evidence(namespaces[a.ns], a, b))
    peers = {a.key: b.key for a, b in pairs.items()}
    numbers = {(a.ns, a.nsid): b.ns for a, b in pairs.items()}
    lowers: dict[Place, Place] = {}
    for name, own in links.items():
        for link in own:
            found = _lower(name, link, links, numbers) if link.device.kind in STACKED else None
            if found is not None:
                lowers[name, link.device.name] = found
                notes += _unfollowed(name, link.device)
            elif link.device.kind in STACKED:
                notes.append(say("over", name=name, dev=link.device.name))
    return {ns.name: _joined(ns, peers, lowers) for ns in namespaces.values()}, notes


def _unfollowed(name: str, device: Device) -> list[str]:
    if device.kind in ("ipvlan", "ipvtap") and device.mode.startswith("l3"):
        return [say("layer3", name=name, dev=device.name, kind=device.kind)]
    return []


def _joined(ns: Namespace, peers: Joints, lowers: Joints) -> Namespace:
    places = {name: (ns.name, name) for name in ns.devices}
    return ns._replace(devices={
        name: replace(
            device, peer=peers.get(places[name]), lower=lowers.get(places[name]),
            over=tuple(upper for upper, lower in lowers.items() if lower == places[name]),
        )
        for name, device in ns.devices.items()
    })  # fmt: skip


def _ends(name: str, links: list[Link]) -> Iterator[End]:
    indices = {link.device.name: link.device.index for link in links}
    for link in links:
        device = link.device
        other = link.link or indices.get(link.link_name, 0)
        if device.kind in _PAIRED and other:
            yield End(name, device.name, device.index, other, link.nsid, device.mac)


def _evidence(ns: Namespace, a: End, b: End) -> int:
    """What the side of `a` learned about where the MAC of `b` is."""
    bridge = ns.devices[a.name].master
    port = ns.fdb.get((bridge, b.mac)) if bridge else None
    if port is not None:
        return 1 if port == a.name else -1
    known = (mac for (dev, _, _), mac in ns.neighbours.items() if dev == a.name)
    return int(b.mac in known)


def _lower(
    name: str, link: Link, links: Links, numbers: Mapping[tuple[str, int | None], str]
) -> Place | None:
    """The device that another one lies over. Its namespace is the one that veth pairs call by the
    same number, else the first other one that has a device of that index: the host comes first."""
    if link.link_name:
        own = {other.device.name for other in links[name]}
        return (name, link.link_name) if link.link_name in own else None
    known = name if link.nsid is None else numbers.get((name, link.nsid))
    homes = [known] if known else [other for other in links if other != name]
    found = (
        (home, other.device.name)
        for home in homes
        for other in links[home]
        if other.device.index == link.link and other.device.kind != "loopback"
    )
    return next(found, None)
