"""Where a packet goes: the tables that policy routing chooses, the longest prefix in each, and the
address types that follow from the local one (net/ipv4/route.c ip_route_input_slow,
net/ipv4/fib_frontend.c, net/core/fib_rules.c)."""

from __future__ import annotations

from fwsim.machine.policy import LOOPBACK, Flow, chosen
from fwsim.machine.world import Namespace, Route, shown
from fwsim.model.names import ROUTE_TYPES
from fwsim.model.packet import Packet
from fwsim.model.trace import Step
from fwsim.model.tuples import NamedTuple

UNREACHABLE_KINDS = {"blackhole", "unreachable", "prohibit", "throw"}
_OWN_KINDS = frozenset({"local", "broadcast", "anycast", "multicast"})


class Way(NamedTuple):
    """What routing decided: `kind` as a route's, or `none`; `hop` the address asked for on the
    link."""

    kind: str
    dev: str = ""
    hop: int = 0
    source: int = 0
    route: Route | None = None

    @property
    def sends(self) -> bool:
        """A packet of the host's own leaves this way."""
        return self.kind in ("unicast", "local", "broadcast", "multicast", "anycast")


NO_WAY = Way("none")
_ALL_HOSTS = {4: 0xE0000001, 6: 0xFF020000_00000000_00000000_00000001}


def told(way: Way, packet: Packet) -> Step:
    """The step that tells of the way of a packet."""
    via = shown(way.hop, packet.family) if way.hop != packet.dst else ""
    dst = shown(packet.dst, packet.family)
    return Step("route", data={"dst": dst, "via": via, "dev": way.dev, "kind": way.kind})


def lookup(ns: Namespace, flow: Flow) -> Way:
    """The way of a flow: each rule that is for it in turn, until one of their tables has a route
    (fib_rules_lookup)."""
    for rule in chosen(ns.route_rules(flow.family), flow):
        if rule.action != "table":
            return Way("none" if rule.action == "unreachable" else rule.action)
        found = best_route(ns, flow, rule.table)
        if found is None or found.kind == "throw":
            continue
        if found.kind not in UNREACHABLE_KINDS and found.length <= rule.suppress:
            continue
        return Way(found.kind, found.dev, found.via or flow.dst, found.source, found)
    return NO_WAY


def best_route(ns: Namespace, flow: Flow, table: str) -> Route | None:
    """The route that a table has for a flow: the longest prefix that covers it."""
    best = None
    for route in ns.routes.get(flow.family, ()):
        if route.table != table or (flow.oif and route.dev not in (flow.oif, "")):
            continue
        if _covers(route, flow) and (best is None or _rank(route) > _rank(best)):
            best = route
    return best


def _covers(route: Route, flow: Flow) -> bool:
    host = (32 if flow.family == 4 else 128) - route.length
    if flow.dst >> host != route.dst >> host:
        return False
    return not route.tos or route.tos & 0xFC == flow.tos & 0xFC


def _rank(route: Route) -> tuple[int, bool, int]:
    """The longest prefix first, then a route for this TOS, then the smallest metric."""
    return route.length, bool(route.tos), -route.metric


def address_type(ns: Namespace, family: int, value: int, dev: str = "") -> int:
    """The number in ROUTE_TYPES of an address, as inet_dev_addr_type finds it: by the local table,
    else UNICAST. With `dev`, local addresses of other devices count as UNICAST."""
    name = _special(family, value)
    if name is None:
        found = best_route(ns, Flow(family, value, oif=dev), "local")
        name = found.kind.upper() if found and found.kind in _OWN_KINDS else "UNICAST"
        ends = ("none", *UNREACHABLE_KINDS)
        if family == 6 and lookup(ns, Flow(6, value, oif=dev)).kind in ends:
            name = "UNREACHABLE"
    return ROUTE_TYPES.index(name)


def _special(family: int, value: int) -> str | None:
    if family == 6:
        return "MULTICAST" if value >> 120 == 0xFF else None
    if value in (0, 0xFFFFFFFF):
        return "BROADCAST"
    return "MULTICAST" if value >> 28 == 0xE else None


def own_address(ns: Namespace, family: int, value: int) -> bool:
    """The address is one of the namespace's own."""
    return any(a.value == value for _, a in ns.addresses(family))


