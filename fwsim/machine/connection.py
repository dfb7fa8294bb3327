"""A connection, and what it is to a packet (include/net/netfilter/nf_conntrack.h)."""

from __future__ import annotations

from fwsim.machine.offsets import Offsets
from fwsim.machine.sctp import Association
from fwsim.machine.tcp_states import Track
from fwsim.machine.tuples import EVERYWHERE, Tuple, Zone
from fwsim.model.names import STATES, STATUS
from fwsim.model.tuples import NamedTuple

INVALID, NEW, ESTABLISHED, RELATED, UNTRACKED = range(len(STATES))
SEEN_REPLY, ASSURED, CONFIRMED = STATUS["SEEN_REPLY"], STATUS["ASSURED"], STATUS["CONFIRMED"]
EXPECTED = STATUS["EXPECTED"]
SRC_NAT, DST_NAT, TEMPLATE = STATUS["SRC_NAT"], STATUS["DST_NAT"], STATUS["TEMPLATE"]

Counters = tuple[tuple[int, int], tuple[int, int]]
"""Packets and bytes, of the original direction and of the replies."""


class Connection:
    """`original` and `reply` are the tuples of its two directions; NAT edits `reply` only.
    `labels` has bit N set for label N; `counters` None: it is not counted. `expires` is in
    simulated seconds, `lifetime` what it will be kept for once confirmed. `set_up` holds which of
    src and dst NAT have decided, `masqueraded` the device whose address it has. `known` is
    "" but for one that was there before: snapshot, windows where its sequence numbers are taken to
    fit, offloaded where a flow table carries it past the rules. `foreseen` is the helper that
    expected it, `master` the tuple that opened the one which that helper watched; `lines` where its
    own helper saw lines end in either direction, `offsets` what its helper's NAT has added to
    numbers. `gone`: it is in no table any more."""

    def __init__(
        self, original: Tuple, reply: Tuple, zone: Zone = EVERYWHERE, status: int = 0
    ) -> None:
        self.original, self.reply, self.zone, self.status = original, reply, zone, status
        self.master = original
        self.mark = self.labels = 0
        self.helper = self.masqueraded = self.known = self.foreseen = ""
        self.counters: Counters | None = None
        self.expires = self.stream_from = self.lifetime = 0.0
        self.track: Track | Association | None = None
        self.set_up: frozenset[str] = frozenset()
        self.lines: tuple[tuple[int, ...] | None, tuple[int, ...] | None] | None = None
        self.offsets: Offsets | None = None
        self.gone = False

    def twin(self) -> Connection:
        """A copy that changes on its own."""
        twin = Connection(self.original, self.reply)
        twin.__dict__.update(self.__dict__)
        return twin

    def tuple(self, reply: bool) -> Tuple:
        """The tuple of one direction."""
        return self.reply if reply else self.original

    @property
    def closed(self) -> bool:
        """A TCP connection that both ends have given up."""
        return isinstance(self.track, Track) and self.track.state in ("TIME_WAIT", "CLOSE")

    def count(self, reply: bool, octets: int, packets: int = 1) -> None:
        """One more packet of that many bytes, or some together, if it is counted at all."""
        if self.counters is None:
            return
        counted = list(self.counters)
        before, total = counted[reply]
        counted[reply] = (before + packets, total + octets)
        self.counters = (counted[0], counted[1])


class Expectation(NamedTuple):
    """A connection that `master`'s helper expects: to the destination of `key`, from any port of
    its source, or (source 0) of anybody. `expires` in simulated seconds. Where `follows` it is
    translated as its master is: `reply` is the master's direction that it goes in, `port` where
    that end really expects it."""

    key: Tuple
    master: Connection
    expires: float = 0.0
    follows: bool = False
    reply: bool = False
    port: int = 0

    def fits(self, key: Tuple) -> bool:
        """It is that connection."""
        own = self.key
        there = (own.family, own.proto, own.dst, own.dport)
        return there == (key.family, key.proto, key.dst, key.dport) and own.src in (0, key.src)

    def clashes(self, other: Expectation) -> bool:
        """Some connection would fit both."""
        anybody = 0 in (self.key.src, other.key.src)
        key = self.key._replace(src=other.key.src) if anybody else self.key
        return key == other.key and self.master.zone == other.master.zone


class Found(NamedTuple):
    """What conntrack hangs onto a packet: its state, its connection and the direction in it; for
    one that a helper expected, and that begins with this packet, by whom."""

    state: int
    connection: Connection | None = None
    reply: bool = False
    expected: Expectation | None = None


def template_of(family: int, zone: Zone) -> Found:
    """What -j CT hangs onto a packet until conntrack comes: a NEW connection of nothing."""
    nothing = Tuple(family, 0, 0, 0)
    return Found(NEW, Connection(nothing, nothing, zone, CONFIRMED | TEMPLATE))
