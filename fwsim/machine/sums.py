"""Whether a packet's checksum is right as REJECT takes it: where it is not, no ICMP error is sent
(nf_reject_verify_csum, net/ipv4/netfilter/nf_reject_ipv4.c and its IPv6 twin).

What a network card has vouched for already is not looked at, and no packet tells; here nothing has.
"""

from __future__ import annotations

from fwsim.model.exthdr import NONE
from fwsim.model.packet import DCCP, ICMP, ICMP6, SCTP, TCP, UDP, UDPLITE, Packet
from fwsim.model.wire import checksum, pseudo, transport

_GRE, _ESP, _AH = 47, 50, 51
_OTHERWISE = frozenset({_GRE, _ESP, _AH, SCTP, UDPLITE})
"""Protocols whose checksum is none over the whole, or that have none."""
_RIGHT = {4: frozenset({ICMP, TCP, UDP}), 6: frozenset({ICMP6, TCP, UDP})}
"""Protocols whose checksum is right in every whole packet here."""


def sums_up(packet: Packet, spoiled: bool = False) -> bool:
    """The checksum is right, or nobody asks for it. Contents that nobody told are taken to be.
    `spoiled`: rules made it wrong, and conntrack has not looked at it before."""
    if packet.family == 6 and _is_bare(packet):
        return False
    if packet.proto in _OTHERWISE:
        return True
    if packet.truncated or packet.more or spoiled:
        return False
    untold = packet.contents is None or (packet.proto == DCCP and not packet.head)
    if packet.proto in _RIGHT[packet.family] or untold:
        return True
    body = transport(packet)
    covered = pseudo(packet, len(body)) if packet.family == 6 else b"\xff\xff"  # IPv4's own header
    return not checksum(covered + body)


def _is_bare(packet: Packet) -> bool:
    """Nothing stands behind its headers, or they are cut off (ipv6_skip_exthdr)."""
    return packet.proto == NONE or packet.length == packet.ip_header
