"""Snapshots that are damaged: said once, at its place, and the rest still answers."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fwsim
from fwsim.machine import folder, pile
from fwsim.machine.pile import RULES as RULE_FILES
from fwsim.machine.simulate import Simulation
from fwsim.machine.snapshot import assemble, load_snapshot
from fwsim.machine.world import World
from fwsim.model.errors import FwsimError, PlaceError, QuestionError, ReadError
from fwsim.net import Net
from tests.cli.running import fwsim as run
from tests.machine.snapshots import ARTICLE, LO, RULES, device, write

GOOD = json.dumps([LO, device(2, "eth0", "192.0.2.10/24")])
ITEM = "left out: this one item"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ip-addr.json", GOOD[:-9], r":1:\d+: this is no JSON.*its devices and addresses are not"),
        ("ip-addr.json", '[{"ifname":\n  nonsense}]', ":2:3: this is no JSON"),
        ("ip-addr.json", "{}", ": expected a list"),
        ("docker-ps.json", '{"ID": "1"}\n\n{"ID": ', ":3:1: this line is no JSON; is it cut off"),
        ("docker-ps.json", '{"ID": "1"}\n{"Names": 7}', f":2:1: item 2: Names is 7.*{ITEM}"),
        ("ip-addr.json", "[7]", "item 1 is no object: 7"),
        ("ip-addr.json", '[{"ifname": 7}]', f":1:2: item 1: ifname is 7: expected text; {ITEM}"),
        ("ip-addr.json", '[{},\n {"ifname": "a", "ifindex": "x"}]', ":2:2: item 2: ifindex is 'x'"),
        ("ip-addr.json", '[{"ifname": "a", "flags": "UP"}]', "flags is 'UP': expected a list"),
        ("ip-addr.json", GOOD.replace("24", "33"), r":1:\d\d+: item 2.* is 33: expected 0 to 32"),
        ("ip-addr.json", GOOD.replace("192.0.2.10", "fe80::1"), "expected an IPv4 address"),
        ("ip-addr.json", "[" * 200_000, "this is no JSON"),
        ("ip-addr.json", "[" + "9" * 5000 + "]", "this is no JSON"),
        ("ip-addr.json", GOOD.encode() + b"\0", "no text: it has a NUL byte in line 1"),
        ("ip-route.json", '[{"dst": "10.0.0.0/40"}]', "expected a prefix length from 0 to 32"),
        ("ip-route.json", '[{"dst": "10.0.0.0/x"}]', "expected an IPv4 prefix"),
        ("ip-route6.json", "[", "only the routes that its addresses bring along are known"),
        ("ip-rule.json", '[{"src": "x"}]', "src is 'x'"),
        ("ip-rule6.json", "nothing", "policy routing is taken to be as on every host"),
        ("ip-neigh.json", '[{"dst": "x", "lladdr": "02::"}]', "dst is 'x': expected an address"),
        ("bridge-fdb.json", '[{"master": 7}]', "master is 7"),
        (
            "sysctl",
            "a = 1\nnet.ipv4.ip_forward = \n",
            ":2:1: net.ipv4.ip_forward is ''",
        ),
        ("sysctl", "net.netfilter.nf_conntrack_max=" + "9" * 5000, "expected a number"),
        ("ss", "tcp LISTEN 0 0 1.2.3.4:80 *:*\nrubbish", ":2: .*something is assumed to listen"),
        ("ipset-save", "create a hash:ip\nadd a 1.2.3", "2:7: .*what its sets hold is not known"),
        ("docker-inspect.json", '[{"Name": "/x", "Netw', "the names of their namespaces alone"),
        ("docker-inspect.json", '[{"Name": 7}]', f":1:2: item 1: Name is 7: expected text; {ITEM}"),
    ],
)
def test_what_is_damaged_is_named_and_the_rest_answers(
    name: str, content: Any, said: str, tmp_path: Path
) -> None:
    files = {"iptables-save": RULES, "ip-addr.json": GOOD, name: content}
    world = load_snapshot(write(tmp_path, files), "here")
    (told,) = world.damage
    assert re.search(said, told), told
    assert told.startswith(str(tmp_path / name) + ":")
    last = list(world.namespaces["host"].devices)[-1]
    trace = Net(Simulation.of(world)).trace(src="192.0.2.7", dst="192.0.2.10", in_=last)
    assert str(trace).count(told) == 1
    assert trace.legs[0].fate in ("delivered", "dropped", "forwarded", "unknown")


def test_one_item_that_is_wrong_leaves_the_others(tmp_path: Path) -> None:
    items = [LO, device(2, "eth0", "192.0.2.10/99"), device(3, "eth1", "198.51.100.1/24")]
    world = load_snapshot(write(tmp_path, {"iptables-save": RULES, "ip-addr.json": items}), "here")
    assert list(world.namespaces["host"].devices) == ["lo", "eth1"]
    assert not world.inferred


def test_a_thousand_wrong_items_are_not_told_one_by_one(tmp_path: Path) -> None:
    files = {"iptables-save": RULES, "ip-neigh.json": [{"lladdr": "x", "dst": "y"}] * 1000}
    world = load_snapshot(write(tmp_path, files), "here")
    assert len(world.damage) == 6
    assert "995 more items" in world.damage[-1]


def test_rules_must_be_sound(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"iptables-save: this is no text.* line 2"):
        load_snapshot(write(tmp_path, {"iptables-save": b"*filter\n\0"}), "here")
    with pytest.raises(ReadError, match="ip6tables-save:1"):
        load_snapshot(write(tmp_path, {"iptables-save": RULES, "ip6tables-save": "*fil"}), "here")


def test_with_json_damage_is_told_beside_the_answer(tmp_path: Path) -> None:
    write(tmp_path, {"iptables-save": RULES, "ip-addr.json": GOOD, "ss": "rubbish"})
    asked = ("trace", "--from", str(tmp_path), "--src", "192.0.2.7", "--dst", "192.0.2.10")
    done = run(*asked, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["outcome"] == "answered"
    assert done.stderr == (
        f"note: {tmp_path}/ss:1: this is no line of `ss -tulnH`: rubbish; left out: "
        "something is assumed to listen wherever it is asked for\n"
    )


def test_a_namespace_without_addresses_is_nowhere_and_the_others_answer(tmp_path: Path) -> None:
    files = {str(p.relative_to(ARTICLE)): p.read_text() for p in ARTICLE.rglob("*") if p.is_file()}
    files |= {"host/iptables-save": RULES.replace("DROP", "ACCEPT"), "ns0/ip-addr.json": "[{"}
    net = fwsim.load(write(tmp_path, files))
    assert net.world.notes == (
        "ns0: its devices and addresses are not known, so that it is nowhere",
    )
    assert net.trace(src="ns1", dst="172.18.0.1").outcome == "answered"
    with pytest.raises(QuestionError, match="ns0 has no"):
        net.trace(src="ns0", dst="172.18.0.1")


def test_a_namespace_without_routes_is_said_and_has_those_of_its_addresses(tmp_path: Path) -> None:
    files = {"iptables-save": RULES, "ip-addr.json": GOOD, "sysctl": "", "ip-route.json": "[]"}
    net = fwsim.load(write(tmp_path, files))
    assert net.world.notes == (
        "host: ip-route.json has no route: only the routes that its addresses bring along are "
        "known",
    )
    assert net.trace(src="192.0.2.7", dst="192.0.2.10").outcome == "answered"
    assert net.trace(src="host", dst="8.8.8.8").outcome == "no-route"


def test_a_device_that_no_rule_names_is_one_like_others(tmp_path: Path) -> None:
    rules = RULES.replace("COMMIT", "-A INPUT -i eth0 -j DROP\nCOMMIT")
    items = [LO, device(2, "eth0", "192.0.2.10/24"), device(3, "eth1", "198.51.100.1/24")]
    net = fwsim.load(write(tmp_path, {"iptables-save": rules, "ip-addr.json": items}))
    assert net.trace(src="198.51.100.7", dst="198.51.100.1", in_="eth1").outcome == "answered"
    assert net.trace(src="192.0.2.7", dst="192.0.2.10", in_="eth0").outcome == "timeout"


# -- at random -------------------------------------------------------------------------------------

SHARED = Path(__file__).resolve().parents[3] / "shared" / "snapshots" / "docker-legacy" / "snapshot"
WHOLE = SHARED if SHARED.is_dir() else ARTICLE


def files_of(place: Path) -> dict[str, dict[str, bytes]]:
    files = {
        ns: {n: read() for n, read in found.items()} for ns, found in pile.pile_of(place).items()
    }
    files["host"].setdefault("iptables-save", RULES.encode())
    return files


def assembled(files: dict[str, dict[str, bytes]]) -> World:
    readers = {
        ns: {n: (lambda data=data: data) for n, data in found.items()}
        for ns, found in files.items()
    }
    return assemble(readers, "here", "here")


def damaged(rng: Random, data: bytes) -> bytes:
    """Cut off, a stretch lost or repeated, or junk in its midst or instead of it."""
    at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    junk = rng.choice((b"\0", b"}", b"]", b'"', b"\xff\xfe", b"-A", b"9" * 30, rng.randbytes(20)))
    return rng.choice(
        (data[:at], data[:at], data[:at] + data[end:], data[:at] + junk + data[at:], junk, b"")
    )


def refused(files: dict[str, dict[str, bytes]]) -> str:
    try:
        assembled(files)
    except FwsimError as error:
        return str(error)
    return ""


def test_damage_anywhere_is_a_world_that_answers_or_bad_rules_named(seed: int) -> None:
    whole = files_of(WHOLE)
    names = [(ns, name) for ns, found in whole.items() for name in found]
    said = 0
    for number in range(150):
        rng = Random(f"damage {seed} {number}")
        ns, name = rng.choice(names)
        broken = damaged(rng, whole[ns][name])
        files = {**whole, ns: {**whole[ns], name: broken}}
        if name in RULE_FILES.values() and (error := refused(files)):
            assert f"{ns}/{name}" in error
            continue
        world = assembled(files)
        assert all(f"{ns}/{name}" in text for text in world.damage), world.damage
        said += bool(world.damage)
        trace = Net(Simulation.of(world)).trace(src="192.0.2.1", dst="192.0.2.10", in_="eth0")
        assert trace.outcome in ("answered", "timeout", "refused", "unknown", "unreachable")
        assert str(trace)
    assert said > 40


READ = sorted(n for n in pile.FILES if n.endswith(".json") and not n.startswith("docker-"))


@pytest.mark.parametrize("name", [*READ, "docker-inspect.json"])
def test_json_cut_off_anywhere_is_said(name: str, seed: int) -> None:
    text = json.dumps([{"ifname": "a", "dev": "eth0", "Name": "/x"}] * 20)
    rng = Random(f"cut {seed} {name}")
    for _ in range(20):
        cut = text[: rng.randrange(1, len(text))].encode()
        world = assembled({"host": {"iptables-save": RULES.encode(), name: cut}})
        (told,) = world.damage
        assert re.match(rf"here/{name}:1:\d+: this is no JSON", told.replace("here:", "here/"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(
        ["eth0", "lo", "veth", "bridge", "10.0.0.1", "::1", "default", "10.0.0.0/8", "inet"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["ifname", "ifindex", "flags", "addr_info", "family", "local", "prefixlen", "master",
         "linkinfo", "info_kind", "link_index", "link_netnsid", "dst", "dev", "gateway", "table",
         "nexthops", "lladdr", "mac", "state", "priority", "src", "metric", "type", "via"]
    ), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(
    name=st.sampled_from(sorted(n for n in pile.FILES if n.endswith(".json"))),
    content=st.lists(JSON, max_size=3).map(json.dumps) | st.binary(max_size=30).map(repr)
    | st.integers(0, len(GOOD)).map(lambda end: GOOD[:end]),
)  # fmt: skip
def test_any_json_is_a_world_that_answers(name: str, content: str) -> None:
    files = {"iptables-save": RULES.encode(), "ip-addr.json": GOOD.encode()}
    world = assembled({"host": {**files, name: content.encode()}})
    assert all(name in text for text in world.damage)
    assert str(Net(Simulation.of(world)).trace(src="192.0.2.7", dst="192.0.2.10", in_="eth0"))


# -- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "piece"),
    [("ip-addr.json", "{},"), ("ip-route.json", "[],"), ("ip-neigh.json", '{"":0},'),
     ("sysctl", "a=\n"), ("ss", "tcp LISTEN 0 0 *:1\n"), ("docker-inspect.json", "1,")],
)  # fmt: skip
def test_a_small_file_cannot_fill_the_memory(
    name: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_VALUES", 10_000)
    ends = ("[", "7]") if name.endswith("json") else ("", "")
    content = ends[0] + piece * 400_000 + ends[1]
    files = {"iptables-save": RULES.encode(), name: content.encode()}
    tracemalloc.start()
    try:
        world = assembled({"host": files})
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "more than 10000 values" in world.damage[0]
    assert used < 4 * len(content) + 10_000_000
