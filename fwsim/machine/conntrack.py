"""Connection tracking: which connection a packet belongs to, and in which state
(net/netfilter/nf_conntrack_core.c).

A connection becomes known to others when its first packet leaves the host's hooks (`confirm`);
dropped before, it never was.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fwsim.machine.connection import (
    ASSURED,
    CONFIRMED,
    ESTABLISHED,
    EXPECTED,
    INVALID,
    NEW,
    RELATED,
    SEEN_REPLY,
    UNTRACKED,
    Connection,
    Expectation,
    Found,
)
from fwsim.machine.ctlisting import NOTHING, Listing
from fwsim.machine.expect import Expected
from fwsim.machine.l4 import Arrival, Settings, move
from fwsim.machine.tcp_states import Track
from fwsim.machine.tuples import EVERYWHERE, Tuple, Zone, tuple_of
from fwsim.model.actions import Template
from fwsim.model.packet import DCCP, Packet
from fwsim.model.tuples import NamedTuple

_new = tuple.__new__  # a record without its constructor's call, for what every packet makes
_NEIGHBOUR_DISCOVERY = range(133, 138)
_NO_PART = Found(INVALID)
Key = tuple[Tuple, int, bool]  # a tuple, its zone, its direction
_Source = tuple[int, int, int, int]  # family, protocol, address, port


class Conntrack:
    """All confirmed connections, by both their tuples. Those of `listing` come to the table when
    somebody looks for them; `recalled` are the lines that did. `begun` counts the confirmed."""

    def __init__(self, settings: Settings | None = None, listing: Listing = NOTHING) -> None:
        self.settings, self.listing = settings or Settings(), listing
        self.table: dict[Key, Connection] = {}
        self.recalled: set[int] = set()
        self.expected = Expected()
        self.begun = 0
        self._sources: dict[_Source, list[Connection]] = {}

    def fork(self) -> Conntrack:
        """A copy that changes on its own."""
        fork = Conntrack(self.settings, self.listing)
        copies = {id(c): c.twin() for c in self._recalled()}
        fork.table = {k: copies[id(c)] for k, c in self.table.items()}
        for connection in copies.values():
            fork._sources.setdefault(_source(connection.original), []).append(connection)
        fork.recalled = set(self.recalled)
        fork.expected = self.expected.fork(copies)
        return fork

    def _recalled(self) -> Iterator[Connection]:
        return (c for (_, _, reply), c in self.table.items() if not reply)

    def connections(self) -> Iterator[Connection]:
        """Each connection once: those of the listing, then others as they were confirmed."""
        self._recall(self.listing.all())
        return iter(sorted(self._recalled(), key=lambda c: not c.known))

    def of_source(self, key: Tuple) -> Iterator[Connection]:
        """The connections with the source of this tuple, in the same order."""
        self._recall(self.listing.of_source(key))
        there = self._sources.get(_source(key), ())
        return iter(sorted(there, key=lambda c: not c.known))

    def _recall(self, lines: list[int]) -> None:
        """Bring lines of the listing to the table, each once; of two that clash, the first."""
        for line in lines:
            if line not in self.recalled:
                self.recalled.add(line)
                connection = self.listing.connection(line)
                if not any(key in self.table for key in _keys(connection)):
                    self.restore(connection)

    def lookup(
        self, key: Tuple, now: float, zone: Zone = EVERYWHERE
    ) -> tuple[Connection, bool] | None:
        """The connection that has this tuple, and whether in reply; the expired are forgotten."""
        if self.listing is not NOTHING:
            self._recall(self.listing.holders(key))
        for number, reply in _places(zone):
            found = self.table.get((key, number, reply))
            if found is None:
                continue
            if found.expires > now:
                return found, reply
            self.forget(found)
        return None

    def holder(
        self, connection: Connection, key: Tuple, reply: bool, now: float
    ) -> tuple[Connection, bool] | None:
        """Who has this tuple in the zone of a connection that would have it in that direction
        (nf_ct_key_equal in the tuple's own hash bucket)."""
        zone = connection.zone
        found = self.lookup(key, now, zone)
        if found is None or zone.of(found[1]) != zone.of(reply) or found[0] is connection:
            return None
        return found

    def forget(self, connection: Connection) -> None:
        """Take a connection out of the table, and what it expected."""
        self.expected.drop(connection)
        connection.gone = True
        for key in _keys(connection):
            if self.table.get(key) is connection:
                del self.table[key]
        source = _source(connection.original)
        left = [c for c in self._sources.pop(source, ()) if c is not connection]
        if left:
            self._sources[source] = left

    def restore(self, connection: Connection) -> None:
        """Put a connection into the table, as one that was confirmed, or was there before."""
        for key in _keys(connection):
            self.table[key] = connection
        self._sources.setdefault(_source(connection.original), []).append(connection)

    def sweep(self, now: float, most: int) -> int:
        """Forget the expired and, while there are more than `most`, the oldest, first of those that
        were never answered (early_drop, and beyond it). How many were given up so."""
        known = list(self._recalled())
        kept = [c for c in known if c.expires > now]
        for connection in known:
            if connection.expires <= now:
                self.forget(connection)
        surplus = sorted(kept, key=lambda c: bool(c.status & ASSURED))[: max(0, len(kept) - most)]
        for connection in surplus:
            self.forget(connection)
        return len(surplus)

    def close(self, connection: Connection | None, now: float) -> None:
        """A TCP connection that is known to be over (nf_conntrack_tcp_set_closing)."""
        if connection is None or not connection.status & CONFIRMED:
            return
        track = connection.track
        if isinstance(track, Track) and track.state != "CLOSE":
            connection.track = track._replace(state="CLOSE")
            connection.expires = now + self.settings.tcp.timeouts["CLOSE"]

    def confirm(self, connection: Connection, now: float) -> bool:
        """Make a connection known; False if one with either tuple came first, and the packet is
        to be dropped (__nf_conntrack_confirm)."""
        if connection.status & CONFIRMED:
            return True
        if any(self.holder(connection, connection.tuple(r), r, now) for r in (False, True)):
            return False
        connection.status |= CONFIRMED
        connection.expires = now + connection.lifetime
        self.begun += 1
        self.restore(connection)
        return True

    # -- the hook ------------------------------------------------------------------------------

    def track(self, packet: Packet, now: float, told: Told) -> Found:
        """nf_conntrack_in: the connection of a packet, made if it is new, moved by the packet."""
        if packet.truncated and packet.proto != DCCP:  # DCCP's is not looked at
            return Found(INVALID)  # its transport header is not to be found
        if packet.is_icmp and packet.family == 6 and packet.icmp_type in _NEIGHBOUR_DISCOVERY:
            return Found(UNTRACKED)
        if packet.is_icmp_error:
            return self._related(packet, now, told.zone)
        if packet.is_icmp and packet.family == 4 and packet.icmp_type > 18:
            return Found(INVALID)
        return self._resolve(packet, now, told)

    def _resolve(self, packet: Packet, now: float, told: Told) -> Found:
        key, expected = tuple_of(packet), None
        found = self.lookup(key, now, told.zone) if key else None
        if key is None:
            return Found(INVALID)
        if found is None:
            answer = key.inverted()
            if answer is None:
                return Found(INVALID)
            made, expected = self.open(key, answer, told, now)
            found = (made, False)
        here = Arrival(packet, *found, now, self.settings, told.outside)
        moved = self.advance(here, packet.length)
        if moved is None:
            self.forget(found[0])
            return self._resolve(packet, now, told)
        return moved if expected is None else moved._replace(expected=expected)

    def advance(self, here: Arrival, octets: int) -> Found | None:
        """Move a connection by one of its packets, that many bytes long. None: nothing has moved,
        a new connection is to begin in its place."""
        done, connection, reply = move(here), here.connection, here.reply
        if done.kind == "reopen":
            return None
        if done.seconds is not None:
            connection.lifetime, connection.expires = done.seconds, here.now + done.seconds
        if done.counted:
            connection.count(reply, octets)
        if done.kind == "gone":
            self.forget(connection)
        if done.kind == "invalid":
            return _NO_PART
        fresh = RELATED if connection.status & EXPECTED else NEW
        state = ESTABLISHED if reply or connection.status & SEEN_REPLY else fresh
        if reply:
            connection.status |= SEEN_REPLY
        return _new(Found, (state, connection, reply, None))

    def open(
        self, key: Tuple, answer: Tuple, told: Told, now: float
    ) -> tuple[Connection, Expectation | None]:
        """init_conntrack: a new connection; if a helper expected it, that helper's expectation."""
        made = Connection(key, answer, told.zone)
        expected = self.expected.take(key, told.zone, now)
        if expected:
            made.status |= EXPECTED
            made.mark, made.foreseen = expected.master.mark, expected.master.helper
            made.master = expected.master.original
        else:
            made.helper = told.helper or self.settings.helper_of(key)
        made.counters = ((0, 0), (0, 0)) if self.settings.counting else None
        return made, expected

    def _related(self, packet: Packet, now: float, zone: Zone) -> Found:
        """nf_conntrack_inet_error: an ICMP error belongs to the connection that it quotes."""
        if packet.inner is None:
            return Found(INVALID)
        sent = tuple_of(packet.inner)
        quoted = sent.inverted() if sent else None
        found = self.lookup(quoted, now, zone) if quoted else None
        if found is None or found[0].tuple(found[1]).dst != packet.dst:
            return Found(INVALID)
        return Found(RELATED, *found)


class Told(NamedTuple):
    """What conntrack is told with a packet: the zone to look in, the helper that a new connection
    is given, and whether the packet has just come in."""

    zone: Zone = EVERYWHERE
    helper: str = ""
    outside: bool = False


def zone_of(template: Template | None, mark: int) -> Zone:
    """Where conntrack looks for the connection of a packet with that template and mark."""
    if template is None:
        return EVERYWHERE
    number = mark & 0xFFFF if template.zone_from_mark else template.zone
    return Zone(number, template.original, template.reply)


def _source(key: Tuple) -> _Source:
    return key.family, key.proto, key.src, key.sport


@cache
def _places(zone: Zone) -> tuple[tuple[int, bool], tuple[int, bool]]:
    """Where a tuple is looked for, in order: in one hash bucket the reply's entry stands before."""
    original, reply = (zone.of(False), False), (zone.of(True), True)
    return (reply, original) if original[0] == reply[0] else (original, reply)


def _keys(connection: Connection) -> tuple[Key, Key]:
    zone = connection.zone
    return (connection.original, zone.of(False), False), (connection.reply, zone.of(True), True)