def source_address(ns: Namespace, family: int, dev: str, hop: int) -> int | None:
    """The address a packet leaving by `dev` towards `hop` bears if none is chosen
    (net/ipv4/devinet.c inet_select_addr): one whose subnet holds the hop, else the device's first,
    else any of global scope. None if there is none."""
    if family == 6 and own_address(ns, 6, hop):
        return hop  # RFC 6724's first rule (net/ipv6/addrconf.c ipv6_get_saddr_eval)
    own = [a for d, a in ns.addresses(family) if d.name == dev and a.scope != "host"]
    bits = 32 if family == 4 else 128
    for address in own:
        if hop >> (bits - address.length) == address.value >> (bits - address.length):
            return address.value
    usable = [a.value for a in own if family == 4 or a.scope == "global"]
    others = [a.value for _, a in ns.addresses(family) if a.scope == "global"]
    return next(iter([*usable, *others]), None)


def martian(ns: Namespace, flow: Flow) -> str | None:
    """Why no packet from outside may have such addresses; None if it may."""
    if flow.family == 6:
        if flow.src >> 120 == 0xFF:
            return "martian_source"
        return "martian_destination" if flow.dst == 1 else None
    local = bool(_setting(ns, flow.iif, "route_localnet"))
    multicast = flow.src >> 28 == 0xE
    if multicast or flow.src == 0xFFFFFFFF or (not flow.src and not _asks_for_address(flow)):
        return "martian_source"
    if flow.src >> 24 == 127 and not local:
        return "martian_source"
    nowhere = (not flow.dst and flow.src) or (flow.dst >> 24 == 127 and not local)
    return "martian_destination" if nowhere else None


def _asks_for_address(flow: Flow) -> bool:
    """A host without an address may speak to all (ip_route_input_slow: brd_input)."""
    return flow.dst == 0xFFFFFFFF or not flow.src | flow.dst


def _setting(ns: Namespace, dev: str, name: str) -> int:
    """The higher of a device's setting and that of all."""
    return max(ns.number(f"net.ipv4.conf.{of}.{name}") for of in ("all", dev))


def refuses_to_send(ns: Namespace, flow: Flow, way: Way) -> str | None:
    """Why a packet of the host's own does not go that way; None if it does. A source of 127/8
    leaves no host (__mkroute_output)."""
    if not way.sends:
        return f"route_{way.kind}"
    leaves = way.kind not in ("local", "anycast") and way.dev != LOOPBACK
    loopback = flow.family == 4 and flow.src >> 24 == 127
    inside = loopback and leaves and not _setting(ns, way.dev, "route_localnet")
    return "loopback_source" if inside else None


def unexpected(ns: Namespace, flow: Flow, out: str) -> str | None:
    """Why a packet is dropped for its source: the host's own address, or one that rp_filter does
    not expect by that device. The way back is looked up as if it came in by `out`, the device
    that the packet leaves by, lo for one to the host itself (fib_validate_source)."""
    if flow.family == 6 or not flow.src:
        return None
    mode = _setting(ns, flow.iif, "rp_filter")
    accepts_own = bool(_setting(ns, flow.iif, "accept_local"))
    if not mode and ns.plain_rules(4):
        return "own_source" if own_address(ns, 4, flow.src) and not accepts_own else None
    marked = flow.mark if _setting(ns, flow.iif, "src_valid_mark") else 0
    reverse = flow._replace(
        dst=flow.src, src=flow.dst, iif=out,
        sport=flow.dport, dport=flow.sport, mark=marked, uid=0,
    )  # fmt: skip
    back = lookup(ns, reverse)
    if back.kind in ("none", *UNREACHABLE_KINDS):
        return "rp_filter" if mode else None
    if back.kind != "unicast" and not (back.kind == "local" and accepts_own):
        return "own_source" if back.kind == "local" else "martian_source"
    if back.dev == flow.iif or not mode:
        return None
    return "rp_filter" if mode == 1 else None


def forwards(ns: Namespace, family: int, dev: str) -> bool:
    """Whether packets that came in by `dev` may be forwarded."""
    if family == 6:
        names = ("all.forwarding", f"{dev}.force_forwarding")
        return any(ns.number(f"net.ipv6.conf.{name}") for name in names)
    everywhere = ns.number("net.ipv4.ip_forward")
    return bool(ns.number(f"net.ipv4.conf.{dev}.forwarding", everywhere))


