"""What a notebook shows of rules, networks and answers: fragments of HTML that read well where
styles are taken away, as on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from fwsim.language.ruleset import Ruleset
from fwsim.machine.world import Address, Device, Namespace, World, shown
from fwsim.show.dump import Marks, dump_lines, saved_dump
from fwsim.show.layout import Line
from fwsim.show.markup import Child, element, image
from fwsim.show.page import fragment
from fwsim.show.svg import svg_alone
from fwsim.show.topology import topology_diagram
from fwsim.show.words import say

_LINES = 400  # of a ruleset's text
_ROWS = 60  # devices of a network
_STRONG = frozenset({"good", "bad", "unsure", "head"})


def ruleset_html(ruleset: Ruleset) -> str:
    """A ruleset: its text, with the beginning of a long one."""
    dump = saved_dump(ruleset)
    shown = range(1, min(len(dump.lines), _LINES) + 1)
    notes = (element("p", say("note.line"), note, class_="note") for note in ruleset.notes)
    rules = sum(len(c.rules) for t in ruleset.tables.values() for c in t.chains.values())
    chains = sum(len(table.chains) for table in ruleset.tables.values())
    title = say("page.ruleset", family=ruleset.family, rules=rules, chains=chains)
    return fragment(element("p", element("b", title)), notes, dump_lines(dump, Marks(), shown))


def lines_html(lines: Iterable[Line]) -> str:
    """What a command would print, its columns kept."""
    return fragment(element("pre", ([*_line(line), "\n"] for line in lines)))


def _line(line: Line) -> Iterator[Child]:
    for text, style in line:
        yield element("b", text, class_=style) if style in _STRONG else text


# -- a network -------------------------------------------------------------------------------------


def world_html(world: World) -> str:
    """A network: its hosts as a picture, and their devices."""
    diagram = topology_diagram(world, ())
    names = ("page.net.host", "page.net.device", "page.net.addresses", "page.net.to")
    head = element("tr", (element("th", say(name), scope="col") for name in names))
    rows = [row for ns in world.namespaces.values() for row in _host(world, ns)]
    more = len(rows) - _ROWS
    last = element("tr", element("td", say("page.net.more", count=more), colspan=4))
    return fragment(
        element("p", element("b", world.title)),
        (element("p", say("note.line"), text, class_="note") for text in world.damage),
        element("p", image(svg_alone(diagram), diagram.title)),
        element(
            "details",
            element("summary", say("page.net.devices")),
            element(
                "table", element("thead", head),
                element("tbody", rows[:_ROWS], last if more > 0 else None),
            ),
        ),
    )  # fmt: skip


def _host(world: World, ns: Namespace) -> Iterator[Element]:
    devices = [d for d in ns.devices.values() if d.kind != "loopback"]
    rows: list[Device | None] = [*devices] or [None]
    for number, device in enumerate(rows):
        name = element("b", ns.name), _rules(ns)
        host = None if number else element("td", name, rowspan=len(rows), valign="top")
        told = _device(world, device) if device else ("", "", "")
        yield element("tr", host, (element("td", text) for text in told))


def _rules(ns: Namespace) -> Iterator[Child]:
    for family, ruleset in ns.rulesets.items():
        count = sum(len(c.rules) for t in ruleset.tables.values() for c in t.chains.values())
        key = "page.net.rules.one" if count == 1 else "page.net.rules"
        if count:
            yield element("br")
            yield say(key, family=family, count=count)


def _device(world: World, device: Device) -> tuple[str, str, str]:
    kind = f"{device.name} ({device.kind})" if device.kind else device.name
    addresses = say("comma").join(_address(address) for address in device.addresses)
    return kind, addresses, say("comma").join(_leads(world, device))


def _address(address: Address) -> str:
    return f"{shown(address.value, address.family)}/{address.length}"


def _leads(world: World, device: Device) -> Iterator[str]:
    if device.master:
        yield say("page.net.port", bridge=device.master)
    place = device.peer or device.lower
    if place is not None and place[0] in world.namespaces:
        key = "page.net.veth" if device.peer else "page.net.over"
        yield say(key, dev=place[1], host=place[0])
    if not device.up:
        yield say("page.net.down")
