"""What a router asks of a packet before its FORWARD rules see it, in the kernel's order
(net/ipv4/ip_forward.c ip_forward; net/ipv6/ip6_output.c ip6_forward)."""

from __future__ import annotations

from fwsim.machine.buffer import Buffer
from fwsim.machine.linkfacts import UNICAST, packet_type
from fwsim.machine.routefacts import way_mtu
from fwsim.machine.routing import Way, is_link_local
from fwsim.machine.world import Namespace
from fwsim.model.tuples import NamedTuple

_SMALLEST_MTU = {4: 0, 6: 1280}


class Obstacle(NamedTuple):
    """Why a packet is not passed on, and the name of the error that its sender is told."""

    reason: str
    error: str


def obstacle(ns: Namespace, buffer: Buffer, way: Way) -> Obstacle | None:
    """What keeps the packet in a buffer from going that way; None if nothing does. An IPv4 packet
    that may be cut in pieces is never too large."""
    packet, came_by = buffer.packet, buffer.speaks_by or buffer.in_
    if packet_type(ns, buffer) != UNICAST:
        return Obstacle("not_unicast", "")
    if packet.ttl <= 1:
        return Obstacle("ttl", "ttl-exceeded")
    if packet.family == 6 and not packet.src and way.dev != came_by:
        return Obstacle("martian_source", "")
    if is_link_local(packet.family, packet.src) and way.dev != came_by:
        return Obstacle("link_local", "beyond-scope")
    room = max(way_mtu(ns, way), _SMALLEST_MTU[packet.family])
    if packet.length > room and (packet.family == 6 or packet.df):
        return Obstacle("too_big", "too-big")
    return None


def exceeds_link(ns: Namespace, buffer: Buffer, way: Way) -> bool:
    """What the host sends is larger than its device takes, and may not be cut in pieces: its sender
    is told so at once (raw_send_hdrinc; __ip_append_data)."""
    device = ns.devices.get(way.dev)
    whole = buffer.raw or buffer.packet.df
    return bool(whole and device and device.mtu and buffer.packet.length > device.mtu)
