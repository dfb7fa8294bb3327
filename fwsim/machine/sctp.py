"""SCTP associations as conntrack moves them: by the chunks of each packet and its verification tag.

Follows nf_conntrack_sctp_packet and sctp_new of Linux 6.18's net/netfilter/
nf_conntrack_proto_sctp.c. Checksums are taken to be right; contents of which only the length is
known are zeros, which are no chunks, and a packet of those is INVALID.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

TIMEOUTS: Mapping[str, int] = MappingProxyType({
    "closed": 10, "cookie_wait": 3, "cookie_echoed": 3, "established": 210, "shutdown_sent": 3,
    "shutdown_recd": 3, "shutdown_ack_sent": 3, "heartbeat_sent": 30,
})  # fmt: skip
STATES = ("NONE", *(name.upper() for name in TIMEOUTS))
_DATA, _INIT, _INIT_ACK, _HEARTBEAT, _HEARTBEAT_ACK, _ABORT = 0, 1, 2, 4, 5, 6
_FLAG_T = 0x01  # on an ABORT: it carries the peer's tag
_WITH_INIT = 20  # bytes of a chunk with all of an INIT's fields
_SHUTDOWN_ACK, _COOKIE_ECHO, _COOKIE_ACK, _SHUTDOWN_COMPLETE = 8, 10, 11, 14
_ALONE = frozenset({_INIT, _INIT_ACK, _SHUTDOWN_COMPLETE})
_FIRST = frozenset({_COOKIE_ECHO, _COOKIE_ACK})
_OWN_TAG_RULES = frozenset({
    _INIT, _SHUTDOWN_COMPLETE, _COOKIE_ECHO, _ABORT, _SHUTDOWN_ACK, _HEARTBEAT, _HEARTBEAT_ACK,
})  # fmt: skip
_NEVER_FIRST = frozenset({_ABORT, _SHUTDOWN_COMPLETE, _COOKIE_ACK})
_LETTERS = dict(zip("0CWETSRAH", STATES, strict=True)) | {"!": "INVALID"}
# Where a chunk leads from each of STATES, in their order; other chunks lead nowhere.
_ORIGINAL = {
    1: "CCWETCCAW", 2: "CCWETSRAC", 6: "CCCCCCCCC", 7: "CCWESSRAC", 8: "ACWETAAAA",
    9: "CCWETSRAC", 10: "CCEETSRAC", 11: "CCWTTSRAC", 14: "CCWETSRCC", 4: "HCWETSRAH",
    5: "CCWETSRAH",
}  # fmt: skip
_REPLY = {
    1: "!CWETSRA!", 2: "!WWETSRA!", 6: "!CCCCCCC!", 7: "!CWERSRA!", 8: "!CWETAAA!",
    9: "!CWCTSRA!", 10: "!CEETSRA!", 11: "!CWTTSRA!", 14: "!CWETSRC!", 4: "!CWETSRAH",
    5: "!CWETSRAT",
}  # fmt: skip
_TABLE = {
    (reply, kind, state): _LETTERS[letter]
    for reply, rows in ((False, _ORIGINAL), (True, _REPLY))
    for kind, row in rows.items()
    for state, letter in zip(STATES, row, strict=True)
}


_T = TypeVar("_T", int, bool)


class Association(NamedTuple):
    """`tags` are the verification tags that packets of either direction must carry, 0 while
    unknown; `inits`: it has sent an INIT since the last COOKIE_ACK; `doubted`: the direction whose
    HEARTBEAT carried another tag, until an answer settles it; `untold`: the directions whose tag
    nobody told, which is that of the next packet."""

    state: str = "NONE"
    tags: tuple[int, int] = (0, 0)
    inits: tuple[bool, bool] = (False, False)
    doubted: bool | None = None
    untold: tuple[bool, bool] = (False, False)

    def with_tag(self, reply: bool, tag: int) -> Association:
        """With that tag for one direction."""
        return self._replace(tags=_with(self.tags, reply, tag))


def adopt(state: str) -> Association:
    """An association of which only the state is known, as `conntrack -L` prints it. ValueError for
    a state that is none."""
    if state not in STATES:
        raise ValueError(state)
    return Association(state, untold=(True, True))


class Step(NamedTuple):
    """A packet's effect. `association` is what it left (an INVALID packet may leave traces);
    `assured`: it became ESTABLISHED; `renews`: the connection is kept for the time of its new
    state."""

    association: Association
    valid: bool = True
    assured: bool = False
    renews: bool = True


class Chunk(NamedTuple):
    """A chunk's type, flags and length, and the tag behind its header, if an INIT's fits there."""

    kind: int
    flags: int
    length: int
    tag: int | None


def step(before: Association, reply: bool, packet: Packet, *, fresh: bool) -> Step:
    """Take a packet in. `fresh`: the connection is not confirmed, and begins with this packet."""
    chunks = list(_chunks(packet))
    kinds = {chunk.kind for chunk in chunks}
    if not _sound(chunks) or (fresh and kinds & _NEVER_FIRST):
        return Step(before, valid=False)
    if fresh:
        opened = _opened(chunks, packet.vtag)
        if opened is None:
            return Step(before, valid=False)
        before = opened
    if before.untold[reply] and packet.vtag:
        left = _with(before.untold, reply, False)
        before = before.with_tag(reply, packet.vtag)._replace(untold=left)
    if not kinds & _OWN_TAG_RULES and packet.vtag != before.tags[reply]:
        return Step(before, valid=False)
    return _through(before, reply, packet.vtag, chunks, fresh)


def _chunks(packet: Packet) -> Iterator[Chunk]:
    data, at, length = packet.contents or bytes(packet.data_len), 0, 1
    while length and at + 4 <= len(data):
        length = _number(data[at + 2 : at + 4])
        tag = _number(data[at + 4 : at + 8]) if len(data) >= at + _WITH_INIT else None
        yield Chunk(data[at], data[at + 1], length, tag)
        at += length + 3 & ~3


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _sound(chunks: list[Chunk]) -> bool:
    alone = any(chunk.kind in _ALONE for chunk in chunks)
    crowded = alone and len(chunks) > 1
    late = any(chunk.kind in _FIRST for chunk in chunks[1:])
    return bool(chunks) and not crowded and not late and all(chunk.length for chunk in chunks)


def _opened(chunks: list[Chunk], tag: int) -> Association | None:
    """sctp_new: what a first packet tells of the tags; None if it can begin nothing."""
    opened = Association()
    for chunk in chunks:
        if (False, chunk.kind, "NONE") not in _TABLE:
            return None
        if chunk.kind == _INIT and (tag or chunk.tag is None):
            return None
        if chunk.kind == _INIT:
            opened = opened.with_tag(True, chunk.tag or 0)
        elif chunk.kind in (_HEARTBEAT, _SHUTDOWN_ACK):
            opened = opened.with_tag(chunk.kind == _SHUTDOWN_ACK, tag)
    return opened


def _through(here: Association, reply: bool, tag: int, chunks: list[Chunk], fresh: bool) -> Step:
    """The association after each chunk in turn, up to one that does not belong."""
    data = any(chunk.kind == _DATA for chunk in chunks)
    assured, renews = False, True
    for chunk in chunks:
        if chunk.kind in (_HEARTBEAT, _HEARTBEAT_ACK):
            beaten = _beat(here, reply, tag, chunk.kind, strict=data or not renews)
            if beaten is None:
                return Step(here, False, assured)
            here, settled = beaten
            if not settled:
                renews = False
                continue
        elif not _tag_fits(here, reply, tag, chunk):
            return Step(here, False, assured)
        elif chunk.kind == _COOKIE_ACK:
            here = here._replace(inits=(False, False))
        new = _TABLE.get((reply, chunk.kind, here.state), here.state)
        noted = _noted(here, reply, chunk) if new != "INVALID" else None
        if noted is None:
            return Step(here, False, assured)
        repeated = chunk.kind == _INIT and new == here.state == "CLOSED" and not fresh
        renews = renews and not repeated
        assured = assured or (new == "ESTABLISHED" != here.state)
        here = noted._replace(state=new)
    return Step(here, True, assured, renews)


def _tag_fits(here: Association, reply: bool, tag: int, chunk: Chunk) -> bool:
    """The verification tag is what this kind of chunk asks for (RFC 4960, 8.5.1)."""
    if chunk.kind == _INIT:
        return not tag
    if chunk.kind in (_ABORT, _SHUTDOWN_COMPLETE):
        return tag == here.tags[reply != bool(chunk.flags & _FLAG_T)]
    return chunk.kind != _COOKIE_ECHO or tag == here.tags[reply]


def _beat(
    here: Association, reply: bool, tag: int, kind: int, *, strict: bool
) -> tuple[Association, bool] | None:
    """A HEARTBEAT, or the answer to one, and whether it counts. One with another tag is passed on
    and doubted, until the far end answers it with that tag. None: it does not belong."""
    if not here.tags[reply]:
        return here.with_tag(reply, tag), True
    if tag == here.tags[reply]:
        return here._replace(doubted=None), True
    if strict:
        return None
    if kind == _HEARTBEAT:
        return here._replace(doubted=reply), False
    if here.doubted is None or here.doubted == reply:
        return None
    return here._replace(doubted=None, tags=(0, tag) if reply else (tag, 0)), True


def _noted(here: Association, reply: bool, chunk: Chunk) -> Association | None:
    """With the tag that an INIT, or the answer to one, asks for; None if it cannot be."""
    if chunk.kind not in (_INIT, _INIT_ACK):
        return here
    if chunk.tag is None:
        return None
    if chunk.kind == _INIT:
        other = here.inits[not reply] and not here.inits[reply]
        here = here._replace(inits=(other, True) if reply else (True, other))
        return here.with_tag(not reply, chunk.tag)
    known = here.tags[not reply]
    collides = here.inits[reply] and here.inits[not reply] and known != chunk.tag
    if collides or (not here.inits[not reply] and known and known != chunk.tag):
        return None
    return here.with_tag(not reply, chunk.tag)


def _with(pair: tuple[_T, _T], second: bool, value: _T) -> tuple[_T, _T]:
    return (pair[0], value) if second else (value, pair[1])
