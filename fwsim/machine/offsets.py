"""TCP's numbers behind a packet that a helper made longer or shorter
(net/netfilter/nf_conntrack_seqadj.c).

Left out: the numbers within selective acknowledgements.
"""

from __future__ import annotations

from fwsim.machine.tcp_window import after
from fwsim.model.packet import TCP, Packet
from fwsim.model.tuples import NamedTuple

_WORD = 0xFFFFFFFF


class Offset(NamedTuple):
    """By how much one direction's numbers are off: `before` up to the number `at`, `behind` it."""

    at: int = 0
    before: int = 0
    behind: int = 0

    def of(self, number: int) -> int:
        """What is to be added to a number."""
        return self.behind if after(number, self.at) else self.before

    def changed(self, number: int, by: int) -> Offset:
        """After a packet of that number has grown."""
        if self.before != self.behind and not after(number, self.at):
            return self  # it was sent again
        return Offset(number, self.behind, self.behind + by)


Offsets = tuple[Offset, Offset]
NO_OFFSETS: Offsets = (Offset(), Offset())


def grown(offsets: Offsets, reply: bool, number: int, by: int) -> Offsets:
    """The offsets after a packet in that direction has grown."""
    changed = offsets[reply].changed(number, by)
    return (offsets[0], changed) if reply else (changed, offsets[1])


def unmoved(packet: Packet, offsets: Offsets, reply: bool) -> Packet:
    """The packet with what it acknowledges as its sender sent it."""
    acknowledged = packet.ack - offsets[not reply].of(packet.ack - 1 & _WORD)
    return packet.but(ack=acknowledged & _WORD)


def moved(packet: Packet, offsets: Offsets, reply: bool) -> Packet:
    """nf_ct_seq_adjust: the packet as the other end has to see it."""
    if packet.proto != TCP or packet.frag or packet.truncated:
        return packet
    other = offsets[not reply]
    ack = packet.ack - other.of(packet.ack - other.before & _WORD)
    return packet.but(seq=packet.seq + offsets[reply].of(packet.seq) & _WORD, ack=ack & _WORD)