def first_address(ns: Namespace, family: int, dev: str, dst: int = 0) -> int | None:
    """A device's first address, to which REDIRECT sends what came in by it (nf_nat_redirect.c). In
    IPv6 it is of the destination's scope, where that is not the whole world."""
    own = (a.value for d, a in ns.addresses(family) if d.name == dev)
    scope = _scope(dst) if family == 6 else ""
    return next((value for value in own if not scope or _scope(value) == scope), None)


def _scope(address: int) -> str:
    """ipv6_addr_scope: how far an IPv6 address reaches; "" for everywhere."""
    if address >> 120 == 0xFF:
        return {1: "host", 2: "link", 5: "site"}.get(address >> 112 & 0xF, "")
    if address >> 118 in (0xFE80 >> 6, 0xFEC0 >> 6):
        return "link" if address >> 118 == 0xFE80 >> 6 else "site"
    if not address >> 32:
        return {0: "", 1: "host"}.get(address, "compatible")
    return ""


def is_link_local(family: int, value: int) -> bool:
    """An IPv6 address that means something on one link alone."""
    return family == 6 and value >> 118 == 0xFE80 >> 6


def bound_to(family: int, dst: int, dev: str) -> str:
    """The device by which alone an address can be meant: that link's, if it is link-local."""
    return dev if is_link_local(family, dst) else ""


def is_broadcast(ns: Namespace, family: int, dst: int) -> bool:
    """An address of all hosts on a link."""
    return family == 4 and ROUTE_TYPES[address_type(ns, 4, dst)] == "BROADCAST"


def solicited(address: int) -> int:
    """The group in which the owner of an IPv6 address is asked for it (RFC 4291, 2.7.1)."""
    return 0xFF020000_00000000_00000001_FF000000 | address & 0xFFFFFF


def joins(ns: Namespace, family: int, dst: int, dev: str) -> bool:
    """What comes in by a device to that address is for a group that every host is in."""
    return dst in groups(ns, family, dev)


def groups(ns: Namespace, family: int, dev: str = "") -> set[int]:
    """The group of all hosts, and those in which a host is asked for its addresses (of that
    device, or all)."""
    own = (a.value for d, a in ns.addresses(6) if dev in ("", d.name))
    return {_ALL_HOSTS[4]} if family == 4 else {_ALL_HOSTS[6], *map(solicited, own)}


def to_many(ns: Namespace, flow: Flow, way: Way, *, raw: bool = False) -> Way:
    """The way of what a host sends: no gateway is between it and all hosts on a link, or a
    multicast group (__mkroute_output); whatever the routes say, the device that has its source
    sends it, where that is known (ip_route_output_key_hash_rcu)."""
    if flow.family == 6 or not (flow.dst == 0xFFFFFFFF or is_multicast(4, flow.dst)):
        return way
    kind = "broadcast" if flow.dst == 0xFFFFFFFF else "multicast"
    homes = (device.name for device, address in ns.addresses(4) if address.value == flow.src)
    home = "" if raw or flow.oif else next(homes, "")
    if home:
        return Way(kind, home, flow.dst)
    return way._replace(kind=kind, hop=flow.dst) if way.sends else way


def is_for_everyone(family: int, src: int, dst: int) -> bool:
    """Whatever the routes say, it is for every host that hears it (ip_route_input_slow)."""
    return family == 4 and (dst == 0xFFFFFFFF or not src | dst)


def is_multicast(family: int, value: int) -> bool:
    """A multicast address."""
    return value >> 28 == 0xE if family == 4 else value >> 120 == 0xFF


def is_refused_unseen(family: int, src: int, dst: int) -> bool:
    """IPv6 from or to loopback, or from a multicast address: no hook sees it if it comes in by a
    device other than lo (net/ipv6/ip6_input.c ip6_rcv_core)."""
    return family == 6 and (1 in (src, dst) or is_multicast(6, src))


def error_of(kind: str) -> str:
    """The ICMP error that a router answers with when it finds no unicast route (ip_error)."""
    return {"prohibit": "admin-prohibited", "unreachable": "host-unreachable", "blackhole": ""}.get(
        kind, "net-unreachable"
    )
