"""Who is joined to whom, and what is told of it in text, picture and page."""

from __future__ import annotations

from pathlib import Path

import pytest
from show.drawn import drawn, faults

import fwsim
from fwsim.machine.topology import graph
from fwsim.machine.world import Address, Device, Namespace, Route, World
from fwsim.model.errors import QuestionError
from fwsim.questions.joined import LEGIBLE, joined
from fwsim.show.diagram import Diagram, Row
from fwsim.show.diagram_text import diagram_lines
from fwsim.show.layout import plain
from fwsim.show.markup import svg_file
from fwsim.show.svg import svg_alone
from fwsim.show.topology import topology_diagram
from fwsim.show.topology_page import topology_page

SNAPSHOTS = Path(__file__).parents[2].parent / "shared" / "snapshots"
PLACES = [
    "example:article-complete",
    *(str(folder / "snapshot") for folder in sorted(SNAPSHOTS.glob("docker-*"))),
]


def crowd(hosts: int, bridges: int, links: int = 1) -> World:
    """A host with containers, each on so many of its bridges."""
    devices = {"eth0": Device("eth0", addresses=(Address(4, 0xC000020A, 24),))}
    guests: dict[str, Namespace] = {}
    for at in range(bridges):
        devices[f"br{at}"] = Device(f"br{at}", "bridge", addresses=(Address(4, at + 1, 32),))
    for at in range(hosts):
        name, own = f"app{at}", {}
        for link in range(links):
            port, dev = f"veth{at}.{link}", f"eth{link}"
            master = f"br{(at + link) % bridges}"
            devices[port] = Device(port, "veth", master=master, peer=(name, dev))
            own[dev] = Device(dev, "veth", peer=("host", port))
        guests[name] = Namespace(name, own)
    routes = {4: (Route(0, 0, "eth0", 0xC0000201),)}
    return World({"host": Namespace("host", devices, routes=routes), **guests}, title="a crowd")


def _rows(diagram: Diagram) -> dict[tuple[str, str], Row]:
    boxes = diagram.sections[0].boxes
    return {(box.name, row.number.strip()): row for box in boxes for row in box.rows}


@pytest.mark.parametrize("place", PLACES)
def test_every_device_and_every_join_is_told(place: str) -> None:
    world = fwsim.load(place).world
    diagram = topology_diagram(world)
    rows = _rows(diagram)
    text, page = plain(diagram_lines(diagram)), topology_page(diagram, world)
    for ns in world.namespaces.values():
        for device in ns.devices.values():
            assert device.name == "lo" or (ns.name, device.name) in rows
            assert f"<code>{device.name}</code>" in page
    wires = {(box.name, row.number.strip(), row.to) for box, _, row in diagram.sections[0].wires()}
    for a, b, data in graph(world).edges(data=True):
        if data["kind"] == "veth" and a[0] != b[0]:
            assert (*a, b[0]) in wires or (*b, a[0]) in wires
            assert f"{b[0]} {b[1]}" in text or f"{a[0]} {a[1]}" in text
    picture = drawn(svg_file(svg_alone(diagram)))
    assert faults(picture) == []
    assert len(picture.boxes) == len(diagram.sections[0].boxes)


def test_a_real_docker_host() -> None:
    place = SNAPSHOTS / "docker-legacy" / "snapshot"
    if not place.exists():
        pytest.skip("the shared snapshots are absent")
    rows = _rows(topology_diagram(fwsim.load(str(place)).world))
    assert rows["host", "docker0"][1:4] == ("172.17.0.1/16", "", "bridge, network bridge")
    assert rows["host", "veth21aaa60"][2:6] == (
        "→ pg eth1",
        "",
        rows["host", "veth21aaa60"].full,
        "pg",
    )
    assert rows["wan", "wan0"].to == "host"
    assert rows["host", "eth0"].result == "← wan wan0"


def test_the_way_out_stands_before_the_host_and_the_others_behind_it() -> None:
    found = joined(fwsim.load("example:article-complete").world)
    assert found.hosts == ("host", "internet", "ns0", "ns1")
    assert {(join.near[0], join.far[0]) for join in found.joins} == {
        ("internet", "host"), ("host", "ns0"), ("host", "ns1"),
    }  # fmt: skip


def test_what_nobody_told_lies_beyond() -> None:
    diagram = topology_diagram(crowd(2, 1))
    beyond = next(box for box in diagram.sections[0].boxes if box.style == "beyond")
    assert [(row.text, row.to, row.into) for row in beyond.rows] == [
        ("everything via 192.0.2.1", "host", 0)
    ]


@pytest.mark.parametrize("links", [1, 2])
def test_of_a_crowd_some_of_each_bridge_are_told_and_the_others_counted(links: int) -> None:
    world = crowd(200, 5, links)
    found = joined(world)
    assert len(found.hosts) == LEGIBLE
    assert {*found.hosts, *found.more} == {*world.namespaces}
    diagram = topology_diagram(world)
    boxes = diagram.sections[0].boxes
    folded = [box for box in boxes if box.style == "folded"]
    assert len(folded) == 5
    assert {name for box in folded for name in box.full.split("\n")} == {*found.more}
    assert len(boxes) == LEGIBLE + 5 + 1
    assert faults(drawn(svg_file(svg_alone(diagram)))) == []
    page = topology_page(diagram, world)
    assert all(name in page for name in found.more)


def test_one_host_and_its_neighbours() -> None:
    found = joined(crowd(200, 5), ["app7"])
    assert ({*found.hosts}, found.more) == ({"host", "app7"}, ())
    with pytest.raises(QuestionError, match="no host 'app777'"):
        joined(crowd(3, 1), ["app777"])


def test_devices_that_lie_over_others() -> None:
    lower = Device("eth0", "", over=(("guest", "mv0"), ("other", "mv0"), ("host", "eth0.7")))
    tagged = Device("eth0.7", "vlan", lower=("host", "eth0"), tag=7)
    guests = {
        name: Namespace(
            name, {"mv0": Device("mv0", "macvlan", lower=("host", "eth0"), mode="bridge")}
        )
        for name in ("guest", "other")
    }
    host = Namespace(
        "host", {"eth0": lower, "eth0.7": tagged, "dummy0": Device("dummy0", "dummy", up=False)}
    )
    diagram = topology_diagram(World({"host": host, **guests}))
    wires = [
        (box.name, row.to, row.into, row.dashed) for box, _, row in diagram.sections[0].wires()
    ]
    assert wires[:2] == [("host", "guest", 0, True), ("host", "other", 0, True)]
    rows = _rows(diagram)
    assert rows["host", "eth0.7"].note == "vlan 7 over eth0"
    assert rows["guest", "mv0"].note == "macvlan bridge over host eth0"
    assert rows["host", "dummy0"].note == "dummy, down"
    assert len(diagram.legend) == 1
