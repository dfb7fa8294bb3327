"""All packets at once against one packet at a time: a walk of sets ends, for every packet, where
the walk of that packet ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from kernel.rulesets import ADDRESSES, PORTS, random_rules
from oxidd.bcdd import BCDDFunction

import fwsim
from fwsim.machine.infer import address_routes
from fwsim.machine.place import examples
from fwsim.machine.policy import USUAL, RouteRule
from fwsim.machine.response import Start
from fwsim.machine.sets.universe import by_devices, entrances, possible
from fwsim.machine.sets.walk import Ending, HostWalk
from fwsim.machine.simulate import Simulation
from fwsim.machine.world import Address, Device, Route
from fwsim.model import fields as F
from fwsim.model.exthdr import EXTENSIONS, NONE
from fwsim.model.names import STATES, address_value, iface_value
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP, WITH_PORTS, Packet
from fwsim.model.pred import all_of, is_in
from fwsim.model.trace import Ref
from fwsim.net import Net
from fwsim.readings.space import PacketSet

SNAPSHOTS = sorted((Path(__file__).parents[3] / "shared" / "snapshots").glob("*/snapshot"))
PACKETS = 110
_TO_MANY = range(0xE << 28, 0xF << 28)  # left out of sets
_SENT = 0.3  # of these; and so many of them to the host itself
_NEW, _INVALID = STATES.index("NEW"), STATES.index("INVALID")
_FRESH = (_NEW, _INVALID)


class _Walked(NamedTuple):
    fate: str
    reason: str
    decided: Ref | None


class _Sets:
    """A place's host walked with all first packets of connections that can come in, and those that
    it sends (by the device "")."""

    def __init__(self, net: Net, family: int, *, rules: bool) -> None:
        self.net, self.family, self.rules = net, family, rules
        self.walk = HostWalk(net.world, family, rules=rules)
        self.doors = list(entrances(self.walk.regions))
        read, whole = self.walk.space.read, possible(family, _FRESH)
        held = self.walk.regions.ns.addresses(family)
        self.own = [a.value for _, a in held if a.scope == "global"]
        self.endings = self.walk.come(read(all_of(whole, by_devices(self.doors))))
        sent = all_of(whole, by_devices([""]), is_in(F.SRC[family], *self.own))
        self.endings += self.walk.send(read(sent))

    def ending(self, packet: Packet, dev: str) -> Ending:
        """The one ending whose set holds the packet."""
        view = {
            "src": packet.src, "dst": packet.dst, "proto": packet.proto, "sport": packet.sport,
            "dport": packet.dport, "icmp_type": packet.icmp_type, "icmp_code": packet.icmp_code,
            "tcp_flags": packet.flags, "in": iface_value(dev),
            "ctstate": _INVALID if _is_nothing(packet) else _NEW,
            "ttl": packet.ttl, "length": packet.length, "tos": packet.tos,
        }  # fmt: skip
        space = self.walk.space
        (found,) = (e for e in self.endings if view in PacketSet(space, e.where))
        return found

    def compare(self, rng: Random, packets: int = PACKETS) -> None:
        """Random packets, one by one, end where the sets say."""
        for _ in range(packets):
            packet, dev = self.draw(rng), rng.choice(self.doors)
            if self.own and rng.random() < _SENT:
                packet, dev = packet.but(src=rng.choice(self.own)), ""
                if packet.dst in _TO_MANY or rng.random() < _SENT:
                    packet = packet.but(dst=rng.choice(self.own))
            self.check(packet, dev)

    def check(self, packet: Packet, dev: str) -> None:
        """A packet ends where the sets say."""
        found = self.walked(packet, dev)
        if found.fate == "unknown" and found.reason != "multicast":
            return  # it hangs on a fact that nobody knows
        ending = self.ending(packet, dev)
        assert ending.fate == found.fate, (dev, packet, ending, found)
        if self.rules and ending.table and found.decided:
            assert _place(ending) == _decided(found.decided), (dev, packet)

    def walked(self, packet: Packet, dev: str) -> _Walked:
        """How one packet's way ends. What the host sends is a program's that leaves the header to
        the kernel: the device of its source sends it to 255.255.255.255; of its copies that come
        back, sets tell nothing."""
        if dev:
            (leg,) = self.net.packets([(packet, dev, 0.0)])
            return _Walked(leg.fate, leg.reason, leg.decided_by)
        start = Start(self.net.world.host)
        first = self.net.simulation.fork().carry(packet, start)[1][0]
        ended = first.fate in ("dropped", "unknown") and first.reason
        return _Walked(first.fate, first.reason, None if ended else first.record.decided)

    def draw(self, rng: Random) -> Packet:
        """A packet that rules may ask for."""
        family = self.family
        src, dst = (self._address(rng) for _ in range(2))
        proto = rng.choice((TCP, TCP, UDP, ICMP if family == 4 else ICMP6, 50, NONE))
        packet = Packet(family, src, dst, proto, payload_len=20)
        if proto in WITH_PORTS:
            packet = packet.but(sport=rng.choice(PORTS), dport=rng.choice(PORTS))
        if proto == TCP:
            packet = packet.but(flags=2)
        if packet.is_icmp:
            packet = packet.but(icmp_type=8 if family == 4 else 128, icmp_id=rng.randrange(1 << 16))
        return packet

    def _address(self, rng: Random) -> int:
        told = [address_value(text, self.family) for text in ADDRESSES[self.family]]
        edges = [next(iter(sample.values())) for _, sample in self.walk.regions.destinations]
        near = rng.choice([*told, *edges]) + rng.choice((0, 0, 0, 1, -1, 2))
        return min(max(near, 0), self.walk.regions.dst.top)


def _is_nothing(packet: Packet) -> bool:
    """Nothing stands behind its headers, so that conntrack knows no connection of it."""
    return packet.family == 6 and packet.proto == NONE


def _place(ending: Ending) -> tuple[str, str, int]:
    return (ending.table, *ending.at)


def _decided(ref: Ref) -> tuple[str, str, int]:
    return ref.table, ref.chain, ref.rule if isinstance(ref.rule, int) else 0


@pytest.mark.parametrize("rules", [False, True], ids=["merged", "by rule"])
@pytest.mark.parametrize("name", [name for name, _ in examples()])
def test_examples(name: str, *, rules: bool) -> None:
    _Sets(fwsim.load(f"example:{name}"), 4, rules=rules).compare(Random(name))


@pytest.mark.skipif(not SNAPSHOTS, reason="the snapshots of real hosts are not here")
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("place", SNAPSHOTS, ids=lambda path: path.parent.name)
def test_real_docker_hosts(place: Path, family: int) -> None:
    _Sets(fwsim.load(str(place)), family, rules=True).compare(Random(family))


def _random_places(family: int) -> Iterator[tuple[int, Net]]:
    """The article's hosts under random rules."""
    for seed in range(6):
        rng = Random(f"sets {family} {seed}")
        rules = fwsim.read(random_rules(rng, family).dump(), family=family)
        net = fwsim.load("example:article-complete")
        world = net.world
        host = world.namespaces[world.host].with_rulesets({family: rules})
        simulation = net.simulation.fork()
        simulation.govern(host)
        yield seed, Net(simulation)


