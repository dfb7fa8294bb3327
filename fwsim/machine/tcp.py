"""TCP connections as conntrack moves them: what each segment is, and what it does.

Follows `nf_conntrack_tcp_packet`, `tcp_new`, `tcp_error` and `nf_tcp_handle_invalid` of Linux
6.18's net/netfilter/nf_conntrack_proto_tcp.c; `tcp_states` holds its tables, `tcp_window` its
judgement of sequence numbers. `open_track` says whether a packet may begin a connection; `step`
moves the connection by every packet, its first included; `glide` by many plain ones in a row.

Left out: checksums and truncated headers (a Packet has neither), the sequence offsets of NAT
helpers, SYNPROXY's keepalives, timeouts fixed by the CT target or by flow offload, early drop.
"""

from __future__ import annotations

from fwsim.machine.tcp_states import (
    CLOSING,
    STATES,
    TABLE,
    Knobs,
    Last,
    Step,
    Track,
    kind_of,
)
from fwsim.machine.tcp_window import Row, Segment, Side, after, announced, fit, slide, with_options
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

_new = tuple.__new__  # a record without its constructor's call, for what every segment makes
__all__ = [
    "STATES",
    "Knobs",
    "Last",
    "Step",
    "Track",
    "adopt",
    "glide",
    "kind_of",
    "open_track",
    "step",
]


def open_track(packet: Packet | Segment, knobs: Knobs) -> Track | None:
    """The connection that a packet begins, to be moved by `step` with this same packet; None if it
    may begin none and is INVALID. A SYN begins one; an ACK takes one up midway if `loose`."""
    segment = packet if isinstance(packet, Segment) else Segment.of(packet)
    kind = kind_of(segment.flags)
    window = segment.win or 1
    if kind == "syn":
        syn = Side(segment.end, segment.end, window)
        return Track("NONE", (with_options(syn, segment.options), Side()))
    if kind != "ack" or not knobs.loose:
        return None
    maxend = (segment.end + window) & 0xFFFFFFFF
    unknown = Side(sacks=True, liberal=True)
    return Track("NONE", (unknown._replace(end=segment.end, maxend=maxend, maxwin=window), unknown))


def adopt(state: str) -> Track:
    """A connection of which only the state is known, as `conntrack -L` prints it. No packet to come
    is outside its windows, and a SYN reopens it once closed: what `conntrack -I` asks for.
    ValueError for a state that is none."""
    closed = STATES.index(state) >= STATES.index("TIME_WAIT")
    unknown = Side(sacks=True, liberal=True, closed_first=closed)
    return Track(state, (unknown, unknown), Last(kind="syn"))  # how a record of zeros reads


def step(
    track: Track,
    reply: bool,
    packet: Packet | Segment,
    knobs: Knobs,
    *,
    seen_reply: bool,
    assured: bool,
) -> Step:
    """Move a connection by one of its packets. `reply`: against its original direction;
    `seen_reply`, `assured`: its status before the packet."""
    segment = packet if isinstance(packet, Segment) else Segment.of(packet)
    kind = kind_of(segment.flags)
    if kind == "illegal":
        return Step("invalid", track, assured)
    here = _new(_Arrival, (segment, kind, reply, knobs, seen_reply, assured))
    target = TABLE[reply, kind, track.state]
    if target == "SYN_SENT" and track.state in ("TIME_WAIT", "CLOSE"):
        if _reopens(track, reply):
            return Step("reopen", track, assured)
        target = "IGNORE"
    if target == "INVALID":
        return Step("invalid", track, assured)
    if target == "IGNORE":
        return _out_of_step(track, here)
    if kind == "rst":
        return _reset(track, here)
    if _is_challenged(track, here):
        calm = track.last._replace(challenge=False)
        return Step("ignore", track._replace(last=calm), assured)
    if target == "SYN_SENT2":
        track = track._replace(last=track.last._replace(simultaneous=True))
    if target == "SYN_RECV" and kind == "ack" and track.last.simultaneous:
        target = "ESTABLISHED"
    return _windowed(track, here, track.state, target)


class _Arrival(NamedTuple):
    """A segment at a connection, with all that `step` was told beside the track."""

    segment: Segment
    kind: str
    reply: bool
    knobs: Knobs
    seen_reply: bool
    assured: bool


