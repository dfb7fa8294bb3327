"""A host as it stands: network namespaces with devices, addresses, routes, sysctls and rulesets.

Frozen records; what packets change (connections, counters, time) is in fwsim.machine.state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from fwsim.language.bind import bind
from fwsim.language.ruleset import Ruleset
from fwsim.machine.ctlisting import NOTHING, Listing
from fwsim.machine.policy import USUAL, RouteRule
from fwsim.machine.settings import whole_number
from fwsim.model.frozen import Frozen
from fwsim.model.names import address_text
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from fwsim.language.ipset.model import IpSet


Place = tuple[str, str]
STACKED = ("macvlan", "macvtap", "ipvlan", "ipvtap", "vlan")


class Address(NamedTuple):
    """An address of a device: `length` is its subnet's prefix length, `broadcast` 0 if none,
    `scope` global, link or host, as `ip addr` says."""

    family: int
    value: int
    length: int
    broadcast: int = 0
    scope: str = "global"


class Device(Frozen):
    """A network device. `kind` is what `ip -d link` calls it (bridge, veth, tun, loopback, …);
    `master` the bridge it is a port of, `bond` the bond; `peer` (namespace, device) at a veth
    pair's other end;
    `mtu` 0 if nobody told; `ethernet`: its frames have Ethernet headers; `lower` (namespace,
    device) what a macvlan, ipvlan or vlan lies over, `mode` how, `tag` the number of a vlan; `over`
    what lies over this one."""

    name: str
    kind: str = ""
    mac: str = ""
    addresses: tuple[Address, ...] = ()
    master: str = ""
    bond: str = ""
    peer: Place | None = None
    up: bool = True
    hairpin: bool = False
    index: int = 0
    mtu: int = 0
    group: int = 0
    ethernet: bool = True
    lower: Place | None = None
    mode: str = ""
    tag: int = 0
    over: tuple[Place, ...] = ()


class Route(NamedTuple):
    """A route: `dst` and `length` a prefix; `kind` unicast, local, broadcast, multicast,
    blackhole, unreachable, prohibit or throw; `via` 0 if the destination is on the link; `mtu` 0
    if it is the device's; `realms` the source's in the upper sixteen bits."""

    dst: int
    length: int
    dev: str = ""
    via: int = 0
    kind: str = "unicast"
    source: int = 0
    metric: int = 0
    table: str = "main"
    tos: int = 0
    mtu: int = 0
    realms: int = 0


class Listener(NamedTuple):
    """A socket that waits for connections (tcp) or datagrams (udp): `families` those it serves,
    `address` 0 for any of the host's own, `dev` "" for any."""

    proto: int
    families: frozenset[int]
    address: int
    port: int
    dev: str = ""


