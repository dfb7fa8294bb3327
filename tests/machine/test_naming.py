"""Whom people mean by an address or a name."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim
from fwsim.machine.containers import aliases, attached, by_network, listed, named, network
from fwsim.machine.iproute import Entry
from fwsim.machine.naming import Endpoint, find_address, owner
from fwsim.machine.place import open_place
from fwsim.machine.world import Address, Device, Namespace, World
from fwsim.model.errors import PlaceError, QuestionError
from fwsim.model.names import address_text, address_value


@pytest.fixture(scope="module")
def article() -> World:
    return open_place("example:article-before-docker")


def v4(text: str) -> int:
    return address_value(text, 4)


def found(namespace: str | None, text: str) -> Endpoint:
    return Endpoint(namespace, 4, v4(text))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("172.18.0.3", found("ns1", "172.18.0.3")),
        ("8.8.8.8", found("internet", "8.8.8.8")),
        ("1.1.1.1", found(None, "1.1.1.1")),
        ("ns0", found("ns0", "172.18.0.2")),
        ("internet", found("internet", "8.8.8.8")),
        ("host", found("host", "192.0.2.10")),
        ("docker1", found("host", "172.18.0.1")),
        ("eth0", found("host", "192.0.2.10")),
        ("127.0.0.1", found("host", "127.0.0.1")),
    ],
)
def test_what_people_type(article: World, name: str, expected: Endpoint) -> None:
    assert find_address(article, name) == expected


def test_the_host_is_called_by_its_way_out(article: World) -> None:
    host = article.namespaces["host"]
    assert next(a for _, a in host.addresses(4) if a.scope == "global").value == v4("172.17.0.1")
    assert find_address(article, "host").value == v4("192.0.2.10")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("docker2", r"called 'docker2'.*\nKnown here: docker1, docker0"),
        ("veth0", "veth0 has no IPv4 or IPv6 address here"),
        ("1.2.3", "no address"),
        ("", "called ''"),
    ],
)
def test_unknown_names_get_their_neighbours(article: World, name: str, said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        find_address(article, name)


def test_families_are_not_mixed(article: World) -> None:
    with pytest.raises(QuestionError, match=r"8\.8\.8\.8 is an IPv4 address, expected an IPv6 one"):
        find_address(article, "8.8.8.8", 6)
    with pytest.raises(QuestionError, match="ns0 has no IPv6 address here"):
        find_address(article, "ns0", 6)


def test_owners(article: World) -> None:
    assert owner(article, 4, v4("172.18.0.2")) == "ns0"
    assert owner(article, 4, v4("172.18.0.9")) is None
    assert owner(article, 6, 1) is None


HOST = Path(__file__).resolve().parents[3] / "shared" / "snapshots" / "docker-legacy" / "snapshot"
real = pytest.mark.skipif(not HOST.is_dir(), reason="the hosts' snapshots are not here")


@real
@pytest.mark.parametrize(
    ("src", "dst", "source", "target"),
    [
        ("pg", "island", "172.19.0.3", "172.19.0.2"),  # on the network that they share
        ("island", "pg", "172.19.0.2", "172.19.0.3"),
        ("web", "pg", "172.18.0.2", "172.30.0.2"),  # they share none
        ("web", "internet", "172.18.0.2", "8.8.8.8"),
        ("host", "web", "172.18.0.1", "172.18.0.2"),
        ("wan", "192.0.2.10", "192.0.2.1", "192.0.2.10"),
    ],
)
def test_senders_and_receivers_meet_where_they_can(
    src: str, dst: str, source: str, target: str
) -> None:
    packet = fwsim.load(str(HOST)).trace(src=src, dst=dst, one_way=True).packet
    assert (packet.text(packet.src), packet.text(packet.dst)) == (source, target)


def container(name: str, address: str, *aliases: str) -> Entry:
    network = {"IPAddress": address, "Aliases": list(aliases), "GlobalIPv6Address": ""}
    return Entry("docker-inspect.json", {
        "Name": f"/{name}", "NetworkSettings": {"Networks": {"net": network}},
    })  # fmt: skip


def test_services_and_ids_mean_their_container_and_shared_names_nobody() -> None:
    def space(name: str, address: str) -> Namespace:
        device = Device("eth0", addresses=(Address(4, v4(address), 24),))
        return Namespace(name, {"eth0": device})

    namespaces = {"shop-web-1": space("shop-web-1", "10.0.0.2"), "x": space("x", "10.0.0.3")}
    items = [
        container("shop-web-1", "10.0.0.2", "web", "app", "0123abc"),
        container("shop-db-1", "10.0.0.3", "db", "app"),
        container("gone", "10.0.0.9", "ghost"),
    ]
    found = aliases((named(item, namespaces) for item in items), namespaces)
    assert found == {
        "web": "shop-web-1", "0123abc": "shop-web-1", "db": "x", "shop-db-1": "x",
    }  # fmt: skip
    world = World(namespaces, "x", aliases=found)
    assert find_address(world, "db") == Endpoint("x", 4, v4("10.0.0.3"))
    with pytest.raises(QuestionError, match="called 'we', and it is no address"):
        find_address(world, "we")


def test_docker_ps_tells_ids_and_services_where_nobody_inspected() -> None:
    pg, web, gone = (
        {
            "ID": "bbacd538eadc",
            "Names": "pg,pg/alias",
            "Labels": "a=b,com.docker.compose.service=db",
        },
        {"ID": "e2dcbd2e1d59", "Names": "web", "Labels": ""},
        {"ID": "83c70df85a65", "Names": "gone"},
    )
    namespaces = {name: Namespace(name, {}, {}) for name in ("host", "pg", "web")}
    items = (Entry("docker-ps.json", item) for item in (pg, web, gone))
    found = aliases((listed(item, namespaces) for item in items), namespaces)
    assert found == {
        "bbacd538eadc": "pg", "db": "pg", "pg/alias": "pg", "e2dcbd2e1d59": "web",
    }  # fmt: skip


def test_containers_may_share_the_namespace_of_the_host_or_of_another() -> None:
    def item(name: str, mode: str) -> Entry:
        told = {"Name": f"/{name}", "Id": f"{name}-id", "HostConfig": {"NetworkMode": mode}}
        return Entry("docker-inspect.json", told)

    namespaces = {name: Namespace(name, {}, {}) for name in ("host", "pg")}
    modes = {"side": "container:pg-id", "pg": "bridge", "own": "host", "lost": "container:nobody"}
    found = aliases((named(item(*pair), namespaces) for pair in modes.items()), namespaces)
    assert {name: found.get(name) for name in ("side", "side-id", "pg-id", "own", "lost")} == {
        "side": "pg", "side-id": "pg", "pg-id": "pg", "own": "host", "lost": None,
    }  # fmt: skip


def test_where_networks_are_not_told_their_containers_tell_them() -> None:
    def on(name: str, **addresses: str) -> Entry:
        networks = {net: {"IPAddress": text} for net, text in addresses.items()}
        return Entry(
            "docker-inspect.json", {"Name": name, "NetworkSettings": {"Networks": networks}}
        )

    containers = (on("pg", back="10.90.0.2"), on("web", back="10.90.0.3", front="10.0.0.2"))
    found = by_network(map(attached, containers), {"front"})
    assert found == {"back": (Address(4, v4("10.90.0.2"), 32), Address(4, v4("10.90.0.3"), 32))}


def test_the_internet_is_a_namespace_of_that_name_or_what_lies_beyond(article: World) -> None:
    assert find_address(article, "internet").namespace == "internet"
    assert find_address(World({}, "host"), "internet") == Endpoint(None, 4, v4("8.8.8.8"))


@real
@pytest.mark.parametrize(
    ("src", "dst", "source", "target"),
    [
        ("web", "back", "172.18.0.2", "172.30.0.2"),
        ("pg", "db", "172.19.0.3", "172.19.0.2"),  # somebody else on it
        ("island", "db", "172.19.0.2", "172.19.0.3"),
        ("front", "internet", "172.18.0.2", "8.8.8.8"),
        ("83c70df85a65", "bridge", "172.19.0.2", "172.17.0.2"),
        ("docker0", "plain", "172.17.0.1", "172.17.0.3"),
    ],
)
def test_networks_mean_somebody_on_them(src: str, dst: str, source: str, target: str) -> None:
    trace = fwsim.load(str(HOST)).trace(src=src, dst=dst, one_way=True)
    packet = trace.packet
    assert (packet.text(packet.src), packet.text(packet.dst)) == (source, target)
    for name in {src, dst} & {"back", "db", "front", "bridge"}:
        assert f"note: {name} is a network: " in str(trace)


def a_network(name: str, *addresses: str, subnet: str = "10.0.0.0/24") -> Entry:
    containers = {str(n): {"IPv4Address": text} for n, text in enumerate(addresses)}
    config = [{"Subnet": subnet}] if subnet else []
    return Entry("net", {"Name": name, "Containers": containers, "IPAM": {"Config": config}})


def test_a_network_is_its_containers_and_then_the_host() -> None:
    eth0 = Device("br", addresses=(Address(4, v4("10.0.0.1"), 24), Address(4, v4("10.9.0.1"), 24)))
    host = Namespace("host", {"br": eth0})

    def on(item: Entry) -> list[str]:
        return [address_text(address.value, 32) for address in network(item, host)[1]]

    assert on(a_network("n", "10.0.0.7/24", "10.0.0.3/24")) == ["10.0.0.3", "10.0.0.7", "10.0.0.1"]
    assert on(a_network("empty")) == ["10.0.0.1"]
    assert on(a_network("none", subnet="")) == []
    with pytest.raises(PlaceError, match="IPv4Address is 'x': expected an address"):
        on(a_network("n", "x"))


def test_what_else_has_a_networks_name_goes_before_it() -> None:
    host = Namespace("host", {"br": Device("br", addresses=(Address(4, v4("10.0.0.1"), 24),))})
    guest = Namespace("db", {"eth0": Device("eth0", addresses=(Address(4, v4("10.0.0.5"), 24),))})
    networks = {name: (Address(4, v4("10.0.0.9"), 24),) for name in ("db", "br", "net", "internet")}
    world = World({"host": host, "db": guest}, networks=networks)
    known = {name: find_address(world, name).value for name in networks}
    assert known == {
        "db": v4("10.0.0.5"), "br": v4("10.0.0.1"), "net": v4("10.0.0.9"),
        "internet": v4("10.0.0.9"),
    }  # fmt: skip