def _reopens(track: Track, reply: bool) -> bool:
    """The old connection ended with a FIN that conntrack saw, or with this side's own RST."""
    aborted = track.last.kind == "rst" and track.last.reply == reply
    return aborted or any(side.closed_first for side in track.sides)


def _is_challenged(track: Track, here: _Arrival) -> bool:
    """This ACK answers a stray SYN (RFC 5961), not the last FIN."""
    last = track.last
    stray_syn = last.challenge and last.kind == "syn" and last.reply != here.reply
    return stray_syn and track.state == "LAST_ACK" and here.kind == "ack"


def _out_of_step(track: Track, here: _Arrival) -> Step:
    """The ends may know better: let the segment pass and remember it; a SYN/ACK that answers a SYN
    so remembered proves them right."""
    last, segment = track.last, here.segment
    answered = last.kind == "syn" and last.reply != here.reply and segment.ack == last.end
    if here.kind == "synack" and answered:
        return _windowed(_resynced(track, here.reply), here, "SYN_SENT", "SYN_RECV")
    noted = last._replace(
        kind=here.kind, reply=here.reply, seq=segment.seq, end=segment.end, win=segment.win
    )
    if not here.reply:  # then it is a SYN
        scale, sacks = announced(segment.options)
        challenge = track.state == "LAST_ACK"
        noted = noted._replace(scale=scale, sacks=sacks, challenge=challenge, simultaneous=False)
    if track.state == "SYN_SENT":  # then it is an ACK of the far end
        noted = noted._replace(ack=segment.ack)
    return Step("ignore", track._replace(last=noted), here.assured)


def _resynced(track: Track, reply: bool) -> Track:
    """Begin anew from the SYN that was remembered."""
    last = track.last
    opener = Side(
        last.end, last.end, last.win or 1,
        scale=last.scale or 0, scales=last.scale is not None, sacks=last.sacks,
    )  # fmt: skip
    answerer = Side(liberal=track.sides[reply].liberal)
    return track._replace(sides=_in_order(answerer, opener, reply))


def _reset(track: Track, here: _Arrival) -> Step:
    """A RST closes if its number is the one expected; one merely in the window keeps the state."""
    seq, state, last = here.segment.seq, track.state, track.last
    if state in CLOSING:
        return _arrived(track.sides, track.last, here, state, "CLOSE")
    target, maxack = "CLOSE", track.sides[not here.reply].maxack
    if maxack is not None and last.kind != "syn":
        settled = state == "ESTABLISHED" and here.assured
        zero = seq == 0 and not settled
        if not zero and after(maxack, seq) and not here.knobs.ignore_invalid_rst:
            return Step("invalid", track, here.assured)
        follows = last.kind == "ack" and last.reply == here.reply and seq == last.end
        if not settled or seq == maxack or follows:
            return _windowed(track, here, state, "CLOSE")
        target = state
    if _answers_ignored(track, here):
        return _arrived(track.sides, track.last, here, state, target)
    return _windowed(track, here, state, target)


def _answers_ignored(track: Track, here: _Arrival) -> bool:
    """This RST refuses a SYN or an ACK that passed unheeded: no window could judge it."""
    last, segment = track.last, here.segment
    stray_syn = here.seen_reply and last.kind == "syn" and last.reply != here.reply
    half_open = not here.assured and last.kind == "ack"
    if (stray_syn or half_open) and segment.ack == last.end:
        return True
    challenged = track.state == "SYN_SENT" and last.kind == "ack"
    return challenged and segment.seq == last.ack


def _windowed(track: Track, here: _Arrival, old: str, new: str) -> Step:
    """Go from `old` to `new` if the segment fits its window."""
    sender, receiver = track.sides[here.reply], track.sides[not here.reply]
    verdict, sender, receiver = fit(
        sender, receiver, here.segment,
        reply=here.reply, state=track.state, be_liberal=here.knobs.be_liberal,
    )  # fmt: skip
    sides = _in_order(sender, receiver, here.reply)
    if verdict == "late":
        return Step("ignore", track._replace(sides=sides), here.assured)
    if verdict == "outside":
        return _outside(track._replace(sides=sides), here)
    last = track.last
    if verdict == "fits" and here.kind == "ack":
        last = _counted(last, here)
    return _arrived(sides, last, here, old, new)


def _in_order(sender: Side, receiver: Side, reply: bool) -> tuple[Side, Side]:
    return (receiver, sender) if reply else (sender, receiver)


