"""Does a TCP segment fit what its connection has shown so far? Sequence numbers, windows, options.

Follows `tcp_in_window`, `tcp_init_sender`, `tcp_options` and `tcp_sack` of Linux 6.18's
net/netfilter/nf_conntrack_proto_tcp.c. Conntrack stands between the ends: of each it keeps how far
it has sent, how far the other end lets it send, and the widest window it has offered. All numbers
are modulo 2**32. Left out: the sequence offsets of NAT helpers (nf_ct_seqadj) and SYNPROXY.

`fit` judges one segment, whatever it is; `slide` moves both records by segments in a row, and holds
the one judgement that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

FIN, SYN, RST, ACK = (TCP_FLAGS[name] for name in ("FIN", "SYN", "RST", "ACK"))
_MASK = 0xFFFFFFFF
_SIGN = 0x80000000
_LEAST_ACK_WINDOW = 66000  # how far behind an acknowledgement may always be
_LARGEST_SCALE = 14  # RFC 7323
_new = tuple.__new__  # a record without its constructor's call, for what every segment makes
_END, _NOP, _SCALE, _SACK_PERMITTED, _SACK = 0, 1, 3, 4, 5

Fit = Literal["fits", "tolerated", "late", "outside"]
"""`fits`: in the window, and the records have moved. `tolerated`: let through without a look at the
window, or in spite of it. `late`: outside, but harmless and passed on. `outside`: INVALID."""


class Side(NamedTuple):
    """What one end has shown. `end`: one past the highest sequence number sent; `maxend`: how far
    the other end lets it send; `maxwin`: the widest window it offered, 0 before its first segment;
    `maxack`: its highest acknowledgement; `scale`: its window shift; `scales`, `sacks`: its SYN
    carried that option; `liberal`: picked up midway, windows unknown; `closed_first`: its FIN came
    first; `unacked`: it waits for an acknowledgement."""

    end: int = 0
    maxend: int = 0
    maxwin: int = 0
    maxack: int | None = None
    scale: int = 0
    scales: bool = False
    sacks: bool = False
    liberal: bool = False
    closed_first: bool = False
    unacked: bool = False


class Segment(NamedTuple):
    """A packet's TCP header as numbers: `end` is one past its last sequence number (SYN and FIN
    count), `sack` the highest byte acknowledged, selectively or not, `win` the unscaled window."""

    flags: int
    seq: int
    end: int
    ack: int
    sack: int
    win: int
    options: bytes

    @classmethod
    def of(cls, packet: Packet) -> Segment:
        """Read a packet; selective acknowledgements are added by `fit`."""
        length = packet.data_len + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        end = (packet.seq + length) & _MASK
        return cls(
            packet.flags, packet.seq, end, packet.ack, packet.ack, packet.window,
            packet.tcp_options,
        )  # fmt: skip


def after(a: int, b: int) -> bool:
    """`a` lies ahead of `b`, by less than half of the sequence space."""
    return bool((b - a) & _SIGN)


def announced(options: bytes) -> tuple[int | None, bool]:
    """What a SYN's options offer: the window shift (None: no scaling), and selective ACKs."""
    scale, sacks = None, False
    for kind, body in each(options):
        if kind == _SCALE and len(body) == 1:
            scale = min(body[0], _LARGEST_SCALE)
        elif kind == _SACK_PERMITTED and not body:
            sacks = True
    return scale, sacks


def fit(
    sender: Side, receiver: Side, segment: Segment, *, reply: bool, state: str, be_liberal: bool
) -> tuple[Fit, Side, Side]:
    """Judge a segment; the records come back as the kernel leaves them, moved even by a refusal.

    `reply`: it goes against the connection's original direction; `state`: the connection's;
    `be_liberal`: the sysctl of that name."""
    if receiver.sacks and _SACK in segment.options:  # else no option is one
        segment = segment._replace(sack=highest(segment.ack, segment.options))
    flags = segment.flags
    if flags & SYN or not sender.maxwin:
        sender, receiver, settled = _meet(sender, receiver, segment, reply, state)
        if settled:
            return "tolerated", sender, receiver
    if flags & (ACK | RST) != ACK:
        segment = _completed(sender, receiver, segment, state)
    _, seq, end, ack, sack, win, _ = segment
    offered = win if flags & SYN else win << sender.scale
    slid = slide((sender, receiver), ((False, seq, end, ack, sack, offered),))
    if slid.refusal is None:
        moved, receiver = slid.sides
        return "fits", moved if flags & ACK else moved._replace(maxack=sender.maxack), receiver
    if slid.refusal == "late" and slid.beyond:
        sender = sender._replace(end=end, unacked=True)
    tolerant = sender.liberal or be_liberal
    return ("tolerated" if tolerant else slid.refusal), sender, receiver


def _meet(
    sender: Side, receiver: Side, segment: Segment, reply: bool, state: str
) -> tuple[Side, Side, bool]:
    """Take what a side's first segment, or a SYN that begins anew, says of it. True: a SYN of a
    simultaneous open, which there is nothing yet to hold against."""
    if segment.flags & SYN:
        anew = state in ("SYN_SENT", "SYN_RECV") and after(segment.end, sender.end)
        if sender.maxwin and not anew:
            return sender, receiver, False
        sender, receiver = _introduced(sender, receiver, segment, reply)
        return sender, receiver, reply and not segment.flags & ACK
    if not sender.maxwin:
        sender, receiver = _picked_up(sender, receiver, segment)
    return sender, receiver, False


