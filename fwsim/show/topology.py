"""The hosts as a diagram: a box for each, a row for each device, a wire for what joins them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fwsim.machine.wires import reach
from fwsim.machine.world import Device, Namespace, Place, Route, World, shown
from fwsim.model.tuples import NamedTuple
from fwsim.questions.joined import Join, Joined, joined, network_of, routes_by, ways_out
from fwsim.show.diagram import Box, Diagram, Row, Section
from fwsim.show.words import say

_ADDRESSES, _ROUTES, _ALIASES = 2, 2, 3  # so many are told in a row; the rest is in its title
_ID = re.compile(r"[0-9a-f]{12,64}")


class _Line(NamedTuple):
    """A row to be: a device and what it is joined to; or, of a bridge's ports, those that are told
    together, by the hosts that they lead to."""

    depth: int
    device: Device
    join: Join | None = None
    more: tuple[str, ...] = ()


def topology_diagram(world: World, only: Sequence[str] = ()) -> Diagram:
    """The diagram. QuestionError for a host that is not there."""
    found = joined(world, only)
    lines = {name: list(_lines(world, world.namespaces[name], found)) for name in found.hosts}
    place = {
        (name, line.device.name): at
        for name, told in lines.items()
        for at, line in reversed([*enumerate(told)])
    }
    boxes = [_host(world, name, told, found, place) for name, told in lines.items()]
    boxes += [box for name in found.hosts if (box := _beyond(world, world.namespaces[name], place))]
    for name, told in lines.items():
        boxes += [_more(name, line) for line in told if line.more]
    legend = [say("topology.legend.over")] if any(j.kind == "over" for j in found.joins) else []
    legend += [say("topology.legend.more")] if found.more else []
    remarks = [world.title, *(say("note.line") + note for note in (*world.damage, *world.notes))]
    host = found.hosts[0] if found.hosts else world.host
    title = say("topology.title", host=host)
    return Diagram(title, (Section("", boxes, directed=False),), remarks, tuple(legend))


def _lines(world: World, ns: Namespace, found: Joined) -> Iterator[_Line]:
    """The rows of a host: each device, beneath it its ports; and a row for each wire from it."""
    leading: dict[str, list[Join]] = {}
    for join in found.joins:
        if join.near[0] == ns.name:
            leading.setdefault(join.near[1], []).append(join)
    masters = {d.master or d.bond for d in ns.devices.values()} - {""}
    for device in ns.devices.values():
        if not (device.master or device.bond) and not _is_dull(device):
            yield from _device(0, device, leading, found)
            if device.name in masters:
                yield from _ports(ns, device, leading, found)


def _is_dull(device: Device) -> bool:
    """A loopback device as every host has one."""
    return device.name == "lo" and all(
        (a.family == 4 and a.value >> 24 == 127) or a.value == 1 for a in device.addresses
    )


def _ports(
    ns: Namespace, master: Device, leading: dict[str, list[Join]], found: Joined
) -> Iterator[_Line]:
    more: dict[str, None] = {}
    for port in ns.devices.values():
        if master.name in (port.master, port.bond):
            joins = leading.get(port.name, [])
            if joins and all(join.far[0] in found.more for join in joins):
                more |= dict.fromkeys(join.far[0] for join in joins)
            else:
                yield from _device(1, port, leading, found)
    if more:
        yield _Line(1, master, more=tuple(more))


def _device(
    depth: int, device: Device, leading: dict[str, list[Join]], found: Joined
) -> Iterator[_Line]:
    """A device's row, and one more for each wire but the first."""
    joins = [join for join in leading.get(device.name, ()) if join.far[0] in found.hosts]
    if len(joins) == 1:
        yield _Line(depth, device, joins[0])
        return
    yield _Line(depth, device)
    for join in joins:
        yield _Line(depth + 1, Device("", join.kind), join)


def _host(
    world: World, name: str, lines: list[_Line], found: Joined, place: dict[Place, int]
) -> Box:
    ns = world.namespaces[name]
    coming = {join.far[1]: join.near for join in found.joins if join.far[0] == name}
    rows = []
    for line in lines:
        rows.append(_row(world, ns, line, coming.get(line.device.name), place))
    names = sorted(n for n, home in world.aliases.items() if home == name and not _ID.fullmatch(n))
    note = say("topology.alias", names=_some(names, _ALIASES)) if names else ""
    style = "host" if name == world.host else "chain"
    return Box(name, name, note, rows, style, ", ".join([name, *names]))