@pytest.mark.parametrize("family", [4, 6])
def test_a_walk_of_some_packets_finds_what_a_walk_of_all_finds_of_them(family: int) -> None:
    """Rules that cannot concern them are passed over; no other is."""
    for seed, net in _random_places(family):
        rng, sets = Random(seed), _Sets(net, family, rules=True)
        every = sets.walk.space.read(
            all_of(possible(family, (_NEW,)), by_devices(list(sets.doors)))
        )
        whole = _ends(sets.walk.come(every))
        for _ in range(4):
            packet = sets.draw(rng)
            asked = rng.sample(
                [is_in(F.PROTO, packet.proto), is_in(F.DPORT, packet.dport),
                 is_in(F.DST[family], packet.dst), is_in(F.SRC[family], packet.src),
                 by_devices([rng.choice(sets.doors)])], 2,
            )  # fmt: skip
            some = every & sets.walk.space.read(all_of(*asked))
            expected = {key: found & some.node for key, found in whole.items()}
            expected = {key: found for key, found in expected.items() if found.satisfiable()}
            assert _ends(sets.walk.come(some)) == expected, asked


def _ends(endings: list[Ending]) -> dict[tuple[object, ...], BCDDFunction]:
    found: dict[tuple[object, ...], BCDDFunction] = {}
    for e in endings:
        key = e.fate, e.reason, e.table, e.at
        found[key] = found[key] | e.where if key in found else e.where
    return found