def _introduced(sender: Side, receiver: Side, segment: Segment, reply: bool) -> tuple[Side, Side]:
    sender = with_options(
        sender._replace(end=segment.end, maxend=segment.end, maxwin=segment.win or 1),
        segment.options,
    )
    if reply and not (sender.scales and receiver.scales):  # it takes two to scale
        return sender._replace(scale=0), receiver._replace(scale=0)
    return sender, receiver


def with_options(side: Side, options: bytes) -> Side:
    """The side after a SYN with these options; one without any leaves it as it was."""
    if not options:
        return side
    scale, sacks = announced(options)
    return Side(
        side.end, side.maxend, side.maxwin,
        scale=scale or 0, scales=scale is not None, sacks=sacks, liberal=side.liberal,
    )  # fmt: skip


def _picked_up(sender: Side, receiver: Side, segment: Segment) -> tuple[Side, Side]:
    window = (segment.win << sender.scale) or 1
    sender = sender._replace(end=segment.end, maxwin=window, maxend=(segment.end + window) & _MASK)
    if not receiver.maxwin:
        return sender, receiver._replace(end=segment.sack, maxend=segment.sack)
    if segment.sack == (receiver.end + 1) & _MASK:  # the answer to a keepalive
        return sender, receiver._replace(end=segment.sack)
    return sender, receiver


def _completed(sender: Side, receiver: Side, segment: Segment, state: str) -> Segment:
    """Where a header leaves numbers open (no ACK, or a RST made of zeros), those that fit."""
    if not segment.flags & ACK or (segment.flags & RST and not segment.ack):
        flags, seq, end, _, _, win, options = segment
        segment = Segment(flags, seq, end, receiver.end, receiver.end, win, options)
    if segment.flags & RST and not segment.seq and state == "SYN_SENT":
        segment = segment._replace(seq=sender.end, end=sender.end)
    return segment


class Slid(NamedTuple):
    """How many segments fit their windows, both records after those, and what the next one is, if
    there is one; `beyond`: it begins beyond what its sender may send."""

    fitting: int
    sides: tuple[Side, Side]
    refusal: Literal["late", "outside"] | None = None
    beyond: bool = False


Row = tuple[bool, int, int, int, int, int]
"""A segment that acknowledges: whether the second side sent it, a Segment's `seq`, `end`, `ack` and
`sack`, and the window that it offers, scaled."""


def slide(sides: tuple[Side, Side], rows: Iterable[Row]) -> Slid:  # noqa: C901 (see below)
    """Move both records by segments in a row, until one does not fit its window. Names without
    `own_` are of the side that sends, whichever that is at the time.

    This is asked of every segment of a capture: `after` is written out, nothing is called, and
    nothing is made for each."""
    end, maxend, maxwin, maxack, *rest, unacked = sides[0]
    own_end, own_maxend, own_maxwin, own_maxack, *own_rest, own_unacked = sides[1]
    turned, count = False, 0
    refusal: Literal["late", "outside"] | None = None
    beyond = False
    for second, seq, until, ack, sack, offered in rows:
        if second != turned:
            turned = second
            end, maxend, maxwin, own_end, own_maxend, own_maxwin = (
                own_end, own_maxend, own_maxwin, end, maxend, maxwin,
            )  # fmt: skip
            maxack, unacked, own_maxack, own_unacked = own_maxack, own_unacked, maxack, unacked
        reach = maxwin if maxwin > _LEAST_ACK_WINDOW else _LEAST_ACK_WINDOW
        acks_sent_data = not own_end - sack & _SIGN
        ack_recent = own_end - reach - 1 - sack & _SIGN
        data_recent = end - own_maxwin - 1 - until & _SIGN
        if maxend - seq & _SIGN:
            excess = (until - maxend + 1) & _MASK
            near = data_recent and excess <= own_maxwin and ack_recent and acks_sent_data
            refusal, beyond = "late" if near else "outside", True
            break
        if not acks_sent_data:
            refusal = "outside"
            break
        if not (data_recent or not own_maxwin) or not ack_recent:
            refusal = "late"
            break
        count += 1
        if own_maxwin and maxend - until & _SIGN:
            own_maxwin = (own_maxwin + until - maxend) & _MASK
        if own_maxend - 1 - sack - offered & _SIGN:
            own_maxend = (sack + (offered or 1)) & _MASK
        if own_unacked and ack == own_end:
            own_unacked = False
        if maxack is None or maxack - ack & _SIGN:
            maxack = ack
        widest = (offered + sack - ack) & _MASK
        if widest > maxwin:  # noqa: PLR1730 (a call)
            maxwin = widest
        if end - until & _SIGN:
            end, unacked = until, True
    if turned:
        rest, own_rest = own_rest, rest
    sender = _new(Side, (end, maxend, maxwin, maxack, *rest, unacked))
    receiver = _new(Side, (own_end, own_maxend, own_maxwin, own_maxack, *own_rest, own_unacked))
    moved = (receiver, sender) if turned else (sender, receiver)
    return _new(Slid, (count, moved, refusal, beyond))


def each(options: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each option, up to the end of the list or to one that cannot be."""
    at = 0
    while at < len(options) and options[at] != _END:
        if options[at] == _NOP:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if not 2 <= size <= len(options) - at:
            return
        yield options[at], options[at + 2 : at + size]
        at += size


def highest(ack: int, options: bytes) -> int:
    """The highest byte acknowledged, selectively or not; only the first SACK option counts."""
    sack = ack
    for kind, body in each(options):
        if kind == _SACK and body and len(body) % 8 == 0:
            for at in range(4, len(body), 8):
                edge = int.from_bytes(body[at : at + 4], "big")
                sack = edge if after(edge, sack) else sack
            break
    return sack
