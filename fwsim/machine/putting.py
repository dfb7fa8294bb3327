"""Putting a packet on a link: to which MAC, and out of which ports of a bridge."""

from __future__ import annotations

from fwsim.machine import bridging
from fwsim.machine.buffer import Buffer
from fwsim.machine.topology import is_open, open_ports, resolve_mac
from fwsim.machine.world import Namespace, World
from fwsim.model.tuples import NamedTuple


class Put(NamedTuple):
    """The ports (the device itself where it has none) and the MAC; `failed`: why it goes nowhere,
    and the error that its sender is told."""

    ports: list[str]
    mac: str | None = None
    failed: tuple[str, str] | None = None


_NOBODY = Put([], None, ("no_neighbour", "host-unreachable"))


def put(world: World, ns: Namespace, buffer: Buffer) -> Put:
    """How the packet in the buffer, which is to leave by `buffer.out`, gets to its next hop."""
    dev, family = buffer.out, buffer.packet.family
    mac = bridging.shared_mac(ns, family, buffer.packet.dst)
    if mac is None:
        mac, _ = resolve_mac(world, ns, dev, family, buffer.hop)
    device = ns.devices.get(dev)
    unseen = world.inferred and not ns.ports(dev)
    if device is not None and device.kind == "bridge" and not unseen:
        ports = bridging.ports_for(world, ns, dev, mac, "") if mac else open_ports(world, ns, dev)
        failed = ("no_port", "") if mac else _NOBODY.failed
        return Put(ports, mac, None if ports else failed)
    if device is not None and mac is None and device.kind != "dummy":
        return Put([dev]) if is_open(world, ns, dev, family, buffer.hop) else _NOBODY
    return Put([dev], mac)
