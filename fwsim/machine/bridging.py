"""A bridge's own questions: whose MAC is it, which ports does it reach, do iptables see the frame
(net/bridge/br_input.c br_handle_frame_finish, br_fdb.c, br_forward.c should_deliver)."""

from __future__ import annotations

from fwsim.machine import routing
from fwsim.machine.buffer import Buffer
from fwsim.machine.topology import resolve_mac
from fwsim.machine.wires import is_shared, reach
from fwsim.machine.world import Device, Namespace, World
from fwsim.model.packet import Packet

BROADCAST = "ff:ff:ff:ff:ff:ff"


def sees(ns: Namespace, family: int) -> bool:
    """br_netfilter shows bridged packets of this family to iptables."""
    name = "bridge-nf-call-iptables" if family == 4 else "bridge-nf-call-ip6tables"
    return bool(ns.number(f"net.bridge.{name}"))


def is_own(ns: Namespace, bridge: str, mac: str | None) -> bool:
    """The MAC is the bridge's or one of its ports': such frames go up to the host's own stack."""
    own = {ns.devices[bridge].mac} if bridge in ns.devices else set()
    return mac in own | {port.mac for port in ns.ports(bridge)} if mac else False


def asked_for(world: World, ns: Namespace, bridge: str, packet: Packet) -> str:
    """The MAC a sender's ARP would have found: of the destination itself if it is on this bridge's
    subnet, else of the gateway, which is the bridge."""
    mac = shared_mac(ns, packet.family, packet.dst)
    if mac is not None:
        return mac
    own = ns.devices[bridge].mac if bridge in ns.devices else ""
    if routing.own_address(ns, packet.family, packet.dst):
        return own
    if not _on_link(ns, bridge, packet):
        return own
    mac, _ = resolve_mac(world, ns, bridge, packet.family, packet.dst)
    return mac or BROADCAST


def shared_mac(ns: Namespace, family: int, dst: int) -> str | None:
    """The Ethernet address of all, or of a multicast group (RFC 1112, RFC 2464); None for an
    address of one host."""
    if routing.is_multicast(family, dst):
        prefix, low = (0x01005E, dst & 0x7FFFFF) if family == 4 else (0x3333, dst & 0xFFFFFFFF)
        octets = (prefix << (24 if family == 4 else 32) | low).to_bytes(6, "big")
        return octets.hex(":")
    return BROADCAST if routing.is_broadcast(ns, family, dst) else None


def is_for_all(ns: Namespace, buffer: Buffer) -> bool:
    """The host itself takes the frame too, beside those to whom the bridge sends it."""
    packet, mac = buffer.packet, buffer.mac_dst
    if mac is None or not is_shared(mac):
        return False
    own = routing.own_address(ns, packet.family, packet.dst)
    return buffer.taken or own or shared_mac(ns, packet.family, packet.dst) is not None


def _on_link(ns: Namespace, bridge: str, packet: Packet) -> bool:
    bits = 32 if packet.family == 4 else 128
    return any(
        packet.dst >> (bits - a.length) == a.value >> (bits - a.length)
        for d, a in ns.addresses(packet.family)
        if d.name == bridge
    )


def ports_for(world: World, ns: Namespace, bridge: str, mac: str | None, came_by: str) -> list[str]:
    """The ports that a frame to `mac` leaves by: the one that the forwarding database knows, or
    the one behind which the MAC is, else all but the one it came by; if nobody told the MAC, those
    behind which there may be somebody of whom nobody told."""
    ports = [p for p in ns.ports(bridge) if p.up and (mac or reach(world, ns, p).open)]
    known = ns.fdb.get((bridge, mac or "")) or _behind(world, ns, ports, mac)
    if known:
        allowed = known != came_by or ns.devices[known].hairpin
        return [known] if allowed else []
    return [p.name for p in ports if p.name != came_by or p.hairpin]


def _behind(world: World, ns: Namespace, ports: list[Device], mac: str | None) -> str:
    for port in ports:
        if mac and any(mac == device.mac for _, device in reach(world, ns, port).inside):
            return port.name
    return ""
