"""All connections that the kernel knows in a lab, and those that fwsim knows, in the same terms.

What `conntrack -L -o extended,id` prints and the labels that it does not, read from ctnetlink;
attribute numbers are those of include/uapi/linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from fwsim.machine.connection import Connection
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.sctp import STATES as SCTP_STATES
from fwsim.machine.sctp import Association
from fwsim.machine.tcp import STATES, Track
from fwsim.model.names import STATUS

from .ctnetlink import read_attributes
from .netns import Netns

_DUMP, _REQUEST, _DONE = 0x0101, 0x0301, 3  # NFNL_SUBSYS_CTNETLINK << 8 | GET; NLM_F_REQUEST, DUMP
_ORIG, _REPLY, _STATUS, _PROTOINFO, _HELP, _MARK, _COUNTERS = 1, 2, 3, 4, 5, 8, (9, 10)
_ZONE, _LABELS, _TUPLE_ZONE = 18, 22, 3
_TCP, _SCTP = 1, 3
_SEEN = sum(bit for name, bit in STATUS.items() if name != "TEMPLATE")


class Row(NamedTuple):
    """A connection: each tuple is (src, dst, proto, sport, dport) as in fwsim.machine.tuples;
    `zones` those of its directions, `counters` packets and bytes of each, `state` TCP's or SCTP's,
    with the verification tags of both directions."""

    original: tuple[int, ...]
    reply: tuple[int, ...]
    zones: tuple[int, int]
    status: int
    mark: int
    labels: int
    helper: str
    counters: tuple[tuple[int, int], tuple[int, int]] | None
    state: str


def ours(tracker: Conntrack) -> tuple[Row, ...]:
    """What fwsim knows."""
    return tuple(sorted(map(_row, tracker.connections()), key=repr))


def _row(c: Connection) -> Row:
    state = c.track.state if isinstance(c.track, Track) else ""
    if isinstance(c.track, Association):
        state = _known(c.track.state, c.track.tags)
    return Row(
        tuple(c.original[1:]), tuple(c.reply[1:]), (c.zone.of(False), c.zone.of(True)),
        c.status & _SEEN, c.mark, c.labels, c.helper, c.counters, state,
    )  # fmt: skip


class Table:
    """The kernel's table, in a lab's namespace."""

    def __init__(self, lab: Netns, family: int) -> None:
        self._lab = lab
        self._family = socket.AF_INET if family == 4 else socket.AF_INET6

    def rows(self) -> tuple[Row, ...]:
        """All of them."""
        request = struct.pack("=IHHIIBBH", 20, _DUMP, _REQUEST, 1, 0, self._family, 0, 0)
        with self._lab.call(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 12) as asked:
            asked.send(request)
            return tuple(
                sorted((_read(dict(read_attributes(a))) for a in _answers(asked)), key=repr)
            )


def _answers(asked: socket.socket) -> Iterator[bytes]:
    while True:
        data = asked.recv(1 << 17)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == _DONE:
                return
            yield data[20:length]
            data = data[length + 3 & ~3 :]


def _read(found: dict[int, bytes]) -> Row:
    original, own = _tuple(found[_ORIG])
    reply, back = _tuple(found[_REPLY])
    both = _number(found.get(_ZONE, b""))
    zones = (both, both) if both else (own, back)
    helper = dict(read_attributes(found[_HELP]))[1].rstrip(b"\0").decode() if _HELP in found else ""
    counters = tuple(_counters(found[c]) for c in _COUNTERS if c in found)
    return Row(
        original, reply, zones, _number(found[_STATUS]) & _SEEN, _number(found.get(_MARK, b"")),
        int.from_bytes(found.get(_LABELS, b""), "little"), helper,
        (counters[0], counters[1]) if counters else None, _state(found.get(_PROTOINFO, b"")),
    )  # fmt: skip


def _tuple(data: bytes) -> tuple[tuple[int, ...], int]:
    """A tuple and its zone."""
    parts = dict(read_attributes(data))
    ends = [_number(value) for _, value in sorted(read_attributes(parts[1]))]
    proto = {kind: _number(value) for kind, value in read_attributes(parts[2])}
    sport = proto.get(2, proto.get(4, proto.get(7, 0)))
    kind, code = proto.get(5, proto.get(8)), proto.get(6, proto.get(9, 0))
    dport = proto.get(3, 0) if kind is None else kind << 8 | code
    return (*ends, proto[1], sport, dport), _number(parts.get(_TUPLE_ZONE, b""))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _counters(data: bytes) -> tuple[int, int]:
    found = dict(read_attributes(data))
    return _number(found[1]), _number(found[2])


def _state(data: bytes) -> str:
    for kind, info in read_attributes(data):
        names = {_TCP: STATES, _SCTP: SCTP_STATES}.get(kind)
        if names:
            found = dict(read_attributes(info))
            tags = tuple(_number(found[tag]) for tag in (2, 3)) if kind == _SCTP else ()
            return _known(names[found[1][0]], tags)
    return ""


def _known(state: str, tags: tuple[int, ...]) -> str:
    return f"{state} {tags[0]:x} {tags[1]:x}" if tags else state
