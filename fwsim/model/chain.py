"""How the kernel finds its way through a packet's IPv6 extension headers (ipv6_find_hdr in
net/ipv6/exthdrs_core.c)."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.model.exthdr import (
    EXTENSIONS,
    FRAGMENT,
    NONE,
    ROUTING,
    Ext,
    fragment,
    implied,
    octets,
    written,
)
from fwsim.model.packet import ICMP6, TCP, UDP, Packet
from fwsim.model.tuples import NamedTuple

_HEADERS = {TCP: 20, UDP: 8, ICMP6: 8}
_LEAST = {ROUTING: 4, FRAGMENT: 4}  # what is read of a header to step over it


def whole(packet: Packet, ident: int = 0) -> Ext:
    """All extension headers; `ident` is the identification of a fragment's that is left out."""
    if packet.family == 4 or not implied(packet.ext, packet.frag, packet.more):
        return packet.ext
    return (*packet.ext, fragment(packet.frag, packet.more, ident))


def steps(packet: Packet) -> Iterator[tuple[int, bytes]]:
    """Each extension header's number and what there is from there on of the headers; at last the
    number behind them, or -1 where a header is cut off."""
    kind, body = written(whole(packet), packet.proto)
    if not packet.frag and packet.proto in EXTENSIONS:
        body += packet.payload or bytes(packet.payload_len)
    while kind in EXTENSIONS:
        if len(body) < _LEAST.get(kind, 2):
            kind = -1
            break
        yield kind, body
        later = kind == FRAGMENT and int.from_bytes(body[2:4], "big") >> 3
        kind, body = body[0], body[octets(kind, body) :]
        if later:
            break
    yield -1 if kind in EXTENSIONS else kind, b""


def final(packet: Packet) -> int:
    """The number of the protocol behind all headers; -1 if they cannot be followed."""
    if packet.family == 4 or packet.proto not in EXTENSIONS:
        return packet.proto
    return list(steps(packet))[-1][0]


class Found(NamedTuple):
    """A header: what there is of the headers from its first byte on, and how many bytes there are
    to the packet's end."""

    data: bytes
    left: int


def find(packet: Packet, kind: int) -> Found | None:
    """The first header of that number; None if there is none. Where a header before it is cut
    off, what is found has no bytes."""
    at = -1
    cut_off = packet.proto in EXTENSIONS and not packet.frag  # the last is among the steps
    for at, data in steps(packet):
        if at == kind and data:
            return Found(data, len(data) + (0 if cut_off else packet.length - packet.ip_header))
    return Found(b"", 0) if at < 0 and cut_off else None


def begins_cut_off(packet: Packet) -> bool:
    """A fragment header that is cut off, and says of itself that it is a first one of a protocol
    that has no header then (ipv6frag_thdr_truncated)."""
    data = packet.payload or bytes(packet.payload_len)
    first = len(data) >= _LEAST[FRAGMENT] and not int.from_bytes(data[2:4], "big") >> 3
    return first and data[0] not in (*EXTENSIONS, NONE)


def is_bare(packet: Packet) -> bool:
    """Nothing follows its IP header."""
    return packet.length == (20 + len(packet.ip_options) if packet.family == 4 else 40)


def identification(packet: Packet) -> int | None:
    """What the fragments of one datagram have in common; None where nobody told."""
    told = (data[3:] for kind, data in packet.ext if kind == FRAGMENT)
    return next((int.from_bytes(data, "big") for data in told), None)


def is_odd_fragment(packet: Packet) -> bool:
    """A fragment of IPv6 that nobody puts together with others: a first one without the whole
    header of its protocol (ipv6frag_thdr_truncated), or one that others are to follow, though its
    data is no multiple of 8 bytes (nf_ct_frag6_queue)."""
    found = find(packet, FRAGMENT) if packet.family == 6 else None
    if found is None:
        return False
    if packet.more and found.left % 8:
        return True
    there = packet.length - packet.ip_header
    shows = not packet.frag and packet.proto not in (*EXTENSIONS, NONE)
    return shows and there < _HEADERS.get(packet.proto, 1)


def reassembled(packet: Packet) -> Packet:
    """A packet in one piece, without the header of a fragment that it has all the same."""
    at = next((n for n, (kind, _) in enumerate(packet.ext) if kind == FRAGMENT), None)
    return packet if at is None else packet.but(ext=packet.ext[:at] + packet.ext[at + 1 :])
