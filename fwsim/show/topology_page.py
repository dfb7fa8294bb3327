"""The hosts in all their forms; in their page each unfolds to its devices and routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fwsim.machine.topology import graph
from fwsim.machine.world import Device, Namespace, World, shown
from fwsim.show.diagram import Box, Diagram
from fwsim.show.diagram_page import Unfolded, diagram_page, table
from fwsim.show.markup import Child, element
from fwsim.show.pictured import Pictured
from fwsim.show.topology import kinds, route_text, topology_diagram
from fwsim.show.words import say

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ROUTES = 60


def pictured(world: World, only: Sequence[str] = ()) -> Pictured:
    """The hosts in all their forms."""
    diagram = topology_diagram(world, only)
    return Pictured(diagram, lambda: topology_page(diagram, world))


def topology_page(diagram: Diagram, world: World) -> str:
    """The document."""
    unfolded: dict[tuple[str, str], Unfolded] = {}
    joins = graph(world)
    for section in diagram.sections:
        for box in section.boxes:
            ns = world.namespaces.get(box.name)
            if ns is not None:
                told = Unfolded(_summary(box), [_devices(world, ns, joins), *_routes(ns)])
            elif box.style == "beyond":
                lines = (say("comma").join([*row.full.split("\n"), row.result]) for row in box.rows)
                told = Unfolded(box.note, [element("p", line) for line in lines])
            else:
                told = Unfolded("", [element("p", box.full.replace("\n", say("comma")))])
            unfolded[section.name, box.name] = told
    return diagram_page(diagram, unfolded, say("topology.page.hosts"))


def _summary(box: Box) -> str:
    """A host's other names and its addresses."""
    return say("comma").join(filter(None, [box.note, *(row.text for row in box.rows)]))


def _devices(world: World, ns: Namespace, joins: Any) -> Element:
    keys = ("device", "kind", "addresses", "mac", "joined")
    titles = [say(f"topology.page.{key}") for key in keys]
    rows = (_device(world, ns, device, joins) for device in ns.devices.values())
    return table(titles, ((row, False) for row in rows))


def _device(world: World, ns: Namespace, device: Device, joins: Any) -> list[Child]:
    addresses = [f"{shown(a.value, a.family)}/{a.length}" for a in device.addresses]
    near = [
        say("topology.page.port_of", bridge=other[1]) if kind == "port" else " ".join(other)
        for other, kind in _neighbours(ns, device, joins)
    ]
    about = list(kinds(world, ns, device)) or [device.kind]
    return [
        element("code", device.name),
        say("comma").join(filter(None, about)),
        element("code", say("comma").join(addresses)),
        element("code", device.mac, class_="mac"),
        say("comma").join(near),
    ]


def _neighbours(ns: Namespace, device: Device, joins: Any) -> Iterator[tuple[tuple[str, str], str]]:
    for other, data in joins[ns.name, device.name].items():
        ours = data["kind"] == "port" and other[0] == ns.name and device.kind in ("bridge", "bond")
        if data["kind"] != "holds" and not ours:
            yield other, data["kind"]


def _routes(ns: Namespace) -> Iterator[Child]:
    told = [
        f"{route_text(route, family)} {say('topology.by', dev=route.dev)}"
        for family, routes in ns.routes.items()
        for route in routes
        if route.table == "main" and route.dev and route.kind == "unicast"
    ]
    if told:
        items = [element("li", element("code", text)) for text in told[:_ROUTES]]
        yield element("p", say("topology.page.routes"))
        yield element("ul", items)
    if len(told) > _ROUTES:
        yield element("p", say("topology.page.more_routes", count=len(told) - _ROUTES))
