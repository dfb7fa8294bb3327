"""What a place does not tell, inferred: the routes that addresses bring along, and the host that a
bare dump's rules speak of. Every inference from rules is a line in the world's notes."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from fwsim.language.rules import entries_in, raw_chains, rule_of, sample_of
from fwsim.language.ruleset import Rule, Ruleset
from fwsim.language.write import rule_text
from fwsim.machine.policy import Flow
from fwsim.machine.routing import lookup
from fwsim.machine.words import say
from fwsim.machine.world import Address, Device, Namespace, Route, World, shown
from fwsim.model.errors import QuestionError

if TYPE_CHECKING:
    from fwsim.language.ipset.model import IpSet

UPLINK = "eth0"
_DEVICE_NAME = "[!-.0-~]+"  # dev_valid_name, net/core/dev.c
_LONGEST_NAME = 15
_BRIDGE_NAMES = r"docker\d+|docker_gwbridge|br-.+|br\d+|virbr\d+|cni\d+|lxcbr\d+"
_LO = Device("lo", "loopback", addresses=(Address(4, 127 << 24 | 1, 8, scope="host"),), index=1)


def address_routes(devices: Iterable[Device], family: int) -> tuple[Route, ...]:
    """The routes that the kernel makes by itself for addresses: local and broadcast ones in the
    table `local`, the subnets in `main` (fib_add_ifaddr, net/ipv4/fib_frontend.c;
    addrconf_prefix_route, net/ipv6/addrconf.c). IPv6's multicast and anycast ones are left out."""
    return tuple(dict.fromkeys(
        route
        for device in devices
        for address in device.addresses
        if address.family == family
        for route in _routes_of(device, address)
    ))  # fmt: skip


def _routes_of(device: Device, address: Address) -> Iterator[Route]:
    longest = 32 if address.family == 4 else 128
    value, name = address.value, device.name
    yield Route(value, longest, name, kind="local", source=_source(address), table="local")
    if not device.up or address.length == longest:
        return
    low = value >> (longest - address.length) << (longest - address.length)
    high = low | (1 << (longest - address.length)) - 1
    loopback = device.kind == "loopback"
    kind, table = ("local", "local") if loopback else ("unicast", "main")
    yield Route(low, address.length, name, 0, kind, _source(address), _metric(address), table)
    if address.family == 4 and address.length < 31:
        for broadcast in {high, address.broadcast or high}:
            yield Route(broadcast, 32, name, 0, "broadcast", value, table="local")


def _source(address: Address) -> int:
    return address.value if address.family == 4 else 0


def _metric(address: Address) -> int:
    return 256 if address.family == 6 else 0


# -- the host that rules speak of ------------------------------------------------------------------


# Addresses for documentation (RFC 5737, RFC 3849), so that they are nobody's.
_STAND_IN = {
    4: Address(4, 0xC000020A, 24, 0xC00002FF),
    6: Address(6, 0x20010DB8 << 96 | 0x10, 64),
}


def infer_world(
    rulesets: Mapping[int, Ruleset],
    title: str,
    settings: Mapping[str, str] = MappingProxyType({}),
    said: Iterable[str] = (),
    sets: Mapping[str, IpSet] = MappingProxyType({}),
) -> World:
    """One namespace `host` as its rules show it: bridges and subnets from MASQUERADE rules as
    Docker writes them, other devices by name, an uplink. `settings` are sysctls that are told,
    `sets` the host's address sets. What was inferred is in `notes`, behind what is `said` already.
    """
    host, notes = infer_host(rulesets, settings)
    return World(
        {"host": host.with_sets(sets) if sets else host},
        title=title,
        notes=(*said, *notes),
        inferred=True,
    )


def infer_host(
    rulesets: Mapping[int, Ruleset],
    settings: Mapping[str, str] = MappingProxyType({}),
    among: Iterable[Ruleset] = (),
) -> tuple[Namespace, list[str]]:
    """The namespace `host` of a world without addresses, and how it was inferred: from its own
    rules, or from all rulesets `among` which it is, in whatever order."""
    notes: list[str] = []
    rules = list(with_devices(rulesets.values()))
    if among:
        rules = sorted(with_devices(among), key=lambda found: rule_text(found[1]))
    subnets = dict(_subnets(rules, notes))
    named = _named_devices(rules)
    called = (name for name in named if re.fullmatch(_BRIDGE_NAMES, name))
    bridges = list(dict.fromkeys([*subnets, *called]))
    for name in bridges:
        if name not in subnets:
            notes.append(say("bridge.by_name", name=name))
    others = [name for name in named if name not in bridges and name != "lo"]
    uplink = _uplink(others, notes)
    names = [*others, *([uplink] if uplink and uplink not in others else [])]
    if uplink:
        subnets[uplink] = [_STAND_IN[family] for family in rulesets]
        held = say("and").join(shown(a.value, a.family) for a in subnets[uplink])
        notes.append(say("address.uplink", name=uplink, held=held))
    elif others:
        subnets[others[0]] = [_alone(_STAND_IN[family]) for family in rulesets]
        held = say("and").join(shown(a.value, a.family) for a in subnets[others[0]])
        notes.append(say("address.host", held=held, name=others[0]))
    devices = [_LO]
    for name in [*names, *bridges]:
        kind = "bridge" if name in bridges else ""
        addresses = tuple(subnets.get(name, ()))
        devices.append(Device(name, kind, addresses=addresses, index=len(devices) + 1))
    routes = {
        family: address_routes(devices, family) + ((Route(0, 0, uplink),) if uplink else ())
        for family in (4, 6)
    }
    sysctl = {**assumed_sysctl(rulesets, bool(bridges), notes, settings), **settings}
    host = Namespace("host", {d.name: d for d in devices}, routes, sysctl=sysctl)
    return host.with_rulesets(rulesets), notes


