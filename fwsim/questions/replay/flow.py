"""Packets that are seen alike, and their TCP headers as a frame has them."""

from __future__ import annotations

import struct

from fwsim.machine.connection import Connection
from fwsim.machine.response import Start
from fwsim.machine.tcp_window import Segment
from fwsim.machine.tuples import Tuple
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple
from fwsim.questions.replay.frames import Frame
from fwsim.questions.replay.seen import Cell
from fwsim.questions.replay.summary import Talk
from fwsim.questions.replay.ways import Ways

_SYN, _FIN = TCP_FLAGS["SYN"], TCP_FLAGS["FIN"]
_TCP = struct.Struct("!IIBBH")
_AT, _L4 = 14, 34  # where the IP and the transport header begin
_new = tuple.__new__  # a record without its constructor's call, for what every packet makes


class Coming(NamedTuple):
    """A packet on its way in, and the frame that showed it: as it was `shown` and as it came by
    `dev`, which `how` tells; `left`: it was seen as it left. `start` where it begins otherwise."""

    frame: Frame
    shown: Packet
    packet: Packet
    dev: str
    how: str
    left: bool = False
    start: Start | None = None


class Flow:
    """Packets that are seen alike: of one connection, in one direction, by one device. `left`: seen
    as they leave, when `shows` may be due. `packet` is one of them, as it came, by `came`; `talks`
    who speaks to whom in it, and as it was seen; `cell` what is due of them."""

    __slots__ = (
        "came", "cell", "connection", "left", "packet", "reply", "shows", "talks", "ways",
    )  # fmt: skip

    def __init__(self, left: bool, shows: Tuple | None) -> None:
        self.left, self.shows = left, shows
        self.connection: Connection | None = None
        self.packet: Packet | None = None
        self.reply = False
        self.came = "", ""
        self.ways: Ways | None = None
        self.talks: tuple[Talk, Talk] | None = None
        self.cell: Cell | None = None


def segment_of(data: bytes, octets: int) -> Segment | None:
    """A frame's TCP header; None if it is not all there."""
    if len(data) < _L4 + 20:
        return None
    seq, ack, words, flags, window = _TCP.unpack_from(data, _L4 + 4)
    end = _L4 + (words >> 4) * 4
    size = octets - (end - _AT)
    if end < _L4 + 20 or end > len(data) or size < 0:
        return None
    if flags & (_SYN | _FIN):
        size += bool(flags & _SYN) + bool(flags & _FIN)
    after = (seq + size) & 0xFFFFFFFF
    return _new(Segment, (flags, seq, after, ack, ack, window, data[_L4 + 20 : end]))
