"""What the link that brought a packet tells of it: whether there is an Ethernet address to read, to
whom the frame was addressed, the group of a device (struct net_device, eth_type_trans)."""

from __future__ import annotations

from fwsim.machine import routing
from fwsim.machine.bridging import BROADCAST
from fwsim.machine.buffer import Buffer
from fwsim.machine.world import Device, Namespace
from fwsim.model.names import PACKET_TYPES, ROUTE_TYPES

UNICAST, _BROADCAST, _MULTICAST = (
    PACKET_TYPES.index(name) for name in ("unicast", "broadcast", "multicast")
)


def is_for_another(device: Device | None, mac: str | None) -> bool:
    """A frame to one host's MAC, which is not the device's own; where nobody told either of them,
    it is for the device."""
    if device is None or not (device.ethernet and device.mac and mac):
        return False
    return not int(mac[:2], 16) & 1 and mac != device.mac


def is_ethernet(ns: Namespace, dev: str) -> bool:
    """The device is there and its frames have Ethernet headers; one that nobody described has."""
    device = ns.devices.get(dev)
    return bool(dev) and dev != "lo" and (device is None or device.ethernet)


def group(ns: Namespace, dev: str) -> int:
    """The group that a device belongs to."""
    device = ns.devices.get(dev)
    return device.group if device else 0


def packet_type(ns: Namespace, buffer: Buffer) -> int:
    """To whom the frame was addressed that brought a packet; what the host sends is unicast. Where
    nobody told, it was to whom the IP destination would have it."""
    packet, mac_dst = buffer.packet, buffer.mac_dst
    if buffer.in_ in ("", "lo"):
        return UNICAST
    if mac_dst is None:
        if routing.is_multicast(packet.family, packet.dst):
            return _MULTICAST
        kind = ROUTE_TYPES[routing.address_type(ns, packet.family, packet.dst)]
        return _BROADCAST if kind == "BROADCAST" else UNICAST
    if mac_dst == BROADCAST:
        return _BROADCAST
    for_one = buffer.taken and not routing.is_multicast(packet.family, packet.dst)
    return _MULTICAST if int(mac_dst[:2], 16) & 1 and not for_one else UNICAST
