"""What routes tell of a packet besides its way: whether an answer would go back as it came, the
realms of its route, the MTU of its path."""

from __future__ import annotations

from fwsim.machine import routing
from fwsim.machine.policy import LOOPBACK, Flow
from fwsim.machine.routing import UNREACHABLE_KINDS, Way
from fwsim.machine.world import Namespace
from fwsim.model.packet import Packet

_LARGEST_MTU = 0xFFFF
_USUAL_MTU = 1500


# the way back


def reverse_path(
    ns: Namespace, packet: Packet, dev: str, mark: int, *, loose: bool, local: bool
) -> bool:
    """Whether an answer to the source would leave by `dev`, or if `loose` by any device; `local`
    admits sources that are the host's own (ipt_rpfilter.c, ip6t_rpfilter.c)."""
    if _is_exempt(packet, dev):
        return True
    back = _back4(ns, packet, mark) if packet.family == 4 else _back6(ns, packet, dev, mark, loose)
    if back.kind == "local":
        return local and (loose or packet.family == 6 or back.dev == dev)
    return back.kind == "unicast" and (loose or back.dev == dev)


def _is_exempt(packet: Packet, dev: str) -> bool:
    """What asks for an address while it has none may come by any device, as may what lo brings."""
    if dev == LOOPBACK or packet.family == 6:
        return dev == LOOPBACK or not packet.src
    to_all = packet.dst == 0xFFFFFFFF or packet.dst >> 8 == 0xE00000
    return not packet.src and to_all


def _back4(ns: Namespace, packet: Packet, mark: int) -> Way:
    shared = packet.dst == 0xFFFFFFFF or packet.dst >> 28 == 0xE or not packet.dst
    src = 0 if shared else packet.dst
    return routing.lookup(ns, Flow(4, packet.src, src, mark=mark, tos=packet.tos))


def _back6(ns: Namespace, packet: Packet, dev: str, mark: int, loose: bool) -> Way:
    """A link-local source is looked for on the device alone; of several routes to the same prefix,
    one by the device is taken (rt6_device_match)."""
    src = 0 if routing.is_multicast(6, packet.dst) else packet.dst
    own_link = packet.src >> 118 == 0xFE80 >> 6
    flow = Flow(6, packet.src, src, oif=dev if own_link else "", mark=mark, proto=packet.proto)
    back = routing.lookup(ns, flow)
    if loose or back.route is None:
        return back
    prefix = back.route.table, back.route.dst, back.route.length
    beside = (r for r in ns.routes[6] if r.dev == dev and (r.table, r.dst, r.length) == prefix)
    route = next(beside, back.route)
    return back._replace(kind=route.kind, dev=route.dev, route=route)


# realms


def realm(ns: Namespace, packet: Packet, hook: str, dev: str, flow: Flow) -> int:
    """The destination's realm and, in the upper half, the source's, for a packet that came in by
    `dev` ("": the host sends it) and was routed by `flow`. Those of the route go before those of
    the way back (rt_set_nexthop, fib_combine_itag)."""
    sent = dev in ("", LOOPBACK)
    way = routing.lookup(ns, flow)
    onward = way.route.realms if way.route and (sent or hook != "INPUT") else 0
    if sent:
        return onward
    back = routing.lookup(ns, Flow(4, packet.src, packet.dst, tos=packet.tos))
    source = (back.route.realms & 0xFFFF) << 16 if back.route else 0
    return onward if onward >> 16 else onward | source


# MTU


def path_mtu(ns: Namespace, packet: Packet, flow: Flow) -> int:
    """The smaller MTU of the way on and of the way back (tcpmss_reverse_mtu)."""
    on = routing.lookup(ns, flow)
    back = routing.lookup(ns, Flow(packet.family, packet.src))
    return min(way_mtu(ns, way) for way in (on, back))


def device_mtu(ns: Namespace, dev: str) -> int:
    """A device's MTU, the usual one where nobody told."""
    device = ns.devices.get(dev)
    return device.mtu if device and device.mtu else _USUAL_MTU


def way_mtu(ns: Namespace, way: Way) -> int:
    """The largest packet that goes that way (ip_dst_mtu_maybe_forward)."""
    if way.kind in ("local", "none", *UNREACHABLE_KINDS):
        return _LARGEST_MTU
    own = way.route.mtu if way.route else 0
    return min(own or device_mtu(ns, way.dev), _LARGEST_MTU)
