"""What the diagram asks of a frame that comes to a port of a bridge, with br_netfilter or without
(net/bridge/br_input.c, br_forward.c, br_netfilter_hooks.c)."""

from __future__ import annotations

from copy import copy

from fwsim.machine import bridging, linkfacts, routing
from fwsim.machine.policy import LOOPBACK
from fwsim.machine.topology import open_ports, resolve_mac
from fwsim.machine.walker import Walker
from fwsim.model.trace import Step


class Bridged(Walker):
    """The answers that concern bridges."""

    def _arrival(self) -> str:
        device = self.ns.devices.get(self.buffer.in_)
        if device is None or not device.master:
            packet = self.buffer.packet
            if linkfacts.is_for_another(device, self.buffer.mac_dst):
                return self._end("dropped", "other_mac")
            if routing.is_refused_unseen(packet.family, packet.src, packet.dst):
                return self._end("dropped", "martian_destination")
            return "routed"
        port, bridge = device.name, device.master
        family = self.buffer.packet.family
        self.buffer.in_ = bridge
        if self.buffer.mac_dst is None:
            self.buffer.mac_dst = bridging.asked_for(
                self.world, self.ns, bridge, self.buffer.packet
            )
        if bridging.sees(self.ns, family):
            self.buffer.physin = port
            self.bridged_to = self.buffer.packet.dst
            return "bridged"
        self.ports = self._ports(bridge, port)
        if bridging.is_for_all(self.ns, self.buffer):
            self._branch("prerouting")
        return "unseen" if self.ports or not self._is_ours(bridge) else "routed"

    def _branch(self, node: str, out: str = "", port: str = "") -> None:
        """A copy of the frame goes its own way from here."""
        own = copy(self.buffer)
        own.out, own.physout = out, port
        other = self._another(own, self.netfilter)
        other.ports = [port]
        self.branches.append((other, node))

    def _is_ours(self, bridge: str) -> bool:
        return bridging.is_own(self.ns, bridge, self.buffer.mac_dst)

    def _ports(self, bridge: str, came_by: str) -> list[str]:
        if self._is_ours(bridge):
            return []
        return bridging.ports_for(self.world, self.ns, bridge, self.buffer.mac_dst, came_by)

    def _bridge(self) -> str:
        """br_nf_pre_routing_finish: after DNAT, the new destination decides anew."""
        bridge, packet = self.buffer.in_, self.buffer.packet
        if packet.dst != self.bridged_to:
            flow = self.buffer.flow(bridge)
            way = routing.lookup(self.ns, flow)
            routed = way.kind == "unicast" and packet.family == 4
            if routed and not routing.forwards(self.ns, 4, bridge):
                return self._end("dropped", "not_forwarding")
            if self._refuses(flow, way.dev if way.kind == "unicast" else LOOPBACK):
                return ""
            if way.dev != bridge or way.kind != "unicast":
                self.buffer.mac_dst = self.ns.devices[bridge].mac
                self.buffer.speaks_by = way.dev  # ip6_rcv_core takes its iif from the new route
                return "up"
            found = resolve_mac(self.world, self.ns, bridge, packet.family, way.hop)
            self.buffer.mac_dst, self.buffer.routed_across = found[0], True
            if found[0] is None and not open_ports(self.world, self.ns, bridge):
                return self._end("dropped", "no_neighbour")
        if self._is_ours(bridge):
            return "up"
        self.ports = self._ports(bridge, self.buffer.physin)
        for_all = bridging.is_for_all(self.ns, self.buffer)
        if not self.ports:
            return "up" if for_all else self._end("dropped", "no_port")
        for port in self.ports[1:]:
            self._branch("bridge forward", bridge, port)
        if for_all:
            self._branch("route in")
        self.ports = self.ports[:1]
        self.record.step(Step("bridge", data={"bridge": bridge, "port": self.ports[0]}))
        self.buffer.out, self.buffer.physout = bridge, self.ports[0]
        return "across"

    def _leave_port(self, fate: str = "forwarded") -> str:
        for port in self.ports:
            self._emit(port)
        return self._end(fate)