def _alone(address: Address) -> Address:
    """The same address without a subnet of its own."""
    return address._replace(length=32 if address.family == 4 else 128, broadcast=0)


def with_devices(rulesets: Iterable[Ruleset]) -> Iterator[tuple[str, Rule]]:
    """The rules that name a device, each with its table; the others are not even read."""
    for ruleset in rulesets:
        for table in ruleset.tables.values():
            named = any(rule.in_ or rule.out for rule in table.samples)
            for chain in raw_chains(table).values() if named else ():
                for entry in entries_in(chain):
                    rule = sample_of(entry)
                    if rule.in_ or rule.out:
                        yield table.name, rule_of(entry)


def _subnets(rules: Iterable[tuple[str, Rule]], notes: list[str]) -> dict[str, list[Address]]:
    """The bridges of rules such as `-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE`,
    with the first address of each subnet, which Docker gives to the bridge."""
    found: dict[str, list[Address]] = {}
    for table, rule in rules:
        address = _gateway(rule) if table == "nat" else None
        if address is None or rule.out is None:
            continue
        own = found.setdefault(rule.out.value, [])
        if address not in own:
            own.append(address)
            known = shown(address.value, rule.family), address.length
            notes.append(_bridge(rule.out.value, *known, _line(rule)))
    return found


def _gateway(rule: Rule) -> Address | None:
    out, src = rule.out, rule.src
    if rule.target_name != "MASQUERADE" or out is None or src is None:
        return None
    if not out.negated or src.negated or out.value.endswith("+"):
        return None
    longest = 32 if rule.family == 4 else 128
    value, mask = src.value
    length = mask.bit_count()
    if mask != (1 << longest) - (1 << (longest - length)) or length > longest - 2:
        return None
    broadcast = value | (1 << (longest - length)) - 1 if rule.family == 4 else 0
    return Address(rule.family, value + 1, length, broadcast)


def _bridge(name: str, address: str, length: int, rule: str) -> str:
    return say("bridge.by_rule", name=name, address=address, length=length, rule=rule)


def _line(rule: Rule) -> str:
    return say("rule.line", line=rule.span.line) if rule.span else say("rule")


def _named_devices(rules: Iterable[tuple[str, Rule]]) -> list[str]:
    names = (
        option.value for _, rule in rules for option in (rule.in_, rule.out) if option is not None
    )
    return list(dict.fromkeys(name for name in names if not name.endswith("+")))


def _uplink(others: list[str], notes: list[str]) -> str:
    if len(others) > 1:
        notes.append(say("uplink.several", names=", ".join(others)))
        return ""
    if others:
        notes.append(say("uplink.only", name=others[0]))
        return others[0]
    notes.append(say("uplink.none", name=UPLINK))
    return UPLINK


def assumed_sysctl(
    families: Iterable[int], bridges: bool, notes: list[str], told: Container[str] = ()
) -> dict[str, str]:
    """The settings of a host that forwards, br_netfilter with its bridges, but for those that are
    told; each one is noted."""
    names = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
    calls = {4: "net.bridge.bridge-nf-call-iptables", 6: "net.bridge.bridge-nf-call-ip6tables"}
    assumed = [names[family] for family in families]
    if bridges:
        assumed += [calls[family] for family in families]
    assumed = [name for name in assumed if name not in told]
    notes.extend(say("sysctl", name=name) for name in assumed)
    return dict.fromkeys(assumed, "1")


def _some(names: Iterable[str]) -> str:
    """A dozen of the names, and an ellipsis for the others."""
    dozen, more = list(islice(names, 12)), any(True for _ in islice(names, 12, None))
    return ", ".join([*dozen, "…"] if more else dozen)


def with_device(world: World, dev: str) -> World:
    """The same world, whose host has a device of that name: where only rules were given it is made,
    which is noted. Raises QuestionError where the devices are known and it is none of them."""
    host = world.namespaces[world.host]
    if dev in host.devices:
        return world
    if not world.inferred:
        raise QuestionError(f"{world.host} has no device {dev!r}; it has {_some(host.devices)}")
    if not re.fullmatch(_DEVICE_NAME, dev) or len(dev.encode()) > _LONGEST_NAME:
        raise QuestionError(f"{dev!r} is no name of a device")
    made = Device(dev, index=len(host.devices) + 1)
    note = say("device", dev=dev, host=world.host)
    world = world.with_namespace(host._replace(devices={**host.devices, dev: made}))
    return world._replace(notes=(*world.notes, note))


def with_way_back(world: World, family: int, src: int, dev: str) -> World:
    """The same world, whose host answers what comes from an address by the device that it came in
    by: where only rules were given, and none shows the subnet of that address."""
    way = lookup(world.namespaces[world.host], Flow(family, src))
    if not world.inferred or way.dev == dev or (way.route is not None and way.route.length):
        return world
    note = say("way_back", address=shown(src, family), dev=dev)
    return with_route(world, family, src, dev)._replace(notes=(*world.notes, note))


def with_route(world: World, family: int, dst: int, dev: str, length: int | None = None) -> World:
    """The same world whose host reaches that one address (or the network, of that `length`)
    through `dev`, which `with_device` lets it have. The new route is preferred to others of the
    table `main`."""
    world = with_device(world, dev)
    host = world.namespaces[world.host]
    longest = 32 if family == 4 else 128
    made = Route(dst, longest if length is None else length, dev, metric=-1)
    routes = {**host.routes, family: (made, *host.routes.get(family, ()))}
    return world.with_namespace(host._replace(routes=routes))
