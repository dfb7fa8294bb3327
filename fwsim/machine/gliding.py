"""Many packets of one connection at once, where each does to it what `Conntrack.advance` would do:
segments of an established TCP connection that only acknowledge, and datagrams of a UDP stream.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.machine.connection import ASSURED, SEEN_REPLY, Connection
from fwsim.machine.l4 import Settings, stream_timeout
from fwsim.machine.tcp import glide as glide_tcp
from fwsim.machine.tcp import glides
from fwsim.machine.tcp_states import Track
from fwsim.machine.tcp_window import Row
from fwsim.model.packet import TCP, UDP

_SETTLED = SEEN_REPLY | ASSURED


def pause(settings: Settings) -> float:
    """Seconds: no connection that glides is forgotten before so many have passed."""
    tcp = settings.tcp.timeouts
    usual = min(tcp["ESTABLISHED"], tcp["MAX_RETRANS"], tcp["UNACKNOWLEDGED"])
    return min(usual, stream_timeout(settings))


def may_glide(connection: Connection, now: float) -> bool:
    """`glide` knows what packets do to it, from now on; nothing but its own packets changes it."""
    special = connection.helper or connection.offsets or connection.known or connection.foreseen
    if special or connection.gone or connection.expires <= now:
        return False
    if connection.status & _SETTLED != _SETTLED:
        return False
    if connection.original.proto == UDP:
        return now > connection.stream_from
    return isinstance(connection.track, Track) and glides(connection.track)


def glide(
    connection: Connection, rows: list[Row], now_at: Callable[[int], float], settings: Settings
) -> int:
    """Move a connection that `may_glide` by its next packets, less than a `pause` apart; by how
    many of them. `now_at` tells when each came."""
    count, seconds = len(rows), stream_timeout(settings)
    if connection.original.proto == TCP:
        assert isinstance(connection.track, Track)
        count, connection.track, seconds = glide_tcp(connection.track, rows, settings.tcp)
    if count:
        connection.lifetime, connection.expires = seconds, now_at(count - 1) + seconds
    return count
