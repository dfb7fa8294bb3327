"""What a packet does to its connection, by protocol (net/netfilter/nf_conntrack_proto_*.c): whether
it is part of it, and how long the connection is kept from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from fwsim.machine import sctp
from fwsim.machine.connection import ASSURED, CONFIRMED, SEEN_REPLY, Connection
from fwsim.machine.offsets import unmoved
from fwsim.machine.sctp import Association
from fwsim.machine.tcp_states import Knobs, Track
from fwsim.machine.tcp_window import Segment
from fwsim.machine.tuples import GRE, OPENS, Tuple
from fwsim.model.packet import ICMP, ICMP6, SCTP, TCP, UDP, UDPLITE, Packet
from fwsim.model.tuples import NamedTuple

_new = tuple.__new__  # a record without its constructor's call, for what every segment makes
_STREAM_AFTER = 2  # seconds before answered udp counts as a stream
_PREFIX = "net.netfilter.nf_conntrack_"
TIMEOUTS: Mapping[str, int] = MappingProxyType(
    {
        "udp": 30,
        "udp_stream": 120,
        "gre": 30,
        "gre_stream": 180,
        "icmp": 30,
        "icmpv6": 30,
        "generic": 600,
    }
    | {f"sctp_{state}": seconds for state, seconds in sctp.TIMEOUTS.items()}
)


HELPED: Mapping[tuple[int, int], str] = MappingProxyType({
    (TCP, 21): "ftp", (TCP, 6667): "irc", (UDP, 69): "tftp", (TCP, 5060): "sip",
    (UDP, 5060): "sip", (TCP, 1723): "pptp", (TCP, 1720): "Q.931", (UDP, 1719): "RAS",
    (UDP, 10080): "amanda", (UDP, 137): "netbios-ns", (UDP, 161): "snmp", (TCP, 6566): "sane",
})  # fmt: skip


class Settings(NamedTuple):
    """The sysctls net.netfilter.nf_conntrack_*: TCP's, the others' timeouts in seconds (`udp`,
    `sctp_established`), whether connections are counted, whether checksums are looked at, and
    whether helpers come with ports."""

    tcp: Knobs = Knobs()
    timeouts: Mapping[str, int] = TIMEOUTS
    counting: bool = False
    checksums: bool = True
    helping: bool = False

    def helper_of(self, key: Tuple) -> str:
        """The helper that a connection is given for its port; kernels since 6.0 give none."""
        return HELPED.get((key.proto, key.dport), "") if self.helping else ""

    @classmethod
    def from_sysctl(cls, values: Mapping[str, int]) -> Settings:
        """Read `sysctl`'s own names; what is missing has its default."""
        timeouts = {}
        for name, default in TIMEOUTS.items():
            proto, _, state = name.partition("_")
            key = f"{_PREFIX}{proto}_timeout{'_' * bool(state)}{state}"
            timeouts[name] = values.get(key, default)
        counting, checksums = values.get(f"{_PREFIX}acct", 0), values.get(f"{_PREFIX}checksum", 1)
        helping = values.get(f"{_PREFIX}helper", 0)
        return cls(
            Knobs.from_sysctl(values), timeouts, bool(counting), bool(checksums), bool(helping)
        )


class Move(NamedTuple):
    """What a packet did. `part`: it belongs to the connection, `invalid`: it does not, `reopen`:
    forget the connection and look again, `gone`: it belongs to it and ends it. `seconds` it is
    kept from now, None where the deadline stays; only what renews or ends it is `counted`."""

    kind: str
    seconds: float | None = None
    counted: bool = True


class Arrival(NamedTuple):
    """A packet at its connection. `outside`: it has just come in. `segment`: its TCP header, where
    somebody has read it already."""

    packet: Packet
    connection: Connection
    reply: bool
    now: float
    settings: Settings
    outside: bool = False
    segment: Segment | None = None

    @property
    def seen_reply(self) -> bool:
        """There has been an answer before this packet."""
        return bool(self.connection.status & SEEN_REPLY)


