from __future__ import annotations

from itertools import pairwise

import pytest

from fwsim.machine.place import open_place
from fwsim.machine.topology import Place, graph, resolve_mac, segment
from fwsim.machine.veth import End, pair
from fwsim.machine.world import Address, Namespace, World
from fwsim.model.frozen import replace
from fwsim.model.names import address_value


@pytest.fixture(scope="module")
def article() -> World:
    return open_place("example:article-before-docker")


def v4(text: str) -> int:
    return address_value(text, 4)


def without_neighbours(world: World) -> World:
    bare = {name: ns._replace(neighbours={}) for name, ns in world.namespaces.items()}
    return world._replace(namespaces=bare)


def change(world: World, name: str, **more: object) -> World:
    return world.with_namespace(world.namespaces[name]._replace(**more))  # type: ignore[arg-type]


def ask(world: World, ns: str, dev: str, text: str) -> tuple[str | None, tuple[str, str] | None]:
    return resolve_mac(world, world.namespaces[ns], dev, 4, v4(text))


@pytest.mark.parametrize(
    ("asking", "address", "mac", "place"),
    [
        (("ns1", "eth0"), "172.18.0.2", "02:42:ac:12:00:02", ("ns0", "eth0")),
        (("ns1", "eth0"), "172.18.0.1", "02:42:ac:12:00:01", ("host", "docker1")),
        (("host", "docker1"), "172.18.0.3", "02:42:ac:12:00:03", ("ns1", "eth0")),
        (("host", "eth0"), "192.0.2.1", "02:42:c0:00:02:01", ("internet", "eth0")),
    ],
)
def test_who_answers(article: World, asking: Place, address: str, mac: str, place: Place) -> None:
    assert ask(article, *asking, address) == (mac, place)
    assert ask(without_neighbours(article), *asking, address) == (mac, place)


def test_a_host_answers_for_all_of_its_addresses_unless_told_not_to(article: World) -> None:
    world = without_neighbours(article)
    assert ask(world, "ns1", "eth0", "192.0.2.10") == ("02:42:ac:12:00:01", ("host", "docker1"))
    strict = {**world.namespaces["host"].sysctl, "net.ipv4.conf.docker1.arp_ignore": "1"}
    world = change(world, "host", sysctl=strict)
    assert ask(world, "ns1", "eth0", "192.0.2.10") == (None, None)
    assert ask(world, "ns1", "eth0", "172.18.0.1")[0] == "02:42:ac:12:00:01"


def test_nobody_answers_for_what_is_not_there_or_elsewhere(article: World) -> None:
    world = without_neighbours(article)
    assert ask(world, "ns1", "eth0", "172.18.0.9") == (None, None)
    assert ask(world, "ns1", "eth0", "192.0.2.1") == (None, None)
    assert ask(world, "ns1", "eth0", "127.0.0.1") == (None, None)
    assert ask(world, "ns1", "nothing", "172.18.0.2") == (None, None)


def test_a_neighbour_outside_the_world_is_known_by_its_mac_alone(article: World) -> None:
    told = {("eth0", 4, v4("172.18.0.9")): "02:00:00:00:00:99"}
    world = change(article, "ns1", neighbours=told)
    assert ask(world, "ns1", "eth0", "172.18.0.9") == ("02:00:00:00:00:99", None)


def test_a_port_that_is_down_leads_nowhere(article: World) -> None:
    world = without_neighbours(article)
    host = world.namespaces["host"]
    down = {**host.devices, "veth0": replace(host.devices["veth0"], up=False)}
    world = change(world, "host", devices=down)
    assert ask(world, "ns1", "eth0", "172.18.0.2") == (None, None)


def test_ipv6_hosts_answer_only_where_the_address_is(article: World) -> None:
    world = without_neighbours(article)
    one = address_value("fd18::1", 6)
    host = world.namespaces["host"]
    for dev, expected in (("docker1", "02:42:ac:12:00:01"), ("eth0", None)):
        own = replace(host.devices[dev], addresses=(Address(6, one, 64),))
        changed = change(world, "host", devices={**host.devices, dev: own})
        assert resolve_mac(changed, changed.namespaces["ns1"], "eth0", 6, one)[0] == expected


def test_a_segment_goes_through_bridges_but_not_through_hosts(article: World) -> None:
    ns: Namespace = article.namespaces["ns1"]
    reached = [(at.name, device.name) for at, device in segment(article, ns, "eth0")]
    assert reached == [
        ("ns1", "eth0"), ("host", "veth1"), ("host", "docker1"), ("host", "veth0"), ("ns0", "eth0"),
    ]  # fmt: skip


def test_the_graph_shows_what_joins_what(article: World) -> None:
    import networkx as nx

    picture = graph(article)
    links = picture.subgraph(node for node in picture if isinstance(node, tuple))
    path = nx.shortest_path(links, ("ns1", "eth0"), ("ns0", "eth0"))
    assert path[1:-1] == [("host", "veth1"), ("host", "docker1"), ("host", "veth0")]
    kinds = [picture.edges[edge]["kind"] for edge in pairwise(path)]
    assert kinds == ["veth", "port", "port", "veth"]
    assert picture.nodes["internet"]["kind"] == "namespace"
    assert picture.edges["internet", ("internet", "eth0")]["kind"] == "holds"


# -- pairs -----------------------------------------------------------------------------------------


def end(ns: str, name: str, index: int, link: int, nsid: int | None = 0) -> End:
    return End(ns, name, index, link, nsid, f"{ns}/{name}")


def joined(*ends: End, evidence: dict[tuple[str, str], int] | None = None) -> set[tuple[str, ...]]:
    told = evidence or {}
    pairs, _ = pair(ends, lambda a, b: told.get((a.mac, b.mac), 0))
    assert all(pairs[b] == a for a, b in pairs.items())
    return {tuple(sorted((a.mac, b.mac))) for a, b in pairs.items()}


def test_both_directions_must_agree() -> None:
    assert joined(end("host", "a", 4, 2), end("x", "b", 2, 4)) == {("host/a", "x/b")}
    assert joined(end("host", "a", 4, 2), end("x", "b", 2, 5)) == set()


def test_ends_of_one_namespace_have_no_number_for_it() -> None:
    assert joined(end("x", "a", 4, 2, None), end("x", "b", 2, 4, None)) == {("x/a", "x/b")}
    assert joined(end("x", "a", 4, 2), end("x", "b", 2, 4)) == set()
    assert joined(end("x", "a", 4, 2, None), end("y", "b", 2, 4, None)) == set()


TWINS = (
    end("host", "a", 4, 2, 0), end("one", "eth0", 2, 4), end("two", "eth0", 2, 4),
)  # fmt: skip


def test_twins_are_left_alone() -> None:
    pairs, notes = pair(TWINS, lambda a, b: 0)
    assert not pairs
    assert len(notes) == 3


def test_another_pair_of_the_same_namespace_tells_twins_apart() -> None:
    more = (end("host", "b", 7, 3, 0), end("one", "eth1", 3, 7))
    assert joined(*TWINS, *more) == {("host/a", "one/eth0"), ("host/b", "one/eth1")}


def test_evidence_for_and_against() -> None:
    assert joined(*TWINS, evidence={("host/a", "two/eth0"): 1}) == {("host/a", "two/eth0")}
    assert joined(*TWINS, evidence={("host/a", "two/eth0"): -1}) == {("host/a", "one/eth0")}
