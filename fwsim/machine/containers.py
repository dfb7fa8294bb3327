"""What Docker calls its containers and networks: names, services and other aliases (docker inspect,
docker ps, docker network inspect)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain

from fwsim.machine.iproute import Entry
from fwsim.machine.world import Address, Namespace
from fwsim.model.names import address_value, family_of

_SHORT_ID = 12
_SERVICE = "com.docker.compose.service="
_OF = "container:"  # shares the namespace of the container of that id or name
Named = tuple[str, list[str]]


def aliases(found: Iterable[Named], namespaces: Mapping[str, Namespace]) -> dict[str, str]:
    """Each name of a container, and of a service that has one, with the namespace of the
    container; a name that several containers have means none of them."""
    homes: dict[str, set[str]] = {}
    for home, names in sorted(found, key=lambda item: item[0].startswith(_OF)):
        known = homes.get(home.removeprefix(_OF), set()) if home.startswith(_OF) else {home} - {""}
        for name in names if known else ():
            homes.setdefault(name, set()).update(known)
    return {
        name: there.pop()
        for name, there in homes.items()
        if len(there) == 1 and name not in namespaces
    }


def named(item: Entry, namespaces: Mapping[str, Namespace]) -> Named:
    """A container's namespace ("" if it is not here; `container:ID` if it is that of another), and
    what it is called."""
    return _home(item, namespaces), list(_names(item))


def listed(item: Entry, namespaces: Mapping[str, Namespace]) -> Named:
    """The same of a container as `docker ps` lists it, whose namespace has one of its names."""
    names = item.text("Names").split(",")
    labels = item.text("Labels").split(",")
    services = [text.removeprefix(_SERVICE) for text in labels if text.startswith(_SERVICE)]
    home = next((name for name in names if name in namespaces), "")
    return home, [name for name in (*names, item.text("ID"), *services) if name]


def _networks(item: Entry) -> Iterator[Entry]:
    networks = item.inner("NetworkSettings").inner("Networks")
    yield from (networks.inner(name) for name in networks.data)


def _names(item: Entry) -> Iterator[str]:
    yield item.text("Name").removeprefix("/")
    if item.text("Id"):
        yield from (item.text("Id"), item.text("Id")[:_SHORT_ID])
    for network in _networks(item):
        yield from network.words("Aliases")
        yield from network.words("DNSNames")


def _home(item: Entry, namespaces: Mapping[str, Namespace]) -> str:
    """The namespace of that name, or that it shares, else the one with the container's address."""
    name, mode = item.text("Name").removeprefix("/"), item.inner("HostConfig").text("NetworkMode")
    if name in namespaces:
        return name
    if mode in namespaces or mode.startswith(_OF):  # `host` is one's name here
        return mode
    texts = [n.text(key) for n in _networks(item) for key in ("IPAddress", "GlobalIPv6Address")]
    own = {(f, address_value(text, f)) for text in texts if text and (f := family_of(text))}
    homes = (
        ns.name
        for ns in namespaces.values()
        for device in ns.devices.values()
        if any((a.family, a.value) in own for a in device.addresses)
    )
    return next(homes, "")


def attached(item: Entry) -> list[tuple[str, Address]]:
    """The networks that a container is on, each with an address that it has there."""
    networks = item.inner("NetworkSettings").inner("Networks")
    return [
        (name, Address(family, found.address(key, family), 32 if family == 4 else 128))
        for name in networks.data
        for found in (networks.inner(name),)
        for key, family in (("IPAddress", 4), ("GlobalIPv6Address", 6))
        if found.text(key)
    ]


def by_network(
    found: Iterable[list[tuple[str, Address]]], names: Container[str]
) -> dict[str, tuple[Address, ...]]:
    """The networks that containers are on, each with their addresses there, but for those that
    have the name of something else."""
    networks: dict[str, tuple[Address, ...]] = {}
    for name, address in chain.from_iterable(found):
        if name not in names:
            networks[name] = (*networks.get(name, ()), address)
    return networks


def network(item: Entry, host: Namespace) -> tuple[str, list[Address]]:
    """A network's name, and the addresses on it: of its containers, then of the host."""
    containers = item.inner("Containers")
    found = [
        address
        for key in containers.data
        for name, family in (("IPv4Address", 4), ("IPv6Address", 6))
        if (address := _address(containers.inner(key), name, family))
    ]
    subnets = [
        subnet
        for told in item.inner("IPAM").entries("Config")
        if (subnet := _address(told, "Subnet", family_of(told.text("Subnet").partition("/")[0])))
    ]
    own = (
        address
        for _, address in (*host.addresses(4), *host.addresses(6))
        for subnet in subnets
        if address.family == subnet.family and not (address.value ^ subnet.value) >> _left(subnet)
    )
    return item.text("Name"), [*sorted(found), *own]


def _left(subnet: Address) -> int:
    return (32 if subnet.family == 4 else 128) - subnet.length


def _address(item: Entry, key: str, family: int | None) -> Address | None:
    """An address of the form 172.18.0.2/16."""
    text, _, length = item.text(key).partition("/")
    if not text:
        return None
    if family is None or family_of(text) != family or not length.isdecimal():
        raise item.wrong(key, "expected an address, a slash and a length")
    return Address(family, address_value(text, family), int(length))
