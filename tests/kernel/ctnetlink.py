"""The kernel's TCP connections as `conntrack -L` reads them, and what it does not print: ctnetlink.

Attribute numbers are those of include/uapi/linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fwsim.machine.tcp import STATES
from fwsim.model.packet import Packet

from .netns import Netns

_GET, _DELETE = 0x0101, 0x0102  # NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_*
_REQUEST, _ACK, _ERROR = 0x1, 0x4, 2
_TUPLE_ORIG, _STATUS, _PROTOINFO, _TIMEOUT = 1, 3, 4, 7
_TUPLE_PROTO, _SRC_PORT, _DST_PORT, _TCP = 2, 2, 3, 1


class Entry(NamedTuple):
    """One connection: `sport` of its original direction; `status` as in names.STATUS; window
    shift and flag bits (include/uapi/linux/netfilter/nf_conntrack_tcp.h) of either side."""

    sport: int
    state: str
    status: int
    timeout: int
    scales: tuple[int, int]
    flags: tuple[int, int]


class Connections:
    """A ctnetlink socket in a lab's namespace. Connections are asked for one by one: to list them
    all the kernel walks its whole table."""

    def __init__(self, lab: Netns) -> None:
        self._socket = lab.call(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 12)

    def close(self) -> None:
        self._socket.close()

    def of(self, packet: Packet) -> Entry | None:
        """The TCP connection that a packet, in either direction, belongs to."""
        body = self._ask(_GET, packet)
        return _entry(dict(attributes(body))) if body else None

    def forget(self, packet: Packet) -> None:
        """Forget the connection of a packet, if there is one."""
        self._ask(_DELETE, packet)

    def _ask(self, kind: int, packet: Packet) -> bytes:
        """The attributes of the kernel's answer; empty where there is no connection."""
        ipv4 = bytes((socket.AF_INET, 0, 0, 0))
        body = ipv4 + _nested(_TUPLE_ORIG, _tuple(packet))
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _ACK, 1, 0) + body)
        answer = b""
        while True:
            data = self._socket.recv(1 << 16)
            length, kind = struct.unpack_from("=IH", data)
            if kind != _ERROR:
                answer = data[20:length]
                continue
            number = -struct.unpack_from("=i", data, 16)[0]
            if number not in (0, errno.ENOENT):
                raise OSError(number, "ctnetlink")
            return answer


def _tuple(packet: Packet) -> bytes:
    ends = ((1, packet.src.to_bytes(4, "big")), (2, packet.dst.to_bytes(4, "big")))
    sport, dport = packet.sport.to_bytes(2, "big"), packet.dport.to_bytes(2, "big")
    proto = ((1, bytes((packet.proto,))), (_SRC_PORT, sport), (_DST_PORT, dport))
    return _nested(1, _list(ends)) + _nested(_TUPLE_PROTO, _list(proto))


def _list(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    return b"".join(_attribute(kind, body) for kind, body in pairs)


def _nested(kind: int, body: bytes) -> bytes:
    return _attribute(kind | 0x8000, body)


def _attribute(kind: int, body: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(body), kind) + body + bytes(-len(body) % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[length + 3 & ~3 :]


def _entry(found: dict[int, bytes]) -> Entry:
    ports = dict(attributes(dict(attributes(found[_TUPLE_ORIG]))[_TUPLE_PROTO]))
    tcp = dict(attributes(dict(attributes(found[_PROTOINFO]))[_TCP]))
    state, scale, scale_back, flags, flags_back = (tcp[n][0] for n in range(1, 6))
    return Entry(
        int.from_bytes(ports[_SRC_PORT], "big"), STATES[state],
        int.from_bytes(found[_STATUS], "big"), int.from_bytes(found[_TIMEOUT], "big"),
        (scale, scale_back), (flags, flags_back),
    )  # fmt: skip
