"""Conntrack's helpers: what a connection's packets make them expect, and what NAT makes of those
packets (net/netfilter/nf_conntrack_{ftp,irc,tftp}.c and nf_nat_{ftp,irc,tftp,helper}.c).

Not modelled: amanda, H.323's three, netbios-ns, pptp, sane, sip, snmp.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.machine.chance import Chance
from fwsim.machine.connection import DST_NAT, ESTABLISHED, SRC_NAT, Connection, Expectation, Found
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.helper_words import Told, dcc, ftp
from fwsim.machine.offsets import NO_OFFSETS, grown
from fwsim.machine.tcp_window import after
from fwsim.machine.tuples import Tuple
from fwsim.model.packet import TCP, UDP, Packet
from fwsim.model.tuples import NamedTuple

_MOST_ATTEMPTS, _MOST_DCC = 128, 8
_REQUESTS = (b"\0\1", b"\0\2")  # TFTP's to read and to write
_MOST_LINES = 2
_WORD, _PORTS = 0xFFFFFFFF, 0xFFFF
_Lines = tuple[int, ...] | None


class Help(NamedTuple):
    """What a helper did: the packet as it goes on (None: it is dropped), in a word what there is to
    say (expects, partial, refused, unheard, unmodelled; "" if nothing), what it expects, and
    whether it left a port to chance."""

    packet: Packet | None
    what: str = ""
    expected: Tuple | None = None
    by_chance: bool = False


class Talk(NamedTuple):
    """A packet of a connection that has a helper, at the end of its way through the hooks."""

    tracker: Conntrack
    found: Found
    packet: Packet
    now: float
    chance: Chance

    @property
    def connection(self) -> Connection:
        """The master of what is expected."""
        assert self.found.connection is not None
        return self.found.connection

    @property
    def translated(self) -> bool:
        """NAT has changed the connection, so that its helper's NAT is asked, too."""
        return bool(self.connection.status & (SRC_NAT | DST_NAT))


def listen(talk: Talk) -> Help:
    """Let the connection's helper look at the packet."""
    name = talk.connection.helper
    for known, helper in _HELPERS.items():
        if name == known or name.startswith(f"{known}-"):
            return helper(talk)
    return Help(talk.packet, "unmodelled")


def _ftp(talk: Talk) -> Help:
    """Only what begins a line is looked at: what comes where one has ended before. Of a connection
    that was there already the first packet is taken to begin one."""
    packet, connection, reply = talk.packet, talk.connection, talk.found.reply
    if not _speaks(talk):
        return Help(packet)
    data = packet.contents
    if data is None:
        return Help(packet, "unheard")
    lines: list[_Lines] = list(connection.lines or ((None,) * 2 if connection.known else ((), ())))
    ends = lines[reply]
    begins = ends is None or packet.seq in ends
    lines[reply] = ends or ()
    connection.lines = (lines[0], lines[1])
    said = begins and ftp(data, reply, packet.family)
    if said is True:
        return Help(None, "partial")
    done = _promised(talk, said) if isinstance(said, Told) else Help(packet)
    if done.packet is not None and data[-1:] == b"\n":
        lines[reply] = _noted(ends or (), packet.seq + len(data) & _WORD)
        connection.lines = (lines[0], lines[1])
    return done


def _speaks(talk: Talk) -> bool:
    """There are data, and there has been traffic both ways."""
    packet = talk.packet
    plain = packet.proto == TCP and not packet.frag and not packet.truncated
    return plain and packet.data_len > 0 and talk.found.state == ESTABLISHED


def _noted(ends: tuple[int, ...], end: int) -> tuple[int, ...]:
    """Where lines have ended, with one more; the older of two gives way."""
    if end in ends:
        return ends
    if len(ends) < _MOST_LINES:
        return (*ends, end)
    oldest = 0 if after(ends[1], ends[0]) else 1
    if not after(end, ends[oldest]):
        return ends
    return (end, ends[1]) if oldest == 0 else (ends[0], end)


def _promised(talk: Talk, said: Told) -> Help:
    """One end waits at its own address; another's is not believed (`loose` is off)."""
    reply = talk.found.reply
    own, other = talk.connection.tuple(reply), talk.connection.tuple(not reply)
    if said.address not in (None, own.src):
        return Help(talk.packet)
    key = Tuple(own.family, other.src, other.dst, TCP, 0, said.port)
    return _expected(talk, Expectation(key, talk.connection, reply=not reply), said, most=1)


def _irc(talk: Talk) -> Help:
    """The address may be the one before NAT or the one behind it."""
    packet, connection = talk.packet, talk.connection
    if talk.found.reply or not _speaks(talk):
        return Help(packet)
    if packet.contents is None:
        return Help(packet, "unheard")
    said = dcc(packet.contents)
    if (
        not said
        or not said.port
        or said.address not in (connection.original.src, connection.reply.dst)
    ):
        return Help(packet)
    key = Tuple(packet.family, 0, connection.reply.dst, TCP, 0, said.port)
    return _expected(talk, Expectation(key, connection, reply=True), said, most=_MOST_DCC)


def _tftp(talk: Talk) -> Help:
    """The server answers from a port of its own choice."""
    packet, connection = talk.packet, talk.connection
    if (
        packet.proto != UDP
        or packet.frag
        or packet.truncated
        or packet.data_len < len(_REQUESTS[0])
    ):
        return Help(packet)
    if packet.contents is None:
        return Help(packet, "unheard")
    if packet.contents[:2] not in _REQUESTS:
        return Help(packet)
    key = connection.reply._replace(sport=0)
    asked = Expectation(
        key, connection, follows=talk.translated, reply=True, port=connection.original.sport
    )
    added = talk.tracker.expected.add(asked, 1, talk.now)
    return Help(packet, "expects", key) if added else Help(None, "refused")


def _expected(talk: Talk, asked: Expectation, said: Told, most: int) -> Help:
    """Expect it; where NAT is at work, at a port that is free, which the packet then says."""
    expected, now = talk.tracker.expected, talk.now
    if not talk.translated:
        added = expected.add(asked, most, now)
        return Help(talk.packet, "expects", asked.key) if added else Help(None, "refused")
    asked, span = asked._replace(follows=True, port=said.port), _PORTS - said.port
    for attempt in range(min(span, _MOST_ATTEMPTS) + 1):
        if expected.add(asked, most, now):
            if not asked.key.dport:
                break
            packet = _saying(talk, said, asked.key)
            return Help(packet, "expects", asked.key, by_chance=attempt > 0)
        port = said.port + talk.chance.generator.randrange(max(span, 1))
        asked = asked._replace(key=asked.key._replace(dport=port))
    return Help(None, "refused")


def _saying(talk: Talk, said: Told, key: Tuple) -> Packet:
    """The packet with the address and port of that tuple in it."""
    packet, connection = talk.packet, talk.connection
    text = said.written(key.dst, key.dport, packet.family)
    data = packet.payload
    data = data[: said.at] + text + data[said.at + said.length :]
    by = len(text) - said.length
    if by:
        offsets = connection.offsets or NO_OFFSETS
        connection.offsets = grown(offsets, talk.found.reply, packet.seq, by)
    return packet.but(payload=data, payload_len=0)


_HELPERS: dict[str, Callable[[Talk], Help]] = {"ftp": _ftp, "irc": _irc, "tftp": _tftp}
