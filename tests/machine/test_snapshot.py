from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fwsim.machine import pile
from fwsim.machine.infer import address_routes
from fwsim.machine.snapshot import assemble, load_snapshot
from fwsim.machine.world import Route, World
from fwsim.model.errors import PlaceError, ReadError
from fwsim.model.names import address_value
from tests.machine.snapshots import ARTICLE, LO, RULES, device, write


def load(folder: Path, **files: Any) -> World:
    named = {name.replace("__", "/").replace("_", "-"): c for name, c in files.items()}
    named = {n.removesuffix("-json") + ".json" if n.endswith("-json") else n: c
             for n, c in named.items()}  # fmt: skip
    return load_snapshot(write(folder, named), "here")


def v4(text: str) -> int:
    return address_value(text, 4)


# -- what a directory shows ------------------------------------------------------------------------


def test_files_directly_are_the_host(tmp_path: Path) -> None:
    world = load(tmp_path, iptables_save=RULES, sysctl="net.ipv4.ip_forward = 1\n")
    assert list(world.namespaces) == ["host"]
    assert world.title == "here"
    host = world.namespaces["host"]
    assert host.number("net.ipv4.ip_forward") == 1
    assert host.rulesets[4].tables["filter"].chains["FORWARD"].policy == "DROP"


def test_the_host_comes_first(tmp_path: Path) -> None:
    world = load(tmp_path, alpha__ip_addr_json=[LO], host__iptables_save=RULES)
    assert list(world.namespaces) == ["host", "alpha"]


def test_an_empty_ruleset_file_is_a_host_without_tables(tmp_path: Path) -> None:
    world = load(tmp_path, iptables_save="", ip6tables_save="# nothing\n")
    rulesets = world.namespaces["host"].rulesets
    assert {family: dict(rules.tables) for family, rules in rulesets.items()} == {4: {}, 6: {}}


def test_routes_printed_twice_count_once(tmp_path: Path) -> None:
    six = {"dst": "fd18::/64", "dev": "eth0", "metric": 256, "flags": [], "pref": "medium"}
    way = {"dst": "default", "dev": "eth0", "metric": 1024, "flags": [], "pref": "medium"}
    four = {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []}
    eth0 = device(2, "eth0", "192.0.2.10/24")
    both = load(
        tmp_path, iptables_save=RULES, sysctl="", ip_addr_json=[LO, eth0],
        ip_route_json=[four, six, way], ip_route6_json=[six, way],
    )  # fmt: skip
    routes = both.namespaces["host"].routes
    main = [r for r in routes[6] if r.table == "main"]
    assert main == [
        Route(address_value("fd18::", 6), 64, "eth0", metric=256),
        Route(0, 0, "eth0", metric=1024),
    ]
    assert [r for r in routes[4] if r.table == "main"] == [Route(0, 0, "eth0", v4("192.0.2.1"))]


def test_a_dead_route_is_none(tmp_path: Path) -> None:
    dead = {"dst": "10.0.0.0/8", "dev": "eth0", "flags": ["dead", "linkdown"]}
    idle = {"dst": "11.0.0.0/8", "dev": "eth0", "flags": ["linkdown"]}
    world = load(tmp_path, iptables_save=RULES, ip_route_json=[dead, idle])
    assert [r.dst >> 24 for r in world.namespaces["host"].routes[4] if r.length == 8][:1] == [11]


@pytest.mark.parametrize("name", ["host", "ns0", "ns1", "internet"])
def test_addresses_bring_the_routes_that_the_kernel_made(name: str, tmp_path: Path) -> None:
    host = ARTICLE / name
    addresses = (host / "ip-addr.json").read_text()
    derived = load(tmp_path / "derived", iptables_save=RULES, ip_addr_json=addresses)
    printed = load(
        tmp_path / "printed", iptables_save=RULES, ip_addr_json=addresses,
        ip_route_json=(host / "ip-route.json").read_text(),
    )  # fmt: skip
    kernel = {r for r in printed.namespaces["host"].routes[4] if not r.via}
    assert len(kernel) > 4
    assert set(derived.namespaces["host"].routes[4]) == kernel
    assert any("no ip-route.json" in note for note in derived.notes)