def move(here: Arrival) -> Move:
    """Take the packet in."""
    return _MOVES.get(here.connection.original.proto, _generic)(here)


_INVALID = Move("invalid", counted=False)


def _generic(here: Arrival) -> Move:
    return Move("part", here.settings.timeouts["generic"])


def _icmp(here: Arrival) -> Move:
    connection, proto = here.connection, here.packet.proto
    if not connection.original.is_icmp:
        return _generic(here)
    if not connection.status & CONFIRMED and here.packet.icmp_type not in OPENS[proto]:
        return _INVALID
    return Move("part", here.settings.timeouts["icmp" if proto == ICMP else "icmpv6"])


def _udp(here: Arrival) -> Move:
    """A stream, and ASSURED, once answered and older than two seconds."""
    connection = here.connection
    if not connection.status & CONFIRMED:
        connection.stream_from = here.now + _STREAM_AFTER
    if here.seen_reply and here.now > connection.stream_from:
        return _stream(here)
    return Move("part", here.settings.timeouts["udp"])


def _udplite(here: Arrival) -> Move:
    """The kernel checks the sum of what comes in as if it were UDP's (udplite_error), which it is
    not."""
    if here.outside and here.settings.checksums:
        return _INVALID
    return _stream(here) if here.seen_reply else Move("part", here.settings.timeouts["udp"])


def _gre(here: Arrival) -> Move:
    if here.seen_reply:
        return _stream(here, "gre")
    return Move("part", here.settings.timeouts["gre"])


def stream_timeout(settings: Settings, proto: str = "udp") -> int:
    """Seconds that a stream is kept."""
    return settings.timeouts[f"{proto}_stream"]


def _stream(here: Arrival, proto: str = "udp") -> Move:
    here.connection.status |= ASSURED
    return Move("part", stream_timeout(here.settings, proto))


@cache
def _machine() -> Any:
    """TCP's, imported on use; to import it anew for each packet takes a while."""
    from fwsim.machine import tcp

    return tcp


def _tcp(here: Arrival) -> Move:
    tcp, connection, knobs = _machine(), here.connection, here.settings.tcp
    track = connection.track or tcp.open_track(here.segment or here.packet, knobs)
    if track is None:
        return _INVALID
    assert isinstance(track, Track)
    packet = here.packet
    if connection.offsets:
        packet = unmoved(packet, connection.offsets, here.reply)
    moved = tcp.step(
        track, here.reply, here.segment or packet, knobs,
        seen_reply=here.seen_reply, assured=bool(connection.status & ASSURED),
    )  # fmt: skip
    if moved.kind == "reopen":
        return Move("reopen")
    connection.track = moved.track
    connection.status |= ASSURED if moved.assured else 0
    timeout = moved.timeout
    seconds = moved.seconds_left(connection.expires - here.now) if timeout is None else timeout
    if moved.kind == "invalid":
        return Move("invalid", seconds, counted=False)
    if moved.kind == "destroy":
        return Move("gone", seconds)
    return _new(Move, ("part", seconds, moved.timeout is not None))


def _sctp(here: Arrival) -> Move:
    connection, timeouts = here.connection, here.settings.timeouts
    before = connection.track or Association()
    assert isinstance(before, Association)
    fresh = not connection.status & CONFIRMED
    moved = sctp.step(before, here.reply, here.packet, fresh=fresh)
    connection.track = moved.association
    connection.status |= ASSURED if moved.assured else 0
    if not moved.valid:
        return _INVALID
    if not moved.renews:
        return Move("part", counted=False)
    return Move("part", timeouts[f"sctp_{moved.association.state.lower()}"])


_MOVES: dict[int, Callable[[Arrival], Move]] = {
    ICMP: _icmp, ICMP6: _icmp, UDP: _udp, UDPLITE: _udplite, TCP: _tcp, SCTP: _sctp, GRE: _gre,
}  # fmt: skip
