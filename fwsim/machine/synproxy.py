"""What SYNPROXY answers to a SYN (net/netfilter/nf_synproxy_core.c): it offers of its own options
those that the SYN has too, and where both have no timestamps a size alone, since the others are
kept in the timestamp. The sequence number and the timestamp, which carry the cookie, are the host's
secret."""

from __future__ import annotations

from fwsim.machine.answers import answer
from fwsim.machine.tcp_window import each
from fwsim.model.actions import Synproxy
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import Packet

_MSS, _SCALE, _SACK, _TIMESTAMP = (2, 2), (3, 1), (4, 0), (8, 8)  # the kind, and its bytes
_SHIFTED, _FILLED = b"\1\3\3", b"\1\1"
_ECN = TCP_FLAGS["ECE"] | TCP_FLAGS["CWR"]


def agreed(syn: Packet, offer: Synproxy) -> Packet | None:
    """The SYN/ACK."""
    reply = answer(syn)
    if reply is None:
        return None
    asked = {(kind, len(body)): body for kind, body in each(syn.tcp_options)}
    options = b""
    if offer.mss is not None and _MSS in asked:
        options += b"\2\4" + offer.mss.to_bytes(2, "big")
    if not offer.timestamp or _TIMESTAMP not in asked:
        return reply.but(tcp_options=options)
    options += b"\4\2" if offer.sack and _SACK in asked else _FILLED
    options += b"\x08\x0a" + bytes(4) + asked[_TIMESTAMP][:4]
    if offer.wscale is not None and _SCALE in asked:
        options += _SHIFTED + bytes((offer.wscale,))
    careful = offer.ecn and syn.flags & _ECN == _ECN
    return reply.but(tcp_options=options, flags=reply.flags | (TCP_FLAGS["ECE"] if careful else 0))