def test_a_header_that_nothing_follows_is_no_protocol_of_whole_packets() -> None:
    """And what says that nothing follows is INVALID, as the walk of such a packet finds."""
    for seed, net in _random_places(6):
        sets, rng = _Sets(net, 6, rules=True), Random(seed)
        there = sets.walk.space.read(possible(6, range(len(STATES))))
        assert (there & sets.walk.space.read(is_in(F.PROTO, *EXTENSIONS))).is_empty
        nothing = there & sets.walk.space.read(is_in(F.PROTO, NONE))
        assert nothing <= sets.walk.space.read(is_in(F.CTSTATE, _INVALID))
        assert not nothing.is_empty
        for _ in range(20):
            packet = sets.draw(rng).but(proto=NONE, sport=0, dport=0, flags=0)
            sets.check(packet.but(icmp_type=0, icmp_id=0), rng.choice(sets.doors))


@pytest.mark.parametrize("family", [4, 6])
def test_random_rulesets(family: int) -> None:
    for seed, net in _random_places(family):
        for rules in (False, True):
            _Sets(net, family, rules=rules).compare(Random(seed), packets=60)


def _router(rng: Random) -> Net:
    """A router between networks, some of whose devices mind where packets come from."""
    devices, routes, sysctl = (
        {"lo": Device("lo", "loopback")},
        [Route(0, 0, "v1", via=0x0A010002)],
        {"net.ipv4.ip_forward": "1"},
    )
    for number in range(1, 7):
        name, net = f"v{number}", 0x0A000000 | number << 16
        devices[name] = Device(name, addresses=(Address(4, net | 1, 24),))
        for setting in ("rp_filter", "accept_local", "route_localnet"):
            sysctl[f"net.ipv4.conf.{name}.{setting}"] = str(rng.choice((0, 0, 1, 2)))
    routes += address_routes(devices.values(), 4)
    routes += [Route(0x0A630000, 16, kind="blackhole"), Route(0x0A640000, 16, "v3", via=0x0A030007)]
    net = fwsim.load("example:article-complete")
    host = net.world.namespaces[net.world.host]._replace(
        devices=devices, routes={4: tuple(routes)}, sysctl=sysctl, neighbours={}, fdb={}
    )
    rules = fwsim.read(random_rules(rng, 4).dump().replace("eth0", "v1").replace("docker0", "v2"))
    simulation = Simulation.of(net.world._replace(namespaces={host.name: host}))
    simulation.govern(host.with_rulesets({4: rules}))
    return Net(simulation)


def test_routers_between_many_networks() -> None:
    for seed in range(4):
        sets = _Sets(_router(Random(f"router {seed}")), 4, rules=True)
        assert sets.walk.alike.applies
        sets.compare(Random(seed))


MARKED = """\
*raw
-A OUTPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*mangle
-A OUTPUT -p udp -j MARK --set-xmark 0x1/0xffffffff
-A OUTPUT -p tcp -m tcp --dport 80 --sport 443 -j TOS --set-tos 0x10/0xff
-A OUTPUT -p icmp -j TTL --ttl-set 9
COMMIT
"""


def test_what_the_host_sends_is_routed_anew_only_where_output_changes_it() -> None:
    """A mark of the raw table alone has no packet routed anew."""
    net = fwsim.load("example:article-complete")
    simulation = net.simulation.fork()
    host = net.world.namespaces[net.world.host]
    marked = RouteRule(100, action="unreachable", mark=(1, 0xFFFFFFFF))
    simulation.govern(
        host.with_rulesets({4: fwsim.read(MARKED)})._replace(
            rules={4: (USUAL[0], marked, *USUAL[1:])}
        )
    )
    sets = _Sets(Net(simulation), 4, rules=True)
    own, there = sets.own[0], address_value("8.8.8.8", 4)
    fates = []
    for proto, sport in ((TCP, 443), (TCP, 80), (UDP, 80)):
        packet = Packet(4, own, there, proto, sport=sport, dport=80, flags=2 * (proto == TCP))
        (leg,) = sets.net.packets([(packet, "", 0.0)])
        assert sets.ending(packet, "").fate == leg.fate, packet
        fates.append(leg.fate)
    assert fates == ["dropped", "sent", "dropped"]
