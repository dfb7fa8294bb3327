"""Which hosts are joined to which, seen from one of them: on whose side its way out lies, and which
are told one by one where there are too many for a picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, zip_longest

from fwsim.machine.topology import graph
from fwsim.machine.wires import reach
from fwsim.machine.world import Device, Namespace, Place, Route, World
from fwsim.model.errors import QuestionError
from fwsim.model.tuples import NamedTuple

LEGIBLE = 40  # more hosts than that are not told one by one


class Join(NamedTuple):
    """Two devices of two hosts that are joined, the one nearer to the outside first; `kind` is veth
    or over (a macvlan, say, over a device)."""

    near: Place
    far: Place
    kind: str


class Joined(NamedTuple):
    """The hosts that are told one by one, the first in the middle, those that are not, and the
    joins of all of them."""

    hosts: tuple[str, ...]
    more: tuple[str, ...]
    joins: tuple[Join, ...]


def joined(world: World, only: Iterable[str] = ()) -> Joined:
    """What is joined in this world; with `only`, these hosts and their neighbours.

    Raises QuestionError for a host that is not there."""
    pairs = [
        (a, b, data["kind"])
        for a, b, data in graph(world).edges(data=True)
        if data["kind"] in ("veth", "over") and a[0] != b[0]
    ]
    wanted = _wanted(world, only)
    if wanted:
        near = {ns for a, b, _ in pairs for ns in (a[0], b[0]) if {a[0], b[0]} & wanted}
        pairs = [pair for pair in pairs if {pair[0][0], pair[1][0]} <= near | wanted]
        hosts = [name for name in world.namespaces if name in near | wanted]
    else:
        hosts = [*world.namespaces]
    rank = _ranks(world, hosts, pairs)
    joins = tuple(
        Join(a, b, kind) if rank[a[0]] < rank[b[0]] else Join(b, a, kind) for a, b, kind in pairs
    )
    hosts.sort(key=lambda name: (name != world.host, rank[name]))
    if len(hosts) <= LEGIBLE:
        return Joined(tuple(hosts), (), joins)
    told = _fairly(world, hosts, joins)
    return Joined(
        tuple(name for name in hosts if name in told),
        tuple(name for name in hosts if name not in told), joins,
    )  # fmt: skip


def _wanted(world: World, only: Iterable[str]) -> set[str]:
    found = set()
    for name in only:
        home = world.aliases.get(name, name)
        if home not in world.namespaces:
            there = ", ".join([*world.namespaces][:8])
            raise QuestionError(f"there is no host {name!r} here", hint=f"There is {there}.")
        found.add(home)
    return found


def _ranks(
    world: World, hosts: list[str], pairs: list[tuple[Place, Place, str]]
) -> dict[str, tuple[int, int]]:
    """How far out (below zero) or in each host lies, and when it was come to."""
    ends: dict[str, list[tuple[Place, Place]]] = {}
    for a, b, _ in pairs:
        ends.setdefault(a[0], []).append((a, b))
        ends.setdefault(b[0], []).append((b, a))
    first = world.host if world.host in hosts else hosts[0]
    rank = {first: (0, 0)}
    waiting = deque([first])
    while waiting:
        name = waiting.popleft()
        ns, depth = world.namespaces[name], rank[name][0]
        for (_, dev), (other, _) in ends.get(name, ()):
            if other not in rank:
                out = depth < 0 or (depth == 0 and _leads_out(ns, dev))
                rank[other] = (depth - 1 if out else depth + 1, len(rank))
                waiting.append(other)
    return {name: rank.get(name, (len(hosts), n)) for n, name in enumerate(hosts)}


def _leads_out(ns: Namespace, dev: str) -> bool:
    return any(route.length == 0 for route in routes_by(ns, dev))


def routes_by(ns: Namespace, dev: str) -> Iterator[Route]:
    """The routes by a device that lead over a gateway or anywhere."""
    for routes in ns.routes.values():
        for route in routes:
            if route.dev == dev and route.kind == "unicast" and (route.via or not route.length):
                yield route


def _fairly(world: World, hosts: list[str], joins: tuple[Join, ...]) -> set[str]:
    """So many hosts as are legible: those of each bridge by turns."""
    groups: dict[Place, list[str]] = {}
    for join in joins:
        port = world.namespaces[join.near[0]].devices[join.near[1]]
        groups.setdefault((join.near[0], port.master), []).append(join.far[0])
    turns = chain.from_iterable(zip_longest(*groups.values()))
    order = dict.fromkeys([hosts[0], *(join.near[0] for join in joins), *turns, *hosts])
    order.pop(None, None)
    return {name for name, _ in zip(order, range(LEGIBLE), strict=False) if name is not None}


def ways_out(world: World, ns: Namespace) -> list[Device]:
    """The devices that lead beyond what is told here; what lies behind the ports of a bridge is
    not known either, but no way out."""
    return [
        device
        for device in ns.devices.values()
        if device.name != "lo" and device.kind not in ("bridge", "loopback")
        and not (device.master or device.bond) and device.up and reach(world, ns, device).open
    ]  # fmt: skip


def network_of(world: World, device: Device) -> str:
    """Docker's name of the network whose bridge this is; "" if it is none."""
    own = {(a.family, a.value) for a in device.addresses}
    names: Mapping[str, object] = world.networks
    return (
        next((n for n in names if own & {(a.family, a.value) for a in world.networks[n]}), "")
        if device.kind == "bridge"
        else ""
    )