def test_without_a_local_table_it_is_derived(tmp_path: Path) -> None:
    eth0 = device(2, "eth0", "192.0.2.10/24", "2001:db8::10/64")
    main = [{"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []}]
    world = load(tmp_path, iptables_save=RULES, ip_addr_json=[LO, eth0], ip_route_json=main)
    host = world.namespaces["host"]
    shown = {(r.kind, r.dst, r.length) for r in host.routes[4]}
    assert ("local", v4("192.0.2.10"), 32) in shown
    assert ("broadcast", v4("192.0.2.255"), 32) in shown
    assert ("local", v4("127.0.0.0"), 8) in shown
    assert ("unicast", v4("192.0.2.0"), 24) not in shown, "the main table was told"
    assert {(r.kind, r.length) for r in host.routes[6]} == {("local", 128), ("unicast", 64)}


def test_a_device_that_is_down_has_no_subnet() -> None:
    from fwsim.machine.world import Address, Device

    down = Device("eth0", addresses=(Address(4, v4("192.0.2.10"), 24),), up=False)
    assert [r.kind for r in address_routes([down], 4)] == ["local"]


def test_what_is_not_modelled_is_said(tmp_path: Path) -> None:
    vrf = device(2, "red", kind="vrf")
    eth0 = device(3, "eth0", master="red")
    routes = [
        {"dst": "10.0.0.0/8", "dev": "eth0", "table": "100", "flags": []},
        {"dst": "11.0.0.0/8", "flags": [], "nexthops": [
            {"gateway": "192.0.2.1", "dev": "red"}, {"gateway": "192.0.2.2", "dev": "red"}]},
    ]  # fmt: skip
    world = load(
        tmp_path, iptables_save=RULES, sysctl="", ip_addr_json=[LO, vrf, eth0],
        ip_route_json=routes,
        ip_rule_json=[{"priority": 0, "src": "all", "table": "local"},
                      {"priority": 100, "src": "10.0.0.0", "srclen": 8, "table": "100",
                       "suppress_ifgroup": "3"}],
    )  # fmt: skip
    assert list(world.notes) == [
        "host: red, the vrf over eth0, is not modelled",
        "host: of the several next hops to 11.0.0.0/8 only the first is followed",
        "host: ip rule 100: suppress_ifgroup is not modelled",
    ]


def test_the_usual_rules_are_not_worth_a_word(tmp_path: Path) -> None:
    usual = [{"priority": p, "src": "all", "table": t}
             for p, t in ((0, "local"), (32766, "main"), (32767, "default"))]  # fmt: skip
    world = load(tmp_path, iptables_save=RULES, sysctl="", ip_addr_json=[LO], ip_route_json=[],
                 ip_rule_json=usual, ip_rule6_json=usual[:2])  # fmt: skip
    assert world.notes == ()


def test_a_line_that_is_no_connection_is_told_once(tmp_path: Path) -> None:
    tracks = RULES.replace("COMMIT", "-A FORWARD -m state --state NEW\nCOMMIT")
    bad = "ipv4 2 udp 17 29 src=1.2.3.4 dst=5.6.7.8\n"
    world = load(tmp_path, iptables_save=tracks, ip_addr_json=[LO], ip_route_json=[], sysctl="",
                 conntrack=bad + bad)  # fmt: skip
    assert world.notes == (
        f"host: {tmp_path}/conntrack:1:1: `conntrack -L -o extended` prints no such line: "
        "'ipv4 2 udp 17 29 src=1.2.3.4 dst=5.6.7.8'; left out: 2 such lines",
    )


def test_without_addresses_the_rules_are_asked(tmp_path: Path) -> None:
    nat = "*nat\n-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE\nCOMMIT\n"
    world = load(tmp_path, iptables_save=nat)
    assert world.namespaces["host"].devices["docker1"].kind == "bridge"
    assert world.notes[0] == "host: no ip-addr.json: what follows is inferred from the rules"


def test_without_settings_the_host_forwards_and_says_so(tmp_path: Path) -> None:
    world = load(tmp_path, host__iptables_save=RULES, host__ip_addr_json=[LO],
                 ns0__ip_addr_json=[LO])  # fmt: skip
    assert world.namespaces["host"].number("net.ipv4.ip_forward") == 1
    assert world.namespaces["ns0"].sysctl == {}
    assert "host: no sysctl: net.ipv4.ip_forward = 1 is assumed" in world.notes


def test_a_bridge_knows_the_ports_behind_which_others_are() -> None:
    world = load_snapshot_of_article()
    fdb = world.namespaces["host"].fdb
    assert fdb == {
        ("docker1", "02:42:ac:12:00:02"): "veth0",
        ("docker1", "02:42:ac:12:00:03"): "veth1",
    }


def test_a_port_that_there_is_not_is_not_forwarded_to(tmp_path: Path) -> None:
    fdb = [{"mac": "02:00:00:00:00:09", "ifname": "gone", "master": "br0", "state": ""}]
    world = load(tmp_path, iptables_save=RULES, ip_addr_json=[LO, device(2, "br0", kind="bridge")],
                 bridge_fdb_json=fdb)  # fmt: skip
    assert world.namespaces["host"].fdb == {}


def load_snapshot_of_article() -> World:
    files = {ns: dict(found) for ns, found in pile.pile_of(ARTICLE).items()}
    files["host"]["iptables-save"] = RULES.encode
    return assemble(files, "article", "article")


# -- joining namespaces ----------------------------------------------------------------------------


def test_the_article_is_joined() -> None:
    world = load_snapshot_of_article()
    peers = {
        (ns.name, d.name): d.peer for ns in world.namespaces.values() for d in ns.devices.values()
    }
    assert peers["host", "veth0"] == ("ns0", "eth0")
    assert peers["ns1", "eth0"] == ("host", "veth1")
    assert peers["host", "eth0"] == ("internet", "eth0")
    assert peers["host", "docker1"] is None
    assert world.notes == ()


def test_a_pair_within_one_namespace(tmp_path: Path) -> None:
    a = {**device(2, "a", kind="veth"), "link": "b"}
    b = {**device(3, "b", kind="veth"), "link": "a"}
    host = load(tmp_path, iptables_save=RULES, ip_addr_json=[LO, a, b]).namespaces["host"]
    assert (host.devices["a"].peer, host.devices["b"].peer) == (("host", "b"), ("host", "a"))


def twins(tmp_path: Path, **more: Any) -> World:
    """Two routers whose eth0 has the same index and link, and of which only the host knows which is
    which: its veths are 4 and 4's copy in a namespace `other`."""
    inner = {"kind": "veth", "link": 4, "nsid": 0}
    return load(
        tmp_path, host__iptables_save=RULES, host__sysctl="",
        host__ip_addr_json=[LO, device(4, "veth0", kind="veth", link=2, nsid=0)],
        one__ip_addr_json=[LO, device(2, "eth0", mac="02:00:00:00:01:02", **inner)],
        two__ip_addr_json=[LO, device(2, "eth0", mac="02:00:00:00:02:02", **inner)],
        host__ip_route_json=[], one__ip_route_json=[], two__ip_route_json=[], **more,
    )  # fmt: skip


def test_twins_stay_unconnected_and_are_named(tmp_path: Path) -> None:
    world = twins(tmp_path)
    assert all(d.peer is None for ns in world.namespaces.values() for d in ns.devices.values())
    assert "host: veth0 could be joined to eth0 of one or eth0 of two: left unconnected" in (
        world.notes
    )


def test_a_neighbour_tells_twins_apart(tmp_path: Path) -> None:
    known = [{"dst": "10.0.0.2", "dev": "veth0", "lladdr": "02:00:00:00:02:02", "state": []}]
    world = twins(tmp_path, host__ip_neigh_json=known)
    assert world.namespaces["host"].devices["veth0"].peer == ("two", "eth0")
    assert world.namespaces["two"].devices["eth0"].peer == ("host", "veth0")
    assert world.namespaces["one"].devices["eth0"].peer is None


# -- what is refused -------------------------------------------------------------------------------


def test_bad_rules_are_shown_where_they_stand(tmp_path: Path) -> None:
    write(tmp_path, {"host/iptables-save": "*filter\n-A INPUT -j NOWHERE\nCOMMIT\n",
                     "ns0/ip-addr.json": [LO]})  # fmt: skip
    with pytest.raises(ReadError, match=r"host/iptables-save:2:"):
        load_snapshot(tmp_path, "here")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "there is no snapshot here"),
        ({"readme": "x"}, "there is no snapshot here"),
        ({"ip-addr.json": "[]"}, "there is no ruleset here"),
        ({"ns0/iptables-save": RULES}, r"none of the namespaces \(ns0\) is called host"),
        ({"iptables-save": RULES, "host/iptables-save": RULES}, "keep one"),
        ({"iptables-save/x": ""}, "Is a directory"),
    ],
)
def test_what_is_no_snapshot(files: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=said):
        load_snapshot(write(tmp_path, files), "here")


def test_a_file_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pile, "MOST_BYTES", len(RULES) - 1)
    with pytest.raises(PlaceError, match="larger than"):
        load(tmp_path, iptables_save=RULES)
