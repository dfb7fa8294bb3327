"""What the diagram asks of a packet that the host routes, delivers or sends (net/ipv4/ip_input.c,
ip_forward.c, ip_output.c)."""

from __future__ import annotations

from copy import copy

from fwsim.machine import routing
from fwsim.machine.bridged import Bridged
from fwsim.machine.buffer import Buffer
from fwsim.machine.connection import UNTRACKED, Found
from fwsim.machine.netfilter import Netfilter
from fwsim.machine.onward import exceeds_link, obstacle
from fwsim.machine.policy import LOOPBACK, Flow, flow_of
from fwsim.machine.putting import put
from fwsim.machine.words import say
from fwsim.machine.world import shown
from fwsim.model.actions import Tee
from fwsim.model.names import NO_SOCKET
from fwsim.model.trace import Step


class Stack(Bridged):
    """One packet's way: what the diagram asks, and where the packet ended."""

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
            self.record.depends_on.append(say("multicast"))
            return self._end("unknown", "multicast")
        return self._onward(flow, way)

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
        way = routing.lookup(self.ns, flow)
        way = routing.to_many(self.ns, flow, way, raw=self.buffer.raw)
        if not way.sends:
            return self._no_way(way)
        refusal = None if self.buffer.raw else routing.refuses_to_send(self.ns, flow, way)
        if refusal is not None:
            return self._end("dropped", refusal)
        if exceeds_link(self.ns, self.buffer, way):
            return self._end("dropped", "too_big")
        return self._out_by(way)

    def _no_way(self, way: routing.Way, error: str = "") -> str:
        if way.kind == "none" and self.world.inferred:
            dst = shown(self.buffer.packet.dst, self.buffer.packet.family)
            self.record.depends_on.append(say("by_which", address=dst))
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
        out = action.out if action.out in self.ns.devices else ""  # where there is none, by any
        flow = flow_of(packet.but(dst=action.gateway), mark=0)._replace(src=0, oif=out)
        if not (way := routing.lookup(self.ns, flow)).sends:
            self.record.step(Step("copy", data={"back": False}))
            return
        made = Buffer(packet.but(uid=None), found=Found(UNTRACKED), sender=NO_SOCKET)
        made.mark, made.priority, made.teed = buffer.mark, buffer.priority, flow
        sent = self._another(made, Netfilter(*self.netfilter[:3]))
        sent._out_by(way)
        self._beside(sent, "output", back=False)

    def _beside(self, other: Stack, node: str, *, back: bool) -> None:
        """Another packet's way, told with this one's."""
        other.walk(node)
        self.record.matched += other.record.matched
        self.record.policies += other.record.policies
        self.record.depends_on += other.record.depends_on
        self.record.by_chance += other.record.by_chance
        self.passage.emitted += other.passage.emitted
        steps = tuple(other.record.steps)
        self.record.step(Step("copy", children=steps, data={"back": back}))

    def _loop(self) -> str:
        self.buffer.in_, self.buffer.out, self.buffer.looped = self.buffer.out, "", True
        return "routed"