def _more(name: str, line: _Line) -> Box:
    """The hosts behind the ports that are told together."""
    title = say("topology.more", count=len(line.more))
    return Box(f"{name} {line.device.name}", title, style="folded", full=chr(10).join(line.more))


def _row(
    world: World, ns: Namespace, line: _Line, near: Place | None, place: dict[Place, int]
) -> Row:
    device, indent = line.device, "  " * line.depth
    if line.more:
        text = say("topology.to", host=say("topology.more", count=len(line.more)))
        return Row(indent + "…", result=text, to=_more(ns.name, line).name, full=text)
    result, to, into = "", None, None
    if line.join is not None:
        to = line.join.far[0]
        into = place.get(line.join.far)
        result = say("topology.to.dev", host=to, dev=line.join.far[1])
    elif near is not None and ns.name == world.host:
        result = say("topology.from.dev", host=near[0], dev=near[1])
    addresses = [*_addresses(device)]
    about = [*kinds(world, ns, device)]
    full = say("comma").join([device.name, *addresses, *about, result])
    dashed = line.join is not None and line.join.kind == "over"
    return Row(
        indent + device.name, _some(addresses, _ADDRESSES), result,
        say("comma").join(about) if device.name else "", full, to, into, dashed,
    )  # fmt: skip


def _addresses(device: Device) -> Iterator[str]:
    """Those that are routed; link-local ones only where there are no others."""
    own = [a for a in device.addresses if a.scope != "link"]
    for a in own or ([] if device.master else device.addresses):
        yield f"{shown(a.value, a.family)}/{a.length}"


def kinds(world: World, ns: Namespace, device: Device) -> Iterator[str]:
    """What there is to say of a device besides."""
    dev = (
        " ".join(device.lower)
        if device.lower and device.lower[0] != ns.name
        else (device.lower[1] if device.lower else "")
    )
    if device.kind == "vlan":
        yield say("topology.kind.vlan", tag=device.tag, dev=dev)
    elif dev:
        key = "topology.kind.mode" if device.mode else "topology.kind.over"
        yield say(key, kind=device.kind, mode=device.mode, dev=dev)
    elif device.peer and device.peer[0] == ns.name:
        yield say("topology.kind.peer", dev=device.peer[1])
    elif device.kind and device.kind not in ("veth", "device", "loopback"):
        yield say("topology.kind", kind=device.kind)
    if network := network_of(world, device):
        yield say("topology.network", network=network)
    if not device.up:
        yield say("topology.down")
    elif device.kind == "bridge" and world.inferred and not ns.ports(device.name):
        yield say("topology.untold")
    elif (device.master or device.bond) and reach(world, ns, device).open:
        yield say("topology.untold.port")


def _some(texts: Sequence[str], most: int) -> str:
    first = say("comma").join(texts[:most])
    if len(texts) <= most:
        return first
    return say("topology.addresses", first=first, count=len(texts) - most)


def _beyond(world: World, ns: Namespace, place: dict[Place, int]) -> Box | None:
    """What lies beyond a host, by which of its devices."""
    rows = []
    for device in ways_out(world, ns):
        told = (route_text(route, family) for family, route in _routes(ns, device))
        routes = [*dict.fromkeys(told)]
        rows.append(Row(
            "", _some(routes, _ROUTES), say("topology.to.dev", host=ns.name, dev=device.name),
            full="\n".join(routes), to=ns.name, into=place.get((ns.name, device.name)),
        ))  # fmt: skip
    if not rows:
        return None
    title = say("topology.beyond")
    return Box(f"{title} {ns.name}", title, say("topology.beyond.note"), rows, "beyond", title)


def _routes(ns: Namespace, device: Device) -> Iterator[tuple[int, Route]]:
    for family in ns.routes:
        for route in routes_by(ns._replace(routes={family: ns.routes[family]}), device.name):
            yield family, route


def route_text(route: Route, family: int) -> str:
    """Where a route leads, and by which gateway."""
    dst = f"{shown(route.dst, family)}/{route.length}" if route.length else say("topology.default")
    if not route.via:
        return say("topology.route.link", dst=dst)
    return say("topology.route", dst=dst, via=shown(route.via, family))
