"""One packet through one host: the diagram of fwsim.machine.hooks, walked.

What the diagram asks is answered here: routing (net/ipv4/ip_input.c, ip_forward.c, ip_output.c) and
the bridge with br_netfilter (net/bridge/br_input.c, br_forward.c, br_netfilter_hooks.c).
"""

from __future__ import annotations

from copy import copy

from fwsim.machine import bridging, linkfacts, routing
from fwsim.machine.buffer import Buffer
from fwsim.machine.connection import UNTRACKED, Found
from fwsim.machine.hooks import DIAGRAM, Hook
from fwsim.machine.netfilter import Netfilter
from fwsim.machine.onward import obstacle
from fwsim.machine.passage import Passage
from fwsim.machine.policy import LOOPBACK, Flow, flow_of
from fwsim.machine.putting import put
from fwsim.machine.record import Record
from fwsim.machine.topology import open_ports, resolve_mac
from fwsim.machine.world import Namespace, World, shown
from fwsim.model.actions import Tee
from fwsim.model.trace import Emitted, Step

_ENDS = {
    "DROP": "dropped", "REJECT": "rejected", "QUEUE": "consumed",
    "STOLEN": "consumed", "HELD": "consumed", "UNKNOWN": "unknown",
}  # fmt: skip


class Stack:
    """One packet's way: what the diagram asks, and where the packet ended."""

    def __init__(
        self, world: World, ns: Namespace, netfilter: Netfilter, buffer: Buffer, record: Record
    ) -> None:
        self.world, self.ns, self.netfilter = world, ns, netfilter
        self.buffer, self.record = buffer, record
        self.passage = Passage(ns.name, record, buffer, netfilter.moment)
        self.local = not buffer.in_
        self.bridged_to = 0  # the destination as the frame came in, to notice DNAT
        self.ports: list[str] = []
        self.way, self.branches = routing.NO_WAY, list[tuple[Stack, str]]()

    def walk(self, node: str) -> None:
        """Go on from a node of the diagram to the packet's end, and that of its copies."""
        self._walk(node if self._are_rules_told() else "")
        for other, start in self.branches:
            other.walk(start)
            self.passage.beside.append(other.passage)

    def _walk(self, node: str) -> None:
        while node:
            step = DIAGRAM[node]
            if isinstance(step, Hook):
                verdict = self.netfilter.run(step.hook, self.buffer, self.record)
                if verdict != "ACCEPT":
                    self._end(_ENDS[verdict], self.record.reason)
                    return
                node = step.then
            else:
                answer: str = getattr(self, f"_{step.question}")()
                node = step.then.get(answer, "")

    def _are_rules_told(self) -> bool:
        """Rules of one family say nothing of the other's; then that was the packet's end."""
        untold = self.world.untold_rules(self.ns, self.buffer.packet.family)
        if untold:
            self.record.depends_on.append(f"{untold}, which nobody told")
            self._end("unknown", "no_rules")
        return not untold

    def _end(self, fate: str, reason: str = "", error: str = "") -> str:
        self.passage.fate, self.passage.reason, self.passage.error = fate, reason, error
        self.record.step(Step("end", data={"fate": fate, "reason": reason}))
        return ""

    # -- coming in

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

    def _route_in(self) -> str:
        if self.buffer.looped:
            return self._local()
        packet = self.buffer.packet
        if self.buffer.physin and routing.is_refused_unseen(packet.family, packet.src, packet.dst):
            return self._end("dropped", "martian_destination")  # ip6_rcv, once it is handed up
        flow = self.buffer.flow(self.buffer.in_)
        if (refusal := routing.martian(self.ns, flow)) is not None:
            return self._end("dropped", refusal)
        bound = routing.bound_to(packet.family, packet.dst, flow.iif)
        way = routing.lookup(self.ns, flow._replace(oif=bound))
        everyone = routing.is_for_everyone(packet.family, packet.src, packet.dst)
        everyone = everyone or routing.joins(self.ns, packet.family, packet.dst, flow.iif)
        if everyone or way.kind in ("local", "broadcast", "anycast"):
            return "" if self._refuses(flow, LOOPBACK) else self._local()
        if routing.is_multicast(packet.family, packet.dst):
            self.record.depends_on.append("multicast routing is not modelled")
            return self._end("unknown", "multicast")
        return self._onward(flow, way)

    def _refuses(self, flow: Flow, out: str) -> bool:
        """Its source may not come in by its device: then that was its end."""
        refusal = routing.unexpected(self.ns, flow, out)
        if refusal is not None:
            self._end("dropped", refusal)
        return refusal is not None

    def _local(self) -> str:
        """ip_local_deliver: an IPv4 fragment waits for its others before INPUT."""
        packet = self.buffer.packet
        if packet.family == 4 and (packet.frag or packet.more):
            return self._end("consumed", "fragment")
        return "local"

    def _onward(self, flow: Flow, way: routing.Way) -> str:
        if not routing.forwards(self.ns, flow.family, flow.iif):
            return self._end("dropped", "not_forwarding")
        if way.kind != "unicast":
            return self._no_way(way, routing.error_of(way.kind))
        if self._refuses(flow, way.dev):
            return ""
        self._take(way)
        return "forward"

    def _take(self, way: routing.Way) -> None:
        self.way, self.buffer.out, self.buffer.hop = way, way.dev, way.hop
        self.record.step(routing.told(way, self.buffer.packet))

    def _age(self) -> str:
        stopped = obstacle(self.ns, self.buffer, self.way)
        if stopped is not None:
            return self._end("dropped", *stopped)
        self.buffer.packet = self.buffer.packet.but(ttl=self.buffer.packet.ttl - 1)
        return "alive"

    def _deliver(self) -> str:
        return self._end("delivered")

    # -- going out

    def _route_out(self) -> str:
        flow = self.buffer.flow()._replace(oif=self.buffer.bound)
        way = routing.to_many(flow, routing.lookup(self.ns, flow))
        if not way.sends:
            return self._no_way(way)
        refusal = None if self.buffer.raw else routing.refuses_to_send(self.ns, flow, way)
        if refusal is not None:
            return self._end("dropped", refusal)
        return self._out_by(way)

    def _no_way(self, way: routing.Way, error: str = "") -> str:
        if way.kind == "none" and self.world.inferred:
            dst = shown(self.buffer.packet.dst, self.buffer.packet.family)
            self.record.depends_on.append(f"by which device {dst} is reached (--in, --out)")
            return self._end("unknown", "not_told")
        return self._end("dropped", f"route_{way.kind}", error)

    def _out_by(self, way: routing.Way) -> str:
        if way.kind in ("local", "anycast"):
            way = routing.Way("local", "lo", self.buffer.packet.dst)
        self._take(way)
        return "routed"

    def _reroute(self) -> str:
        """What OUTPUT's rules changed may have led to another way."""
        way, self.buffer.rerouted = self.buffer.rerouted, None
        answer = self._out_by(way) if way else "routed"
        packet, out = self.buffer.packet, self.buffer.out
        if out != LOOPBACK and routing.is_broadcast(self.ns, packet.family, packet.dst):
            own = copy(self.buffer)  # a broadcast is for the host too (ip_mc_output)
            own.comes_back = True
            self._beside(self._another(own, self.netfilter), "postrouting", back=True)
        return answer

    def _transmit(self) -> str:
        if self.buffer.out == LOOPBACK or self.buffer.comes_back:
            return "loop"
        self.ports, self.buffer.mac_dst, failed = put(self.world, self.ns, self.buffer)
        if failed:
            return self._end("dropped", *failed)
        return self._leave_port("sent" if self.local else "forwarded")

    def copy(self, hook: str, action: Tee) -> None:
        """nf_dup_ipv4, nf_dup_ipv6: a copy of the packet goes out on its own, by way of a gateway,
        untracked and through the hooks of what the host sends; there it is not copied again."""
        buffer, packet = self.buffer, self.buffer.packet
        if hook in ("PREROUTING", "INPUT"):
            packet = packet.but(ttl=packet.ttl - 1 & 0xFF)
        flow = flow_of(packet.but(dst=action.gateway), mark=0)._replace(src=0, oif=action.out)
        if not (way := routing.lookup(self.ns, flow)).sends:
            self.record.step(Step("copy", data={"back": False}))
            return
        made = Buffer(packet, found=Found(UNTRACKED))
        made.mark, made.priority = buffer.mark, buffer.priority
        sent = self._another(made, Netfilter(*self.netfilter[:3]))
        sent._out_by(way)
        self._beside(sent, "output", back=False)

    def _another(self, buffer: Buffer, netfilter: Netfilter) -> Stack:
        return Stack(self.world, self.ns, netfilter, buffer, Record(self.record.explain))

    def _beside(self, other: Stack, node: str, *, back: bool) -> None:
        """Another packet's way, told with this one's."""
        other.walk(node)
        self.record.matched += other.record.matched
        self.record.policies += other.record.policies
        self.passage.emitted += other.passage.emitted
        steps = tuple(other.record.steps)
        self.record.step(Step("copy", children=steps, data={"back": back}))

    def _emit(self, dev: str) -> None:
        packet, mac = self.buffer.packet, self.buffer.mac_dst
        if packet.uid is not None:
            packet = packet.but(uid=None)  # nobody beyond this host knows who sent it
        self.passage.emitted.append(Emitted(self.ns.name, dev, packet, mac))
        self.record.step(Step("leave", after=packet, data={"dev": dev}))

    def _loop(self) -> str:
        self.buffer.in_, self.buffer.out, self.buffer.looped = self.buffer.out, "", True
        return "routed"
