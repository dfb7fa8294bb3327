"""Where a packet goes: longest prefix over the local and main tables, and the address types that
follow from them (net/ipv4/route.c ip_route_input_slow, net/ipv4/fib_frontend.c).

Policy routing (ip rules, other tables) is not modelled yet: fwsim.machine.snapshot says so where a
snapshot has any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fwsim.machine.world import Namespace, Route
from fwsim.model.names import ROUTE_TYPES

UNREACHABLE_KINDS = {"blackhole", "unreachable", "prohibit", "throw"}


class Way(NamedTuple):
    """What routing decided: `kind` as a route's, or `none`; `hop` the address asked for on the
    link."""

    kind: str
    dev: str = ""
    hop: int = 0
    source: int = 0
    route: Route | None = None


NO_WAY = Way("none")


def lookup(ns: Namespace, family: int, dst: int, dev: str = "") -> Way:
    """The best route to `dst`; with `dev`, only among routes through that device."""
    best = None
    for route in _tables(ns, family):
        if dev and route.dev not in (dev, ""):
            continue
        if _covers(route, family, dst) and (best is None or _better(route, best)):
            best = route
    if best is None:
        return NO_WAY
    return Way(best.kind, best.dev, best.via or dst, best.source, best)


def _covers(route: Route, family: int, dst: int) -> bool:
    host = (32 if family == 4 else 128) - route.length
    return dst >> host == route.dst >> host


def _better(route: Route, than: Route) -> bool:
    local, other = route.table == "local", than.table == "local"
    if local != other:
        return local  # rule 0 looks up the local table first
    if route.length != than.length:
        return route.length > than.length
    return route.metric < than.metric


def _tables(ns: Namespace, family: int) -> Iterator[Route]:
    yield from (r for r in ns.routes.get(family, ()) if r.table in ("main", "local"))


def address_type(ns: Namespace, family: int, value: int, dev: str = "") -> int:
    """The number in ROUTE_TYPES of an address, as inet_dev_addr_type finds it: by the local table,
    then as UNICAST. With `dev`, local addresses of other devices count as UNICAST."""
    name = _special(family, value)
    if name is None:
        way = lookup(ns, family, value, dev)
        name = (
            way.kind.upper() if way.kind in ("local", "broadcast", "anycast", "multicast") else ""
        )
        if family == 6 and way.kind in UNREACHABLE_KINDS:
            name = "UNREACHABLE"
    return ROUTE_TYPES.index(name or "UNICAST")


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


def refuses_source(ns: Namespace, family: int, src: int, dev: str) -> str | None:
    """Why a packet from `src` coming in by `dev` is dropped before any routing: a martian source,
    or one that rp_filter does not expect there (fib_validate_source). None if it is let in."""
    if family == 6:
        return "martian_source" if src >> 120 == 0xFF or src == 0 else None
    if src >> 28 in (0xE, 0xF) or src >> 24 == 0:
        return "martian_source"
    localnet = ns.number(f"net.ipv4.conf.{dev}.route_localnet") or ns.number(
        "net.ipv4.conf.all.route_localnet"
    )
    if src >> 24 == 127 and not localnet:
        return "martian_source"
    if own_address(ns, family, src) and not ns.number(f"net.ipv4.conf.{dev}.accept_local"):
        return "own_source"
    mode = max(ns.number(f"net.ipv4.conf.{name}.rp_filter") for name in ("all", dev))
    back = lookup(ns, family, src)
    if mode == 1 and back.dev != dev:
        return "rp_filter"
    return "rp_filter" if mode == 2 and back.kind == "none" else None


def forwards(ns: Namespace, family: int, dev: str) -> bool:
    """Whether packets that came in by `dev` may be forwarded."""
    if family == 6:
        return bool(ns.number("net.ipv6.conf.all.forwarding"))
    everywhere = ns.number("net.ipv4.ip_forward")
    return bool(ns.number(f"net.ipv4.conf.{dev}.forwarding", everywhere))


def first_address(ns: Namespace, family: int, dev: str) -> int | None:
    """A device's first address, to which REDIRECT sends what came in by it (nf_nat_redirect.c)."""
    own = (a.value for d, a in ns.addresses(family) if d.name == dev)
    return next(own, None)


def is_multicast(family: int, value: int) -> bool:
    """A multicast address."""
    return value >> 28 == 0xE if family == 4 else value >> 120 == 0xFF


def is_martian(ns: Namespace, family: int, dst: int, dev: str) -> bool:
    """A destination that no packet from outside may have: loopback's, or 0/8."""
    if family == 6:
        return dst in (0, 1)
    localnet = any(ns.number(f"net.ipv4.conf.{d}.route_localnet") for d in ("all", dev))
    return dst >> 24 == 0 or (dst >> 24 == 127 and not localnet)


def is_refused_unseen(family: int, src: int, dst: int) -> bool:
    """IPv6 from or to loopback, or from a multicast address: no hook sees it if it comes in by a
    device other than lo (net/ipv6/ip6_input.c ip6_rcv_core)."""
    return family == 6 and (1 in (src, dst) or is_multicast(6, src))


def error_of(kind: str) -> str:
    """The ICMP error that a router answers with when it finds no unicast route (ip_error)."""
    return {"prohibit": "admin-prohibited", "unreachable": "host-unreachable", "blackhole": ""}.get(
        kind, "net-unreachable"
    )
