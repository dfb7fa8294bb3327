"""Whom people mean: addresses, and names of namespaces, containers, services, devices; who owns an
address, and which one a sender uses."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine import routing
from fwsim.machine.policy import Flow
from fwsim.machine.words import say
from fwsim.machine.world import Address, Namespace, World, shown
from fwsim.model.errors import QuestionError
from fwsim.model.names import address_value, family_of
from fwsim.model.tuples import NamedTuple

INTERNET = "internet"
BEYOND = {4: 0x08080808, 6: 0x20014860_48600000_00000000_00008888}  # 8.8.8.8 and its IPv6 twin


class Endpoint(NamedTuple):
    """An address, and the namespace that has it (None: somewhere outside the world)."""

    namespace: str | None
    family: int
    value: int


def find_address(world: World, name: str, family: int | None = None) -> Endpoint:
    """What people mean by an address or a name: a namespace, a container or a service (its address
    towards its default route, else its first global one), a device, of the host if it has one of
    that name, a network (who is first on it), or the internet. Without a family, IPv4 comes first.

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


def sender(world: World, name: str, family: int) -> Endpoint:
    """As `find_address`; a namespace may be asked to send what it has no address for, and bears
    none then (value 0)."""
    ns = world.namespaces.get(world.aliases.get(name, name))
    if ns is None or not ns.devices:
        return find_address(world, name, family)
    return Endpoint(ns.name, family, _main_address(ns, family) or 0)


def destination(world: World, name: str, family: int | None, sender: str | None) -> Endpoint:
    """As `find_address`; a namespace with an address on a network of the sender's is meant by
    that, as names are resolved between containers."""
    found = find_address(world, name, family)
    if _is_network(world, name):
        others = (place for place in _on_network(world, name, found.family) if place[0] != sender)
        namespace, value = next(others, found[::2])
        return Endpoint(namespace, found.family, value)
    home = world.namespaces.get(world.aliases.get(name, name))
    near = world.namespaces.get(sender or "")
    if home is None or near is None or home is near:
        return found
    for _, address in home.addresses(found.family):
        if address.scope == "global" and _on_link(near, address):
            return found._replace(value=address.value)
    return found


def _on_link(ns: Namespace, address: Address) -> bool:
    way = routing.lookup(ns, Flow(address.family, address.value))
    return way.kind == "unicast" and way.hop == address.value


def chosen_source(world: World, name: str, origin: Endpoint, to: Endpoint) -> int:
    """The address from which the sender that people call `name` would send to `to`: if a namespace
    is meant, as its routes choose it; else the one that the name stands for."""
    ns = world.namespaces.get(world.aliases.get(name, name))
    if ns is None:
        return origin.value
    way = routing.lookup(ns, Flow(to.family, to.value))
    if way.kind in ("local", "broadcast"):
        return to.value if way.kind == "local" else way.source
    found = way.source or routing.source_address(ns, to.family, way.dev, way.hop)
    return origin.value if found is None else found


def _named(world: World, name: str, family: int) -> tuple[str | None, int] | None:
    ns = world.namespaces.get(world.aliases.get(name, name))
    if ns is not None:
        value = _main_address(ns, family)
        return (ns.name, value) if value is not None else None
    for ns in _in_order(world):
        own = ns.devices[name].addresses if name in ns.devices else ()
        for address in _usual(a for a in own if a.family == family):
            return ns.name, address.value
    on_network = next(_on_network(world, name, family), None)
    return (None, BEYOND[family]) if name == INTERNET and not on_network else on_network


def _is_network(world: World, name: str) -> bool:
    """The name is a network's, and nothing else's."""
    others = (world.namespaces, world.aliases, *(ns.devices for ns in world.namespaces.values()))
    return name in world.networks and not any(name in known for known in others)


def _on_network(world: World, name: str, family: int) -> Iterator[tuple[str | None, int]]:
    for address in world.networks.get(name, ()):
        if address.family == family:
            yield owner(world, family, address.value), address.value


def stands_for(world: World, name: str, family: int, value: int) -> str:
    """What to say of a name that is a network's: who on it is meant; "" for other names."""
    if not _is_network(world, name):
        return ""
    who = " ".join(filter(None, (owner(world, family, value), shown(value, family))))
    return say("network", name=name, who=who)


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
        [*world.namespaces, *world.aliases, *world.networks,
         *(d for ns in _in_order(world) for d in ns.devices)]
    ))  # fmt: skip
    if name in names:
        kinds = " or ".join(f"IPv{family}" for family in families)
        told = world.namespaces[world.host].rulesets
        hint = "Name an address instead."
        if world.inferred and told and told.keys().isdisjoint(families):
            hint = f"Only rules of IPv{' and '.join(map(str, told))} were given."
        return QuestionError(f"{name} has no {kinds} address here", hint=hint)
    near = get_close_matches(name, names, 3) or names[:8]
    hint = f"Known here: {', '.join(near)}; or any address." if near else "Name an address instead."
    return QuestionError(f"nothing here is called {name!r}, and it is no address", hint=hint)


def owner(world: World, family: int, address: int) -> str | None:
    """The namespace that has the address, the host first; None if none has."""
    for ns in _in_order(world):
        if any(own.value == address for _, own in ns.addresses(family)):
            return ns.name
    return None