class Namespace(NamedTuple):
    """One network namespace. `neighbours` maps (device, address) to a MAC, `fdb` (bridge, MAC) to a
    port; `sysctl` names are as `sysctl -a` prints them; `listeners` None: nobody told;
    `rules` those of policy routing, by family; `sets` the address sets (ipset) by name;
    `connections` those that were there before."""

    name: str
    devices: Mapping[str, Device] = MappingProxyType({})
    routes: Mapping[int, tuple[Route, ...]] = MappingProxyType({})
    neighbours: Mapping[tuple[str, int, int], str] = MappingProxyType({})
    fdb: Mapping[tuple[str, str], str] = MappingProxyType({})
    sysctl: Mapping[str, str] = MappingProxyType({})
    rulesets: Mapping[int, Ruleset] = MappingProxyType({})
    listeners: tuple[Listener, ...] | None = None
    rules: Mapping[int, tuple[RouteRule, ...]] = MappingProxyType({})
    sets: Mapping[str, IpSet] = MappingProxyType({})
    connections: Listing = NOTHING

    def route_rules(self, family: int) -> tuple[RouteRule, ...]:
        """The rules of policy routing, in their order."""
        return self.rules.get(family, USUAL)

    def plain_rules(self, family: int) -> bool:
        """Policy routing is as on every host."""
        return self.route_rules(family) in (USUAL, USUAL[:2])

    def addresses(self, family: int) -> Iterator[tuple[Device, Address]]:
        """Every address of that family, with its device, in device order."""
        for device in self.devices.values():
            for address in device.addresses:
                if address.family == family:
                    yield device, address

    def number(self, name: str, default: int = 0) -> int:
        """A sysctl as a number; `default` where it is missing or none."""
        found = whole_number(self.sysctl.get(name, ""))
        return default if found is None else found

    def ports(self, bridge: str) -> list[Device]:
        """A bridge's ports."""
        return [d for d in self.devices.values() if d.master == bridge]

    def tracks(self, family: int) -> bool:
        """Whether conntrack is at work: the kernel hooks it in where a rule asks for connections or
        translates addresses (nf_ct_netns_get); a nat table alone does not."""
        return bool(self._loaded(family) & _CONNTRACK_USERS)

    def reassembles(self, family: int) -> bool:
        """Whether fragments are put together before any rule sees them (nf_defrag_ipv4_enable)."""
        return bool(self._loaded(family) & (_CONNTRACK_USERS | _DEFRAG_USERS))

    @property
    def counts(self) -> bool:
        """Whether a rule has turned the counting of connections on."""
        return any("connbytes" in self._loaded(family) for family in self.rulesets)

    def _loaded(self, family: int) -> frozenset[str]:
        ruleset = self.rulesets.get(family)
        return ruleset.loaded if ruleset else frozenset()

    def with_rulesets(self, rulesets: Mapping[int, Ruleset]) -> Namespace:
        """The same namespace under other rules, which are told of its sets and of each other;
        loading them may have changed it (connbytes turns counting on)."""
        changed = self._replace(rulesets=bind(rulesets, self.sets))
        return (
            changed._replace(sysctl={**self.sysctl, COUNTING: "1"}) if changed.counts else changed
        )

    def with_sets(self, sets: Mapping[str, IpSet]) -> Namespace:
        """The same namespace with other address sets."""
        return self._replace(sets=sets).with_rulesets(self.rulesets)


COUNTING = "net.netfilter.nf_conntrack_acct"
_CONNTRACK_USERS = frozenset({
    "conntrack", "state", "connmark", "connbytes", "connlabel", "connlimit", "helper", "cluster",
    "CONNMARK", "CT", "SYNPROXY", "CONNSECMARK", "SNAT", "DNAT", "MASQUERADE", "REDIRECT", "NETMAP",
})  # fmt: skip
_DEFRAG_USERS = frozenset({"TPROXY", "socket"})


class World(NamedTuple):
    """Namespaces that are joined by links; `host` is the one the others hang off. `title` says
    where it all comes from, `notes` what was inferred or left out; `inferred`: only rules were
    given, so that nobody knows what hangs on a bridge; `aliases` are other names of namespaces;
    `damage`: what was found damaged, and left out; `networks`: the addresses on Docker's networks,
    by the network's name; `place` is what was opened, as on a command line ("" if nothing was), and
    `commands` what was given to the host since."""

    namespaces: Mapping[str, Namespace]
    host: str = "host"
    title: str = ""
    notes: tuple[str, ...] = ()
    inferred: bool = False
    aliases: Mapping[str, str] = MappingProxyType({})
    damage: tuple[str, ...] = ()
    networks: Mapping[str, tuple[Address, ...]] = MappingProxyType({})
    place: str = ""
    commands: tuple[str, ...] = ()

    def untold_rules(self, ns: Namespace, family: int) -> str:
        """Which rules nobody told, those of one family saying nothing of the other's; "": none."""
        told = ns.rulesets
        if family in told or not told or ns.name != self.host:
            return ""
        program = "iptables-save" if family == 4 else "ip6tables-save"
        return f"the rules of IPv{family} ({program})"

    def with_namespace(self, namespace: Namespace) -> World:
        """The same world with one namespace replaced."""
        return self._replace(namespaces={**self.namespaces, namespace.name: namespace})


def shown(value: int, family: int) -> str:
    """An address as text."""
    return address_text(value, 32 if family == 4 else 128)
