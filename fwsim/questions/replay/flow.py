"""Packets that are seen alike."""

from __future__ import annotations

import struct

from fwsim.machine.connection import Connection
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.response import Start
from fwsim.machine.tuples import Tuple
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple
from fwsim.questions.replay.frames import Frame
from fwsim.questions.replay.placing import Placed
from fwsim.questions.replay.seen import Cell
from fwsim.questions.replay.ways import Ways

IP_AT, L4_AT = 14, 34  # where the headers of a plain frame begin: Ethernet, IPv4 without options
_SHOWN = struct.Struct("!BIIHH")
_KIN = 26  # bytes of a flow's key, which are followed by the ports


class Coming(NamedTuple):
    """A packet on its way in, and the frame that showed it: as it was `shown` and as it came by
    `dev`, which `how` tells; `left`: it was seen as it left. `start` where it begins otherwise.
    `key`: its flow's, if it is of one."""

    frame: Frame
    shown: Packet
    packet: Packet
    dev: str
    how: str
    left: bool = False
    start: Start | None = None
    key: bytes = b""


class Kin(NamedTuple):
    """What flows have in common that differ in their ports alone: where they are placed, and one
    packet as it was seen."""

    placed: Placed
    packet: Packet


class Flow:
    """Packets that are seen alike: of one connection, in one direction, by one device. `left`: seen
    as they leave, when `shows` may be due. `came` is what they showed as they came, `by` the device
    and what told it; `packet` one like them; `cell` what is due of them."""

    __slots__ = ("by", "came", "cell", "connection", "left", "packet", "reply", "shows", "ways")

    def __init__(self, left: bool, shows: Tuple) -> None:
        self.left, self.shows = left, shows
        self.connection: Connection | None = None
        self.packet: Packet | None = None
        self.reply = False
        self.came, self.by = shows, ("", "")
        self.ways: Ways | None = None
        self.cell: Cell | None = None


def kin_of(key: bytes) -> bytes:
    """What keys of flows have in common that differ in ports alone."""
    return key[:_KIN]


def shown(key: bytes) -> Tuple:
    """The tuple that packets of a flow show."""
    proto, src, dst, sport, dport = _SHOWN.unpack_from(key, 17)
    return Tuple(4, src, dst, proto, sport, dport)


def as_it_came(tracker: Conntrack, key: Tuple, now: float) -> Tuple:
    """What a packet that shows this tuple showed before the connection that it answers was
    translated back."""
    opened = key.inverted()
    found = tracker.lookup(opened, now) if opened else None
    if found is None or found[1] or found[0].reply == key:
        return key
    return found[0].reply