def _counted(last: Last, here: _Arrival) -> Last:
    """Remember a plain ACK, or count it if it is the same again (in eight bits)."""
    _, seq, end, ack, _, win, _ = here.segment
    if (last.reply, last.seq, last.end, last.ack, last.win) == (here.reply, seq, end, ack, win):
        return last._replace(kind=here.kind, repeats=(last.repeats + 1) & 0xFF)
    return _new(Last, (here.kind, here.reply, seq, end, ack, win, *last[6:10], 0))


def _outside(track: Track, here: _Arrival) -> Step:
    """INVALID; but FINs or RSTs outside from both ends mean that the connection is dead."""
    last, closing = track.last, ("fin", "rst")
    if not here.assured or here.kind not in closing:
        return Step("invalid", track, here.assured)
    if last.reply != here.reply and last.kind in closing:
        cap = here.knobs.timeouts["UNACKNOWLEDGED"]
        return Step("invalid", track, here.assured, cap=cap)
    last = last._replace(kind=here.kind, reply=here.reply)
    return Step("invalid", track._replace(last=last), here.assured)


def _arrived(sides: tuple[Side, Side], last: Last, here: _Arrival, old: str, new: str) -> Step:
    """The segment is good: the connection is in state `new`."""
    if new == "FIN_WAIT" != old:
        sender, receiver = sides[here.reply], sides[not here.reply]
        sides = _in_order(sender._replace(closed_first=True), receiver, here.reply)
    if last.kind != here.kind or last.reply != here.reply:
        last = _new(Last, (here.kind, here.reply, *last[2:]))
    track = _new(Track, (new, sides, last))
    timeout = _timeout(track, here.kind, here.knobs)
    if here.seen_reply:
        assured = here.assured or new == "ESTABLISHED"
        return _new(Step, ("accept", track, assured, timeout, None))
    if here.kind == "rst":
        return Step("destroy", track, here.assured)
    if here.kind == "syn" and old == "SYN_SENT":
        return Step("accept", track, here.assured)  # repeating a SYN does not keep it alive
    if new == "ESTABLISHED":
        timeout = min(timeout, here.knobs.timeouts["UNACKNOWLEDGED"])
    return _new(Step, ("accept", track, here.assured, timeout, None))


def _timeout(track: Track, kind: str, knobs: Knobs) -> int:
    timeouts = knobs.timeouts
    usual = timeouts[track.state]
    if track.last.repeats >= knobs.max_retrans and usual > timeouts["MAX_RETRANS"]:
        return timeouts["MAX_RETRANS"]
    if kind == "rst":
        return timeouts["CLOSE"]
    first, second = track.sides
    if (first.unacked or second.unacked) and usual > timeouts["UNACKNOWLEDGED"]:
        return timeouts["UNACKNOWLEDGED"]
    return usual if track.last.win else min(usual, timeouts["MAX_RETRANS"])


def glides(track: Track) -> bool:
    """`glide` may move it: it is established, and both ends have shown their windows."""
    first, second = track.sides
    return track.state == "ESTABLISHED" and bool(first.maxwin and second.maxwin)


def glide(track: Track, rows: list[Row], knobs: Knobs) -> tuple[int, Track, int]:
    """As many `step`s as there are segments that fit, up to the first that does not, of a
    connection that `glides`, is assured and was answered: how many, the connection after them, and
    its timeout. Each is an ACK, without SYN, FIN or RST; windows are as they are in the header."""
    first, second = track.sides
    scales, sacking = (first.scale, second.scale), (second.sacks, first.sacks)
    count, sides, *_ = slide(
        track.sides,
        [(back, seq, end, ack, sack if sacking[back] else ack, win << scales[back])
         for back, seq, end, ack, sack, win in rows],
    )  # fmt: skip
    if not count:
        return 0, track, 0
    back, seq, end, ack, _, win = rows[count - 1]
    same, last, at = (back, seq, end, ack, win), track.last, count - 2
    while at >= 0 and (*rows[at][:4], rows[at][5]) == same:
        at -= 1
    repeats = count - 2 - at
    if at < 0 and (last.reply, last.seq, last.end, last.ack, last.win) == same:
        repeats += last.repeats + 1
    last = _new(Last, ("ack", back, seq, end, ack, win, *last[6:10], repeats & 0xFF))
    track = _new(Track, ("ESTABLISHED", sides, last))
    return count, track, _timeout(track, "ack", knobs)
