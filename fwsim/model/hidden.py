"""A packet's bytes where not all of them are known: what nobody told is not zero, but unknown.

Told are the members of `Packet`. Unknown are contents of which only the length is given, what
`Packet` has no member for (the IPv4 identification, DF where it is not set, the IPv6 flow label and
a fragment's identification, an ICMP sequence number), and checksums over any of these.
"""

from __future__ import annotations

from fwsim.model.exthdr import implied
from fwsim.model.packet import DCCP, ICMP, ICMP6, SCTP, TCP, UDP, UDPLITE, Packet
from fwsim.model.tuples import NamedTuple
from fwsim.model.wire import to_bytes

_CHECKSUMS = {TCP: (16, 2), UDP: (6, 2), UDPLITE: (6, 2), ICMP: (2, 2), ICMP6: (2, 2), SCTP: (8, 4)}
_UNTOLD = {ICMP: (6, 2), ICMP6: (6, 2)}  # the sequence number
_HEAD = {SCTP: (4, 4), DCCP: (4, 8)}

# toupper of lib/ctype.c, which knows Latin-1
UPPER = bytes(
    b - 0x20 if chr(b).islower() and b not in (0xAA, 0xB5, 0xBA) else b for b in range(256)
)
_ANY_BIT = b"\0" + b"\xff" * 255


class Bits(NamedTuple):
    """A number of which the bits in `hidden` are unknown (and 0 in `value`)."""

    value: int
    hidden: int = 0

    def __and__(self, mask: int) -> Bits:
        return Bits(self.value & mask, self.hidden & mask)

    def shifted(self, by: int) -> Bits:
        """To the left, to the right where `by` is negative, within 32 bits."""
        if by < 0:
            return Bits(self.value >> -by, self.hidden >> -by)
        return Bits(self.value << by & 0xFFFFFFFF, self.hidden << by & 0xFFFFFFFF)

    def within(self, low: int, high: int) -> bool | None:
        """Whether it lies between, both ends included; None if that depends on hidden bits."""
        least, most = self.value, self.value | self.hidden
        if low <= least and most <= high:
            return True
        if most < low or high < least or not self._agrees(low, high):
            return False
        return None

    def _agrees(self, low: int, high: int) -> bool:
        return low != high or (low & ~self.hidden) == self.value


class Seen(NamedTuple):
    """A packet's bytes; bits set in `hidden` are unknown, and 0 in `data`."""

    data: bytes
    hidden: bytes

    def read(self, at: int, size: int) -> Bits | None:
        """`size` bytes as a number; None if they are not all there."""
        if at + size > len(self.data):
            return None
        both = (raw[at : at + size] for raw in (self.data, self.hidden))
        return Bits(*(int.from_bytes(raw, "big") for raw in both))

    def upper(self) -> Seen:
        """In capitals; of a letter with an unknown bit nothing is known."""
        return Seen(self.data.translate(UPPER), self.hidden.translate(_ANY_BIT))

    def holds(self, wanted: bytes, first: int, end: int) -> bool | None:
        """Whether the bytes stand between two places; None: bytes that nobody told may be they."""
        data, hidden = self.data[first:end], self.hidden[first:end]
        at = data.find(wanted)
        while at >= 0 and any(hidden[at : at + len(wanted)]):
            at = data.find(wanted, at + 1)
        if at >= 0:
            return True
        unknown = [at for at, bits in enumerate(hidden) if bits]
        if not unknown:
            return False
        starts = range(max(0, unknown[0] - len(wanted) + 1), len(data) - len(wanted) + 1)
        return None if any(_may_be(wanted, data, hidden, at) for at in starts) else False


def _may_be(wanted: bytes, data: bytes, hidden: bytes, at: int) -> bool:
    there = zip(wanted, data[at:], hidden[at:], strict=False)
    return all((byte ^ seen) & ~bits == 0 for byte, seen, bits in there)


def seen(packet: Packet) -> Seen:
    """The packet from its IP header on."""
    hidden = _mask(packet)
    data = bytes(b & ~h for b, h in zip(to_bytes(packet), hidden, strict=True))
    return Seen(data, hidden)


def taken_for_header(packet: Packet) -> bytes:
    """What nf_tables takes for the transport header where there is no whole one: what there is of
    it, a later fragment's data, or in IPv6, which finds none in such a fragment, the packet from
    its beginning (nft_set_pktinfo_ipv6)."""
    if packet.family == 6 and packet.frag:
        return to_bytes(packet)
    return packet.payload or bytes(packet.payload_len)


def _mask(p: Packet) -> bytes:
    head, body = _ip(p), _transport(p)
    if any(body) and p.proto in _CHECKSUMS and p.l4_header:
        _hide(body, *_CHECKSUMS[p.proto])
    return bytes(head + body)


def _hide(mask: bytearray, at: int, size: int) -> None:
    mask[at : at + size] = b"\xff" * size


def _ip(p: Packet) -> bytearray:
    mask = bytearray(p.ip_header)
    if p.family == 6:
        mask[1:4] = b"\x0f\xff\xff"
        if implied(p.ext, p.frag, p.more):
            _hide(mask, len(mask) - 4, 4)
        return mask
    _hide(mask, 4, 2)
    mask[6] = 0x80 if p.df else 0xC0  # DF and the bit before it
    _hide(mask, 10, 2)
    return mask


def _transport(p: Packet) -> bytearray:
    mask = bytearray(p.l4_header)
    if mask and p.proto in _UNTOLD and not p.is_icmp_error:
        _hide(mask, *_UNTOLD[p.proto])
    if mask and p.is_icmp_error:
        _hide(mask, 4, 4)
    if mask and p.proto in _HEAD and not p.head:
        _hide(mask, *_HEAD[p.proto])
    if p.inner is not None:
        return mask + _mask(p.inner)
    return mask + (b"\xff" if p.contents is None else b"\0") * p.data_len
