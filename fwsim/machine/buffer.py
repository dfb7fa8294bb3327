"""A packet inside a host, with what the kernel hangs onto it (struct sk_buff)."""

from __future__ import annotations

from fwsim.machine import routing
from fwsim.machine.connection import Found
from fwsim.machine.policy import LOOPBACK, Flow, flow_of
from fwsim.model.actions import Template
from fwsim.model.names import PROCESS
from fwsim.model.packet import Packet


class Buffer:
    """A packet inside a host, with what the kernel hangs onto it (struct sk_buff): devices by
    name, "" for none; `found` what conntrack said, None before it was asked; `template` what a
    rule told conntrack beforehand; `rerouted` is where a change in OUTPUT leads it; `speaks_by`
    the device whose address IPv6 errors about it bear, where that is not `in_`; `sender` who on
    this host sends it (names.SENDERS), and `bound` the device that it must leave by, if any;
    `diverted` is the packet as it would be addressed to the socket that TPROXY gave it to;
    `raw`: its sender wrote its IP header too, of which routing knows the destination alone;
    `comes_back`: it is a copy for the host itself of what it sends to all; `routed_across`: it
    crosses a bridge, but DNAT had it routed; `routed_mark` is the mark with which it was;
    `teed` is by what TEE routed it, if it is a copy of another; `taken`: it counts as one to the
    host, though its frame was addressed to many; `spoiled` by how much its transport checksum,
    which covers its addresses, is wrong by now, and `summed` the TOS and TTL with which that was
    last looked at."""

    def __init__(
        self,
        packet: Packet,
        in_: str = "",
        *,
        mac_dst: str | None = None,
        found: Found | None = None,
        sender: int = PROCESS,
        bound: str = "",
    ) -> None:
        self.packet, self.in_, self.out = packet, in_, ""
        self.physin = self.physout = self.speaks_by = ""
        self.mark = self.routed_mark = self.priority = self.spoiled = 0
        self.summed: tuple[int, int] | None = None
        self.found = found
        self.template: Template | None = None
        self.rerouted: routing.Way | None = None
        self.hop, self.mac_dst = 0, mac_dst
        self.looped = self.comes_back = self.routed_across = self.raw = self.taken = False
        self.diverted: Packet | None = None
        self.teed: Flow | None = None
        self.sender, self.bound = sender, bound

    @property
    def is_wrong(self) -> bool:
        """Its checksum is wrong, and nobody took it for right before it became so."""
        return bool(self.spoiled) and self.summed is None

    def sums_up(self) -> bool:
        """nf_ip6_checksum, which a change of addresses deceives where the rest of the IP header is
        as it was when conntrack took the sum."""
        before, self.summed = self.summed, (self.packet.tos, self.packet.ttl)
        return not self.spoiled or before == self.summed

    @property
    def routed_by(self) -> Flow:
        """What it was routed by."""
        return self.teed or flow_of(self.packet, self.in_ or LOOPBACK, self.routed_mark)

    def flow(self, dev: str = LOOPBACK) -> Flow:
        """What it is routed by, now."""
        self.routed_mark, self.teed = self.mark, None
        return flow_of(self.packet, dev, self.mark)
