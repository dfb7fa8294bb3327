"""Connection tracking: which connection a packet belongs to, and in which state
(net/netfilter/nf_conntrack_core.c; icmp, udp and generic protocols of nf_conntrack_proto_*.c;
TCP is in fwsim.machine.tcp).

A connection is two tuples, a status, a mark, a timeout. It becomes known to others when its first
packet leaves the host's hooks (`confirm`); dropped before, it never was.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine.tcp import Knobs, Track, open_track, step
from fwsim.machine.tuples import OPENS, Tuple, tuple_of
from fwsim.model.exthdr import EXTENSIONS
from fwsim.model.names import STATES, STATUS
from fwsim.model.packet import TCP, UDP, Packet
from fwsim.model.tuples import NamedTuple

INVALID, NEW, ESTABLISHED, RELATED, UNTRACKED = range(len(STATES))
SEEN_REPLY, ASSURED, CONFIRMED = STATUS["SEEN_REPLY"], STATUS["ASSURED"], STATUS["CONFIRMED"]
SRC_NAT, DST_NAT = STATUS["SRC_NAT"], STATUS["DST_NAT"]

_TIMEOUTS = {"icmp": 30, "udp": 30, "udp_stream": 120, "generic": 600}
_UDP_STREAM_AFTER = 2  # seconds before answered udp counts as a stream
_NEIGHBOUR_DISCOVERY = range(133, 138)


class Connection:
    """`original` and `reply` are the tuples of its two directions; NAT edits `reply` only.
    `expires` is in simulated seconds; `set_up` holds which of src and dst NAT have decided."""

    def __init__(self, original: Tuple, reply: Tuple) -> None:
        self.original, self.reply = original, reply
        self.status = self.mark = 0
        self.expires = self.stream_from = self.lifetime = 0.0
        self.track: Track | None = None
        self.set_up: frozenset[str] = frozenset()

    def twin(self) -> Connection:
        """A copy that changes on its own."""
        twin = Connection(self.original, self.reply)
        twin.__dict__.update(self.__dict__)
        return twin

    def tuple(self, reply: bool) -> Tuple:
        """The tuple of one direction."""
        return self.reply if reply else self.original


class Found(NamedTuple):
    """What conntrack hangs onto a packet: its state, its connection and the direction in it."""

    state: int
    connection: Connection | None = None
    reply: bool = False


class Conntrack:
    """All confirmed connections, by both their tuples."""

    def __init__(
        self, knobs: Knobs, table: dict[Tuple, tuple[Connection, bool]] | None = None
    ) -> None:
        self.knobs, self.table = knobs, table or {}

    def fork(self) -> Conntrack:
        """A copy that changes on its own."""
        copies = {id(c): c.twin() for c, _ in self.table.values()}
        table = {t: (copies[id(c)], reply) for t, (c, reply) in self.table.items()}
        return Conntrack(self.knobs, table)

    def connections(self) -> Iterator[Connection]:
        """Each connection once, in the order in which they were confirmed."""
        return (c for c, reply in self.table.values() if not reply)

    def lookup(self, key: Tuple, now: float) -> tuple[Connection, bool] | None:
        """The connection that has this tuple, and whether in reply; the expired are forgotten."""
        found = self.table.get(key)
        if found and found[0].expires <= now:
            self.forget(found[0])
            return None
        return found

    def forget(self, connection: Connection) -> None:
        """Take a connection out of the table."""
        for reply in (False, True):
            key = connection.tuple(reply)
            if key in self.table and self.table[key][0] is connection:
                del self.table[key]

    def confirm(self, connection: Connection, now: float) -> bool:
        """Make a connection known; False if one with either tuple came first, and the packet is
        to be dropped (__nf_conntrack_confirm)."""
        if connection.status & CONFIRMED:
            return True
        if any(self.lookup(connection.tuple(r), now) for r in (False, True)):
            return False
        connection.status |= CONFIRMED
        connection.expires = now + connection.lifetime
        self.table[connection.original] = (connection, False)
        self.table[connection.reply] = (connection, True)
        return True

    # -- the hook ------------------------------------------------------------------------------

    def track(self, packet: Packet, now: float, zone: int = 0) -> Found:
        """nf_conntrack_in: the connection of a packet, made if it is new, moved by the packet."""
        if packet.truncated or (packet.family == 6 and packet.proto in EXTENSIONS):
            return Found(INVALID)  # its transport header is not to be found
        if packet.is_icmp and packet.family == 6 and packet.icmp_type in _NEIGHBOUR_DISCOVERY:
            return Found(UNTRACKED)
        if packet.is_icmp_error:
            return self._related(packet, now, zone)
        if packet.is_icmp and packet.family == 4 and packet.icmp_type > 18:
            return Found(INVALID)
        return self._resolve(packet, now, zone)

    def _resolve(self, packet: Packet, now: float, zone: int) -> Found:
        key = tuple_of(packet, zone)
        found = self.lookup(key, now)
        if found is None:
            answer = key.inverted()
            if answer is None:
                return Found(INVALID)
            found = (Connection(key, answer), False)
        connection, reply = found
        return self._moved(packet, connection, reply, now, zone)

    def _moved(
        self, packet: Packet, connection: Connection, reply: bool, now: float, zone: int
    ) -> Found:
        if packet.proto == TCP:
            again = self._move_tcp(packet, connection, reply, now)
            if again is not None:
                return self._resolve(packet, now, zone) if again else Found(INVALID)
        elif connection.original.is_icmp:
            if not connection.status & CONFIRMED and packet.icmp_type not in OPENS[packet.proto]:
                return Found(INVALID)
            self._refresh(connection, now, _TIMEOUTS["icmp"])
        elif packet.proto == UDP:
            self._move_udp(connection, now)
        else:
            self._refresh(connection, now, _TIMEOUTS["generic"])
        state = ESTABLISHED if reply or connection.status & SEEN_REPLY else NEW
        if reply:
            connection.status |= SEEN_REPLY
        return Found(state, connection, reply)

    def _refresh(self, connection: Connection, now: float, timeout: float) -> None:
        connection.lifetime = timeout
        connection.expires = now + timeout

    def _move_udp(self, connection: Connection, now: float) -> None:
        """A stream, and ASSURED, once answered and older than two seconds."""
        if not connection.status & CONFIRMED:
            connection.stream_from = now + _UDP_STREAM_AFTER
        if not connection.status & SEEN_REPLY:
            self._refresh(connection, now, _TIMEOUTS["udp"])
        elif now > connection.stream_from:
            self._refresh(connection, now, _TIMEOUTS["udp_stream"])
            connection.status |= ASSURED
        else:
            self._refresh(connection, now, _TIMEOUTS["udp"])

    def _move_tcp(
        self, packet: Packet, connection: Connection, reply: bool, now: float
    ) -> bool | None:
        """None: the packet counts. False: INVALID. True: look it up again, as a new one."""
        if connection.track is None:
            connection.track = open_track(packet, self.knobs)
            if connection.track is None:
                return False
        moved = step(
            connection.track, reply, packet, self.knobs,
            seen_reply=bool(connection.status & SEEN_REPLY),
            assured=bool(connection.status & ASSURED),
        )  # fmt: skip
        if moved.kind == "reopen":
            self.forget(connection)
            return True
        connection.track = moved.track
        self._refresh(connection, now, moved.seconds_left(connection.expires - now))
        if moved.assured:
            connection.status |= ASSURED
        if moved.kind == "destroy":
            self.forget(connection)
        return False if moved.kind == "invalid" else None

    def _related(self, packet: Packet, now: float, zone: int) -> Found:
        """nf_conntrack_inet_error: an ICMP error belongs to the connection that it quotes."""
        if packet.inner is None:
            return Found(INVALID)
        quoted = tuple_of(packet.inner, zone).inverted()
        found = self.lookup(quoted, now) if quoted else None
        if found is None or found[0].tuple(found[1]).dst != packet.dst:
            return Found(INVALID)
        return Found(RELATED, *found)
