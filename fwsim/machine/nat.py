"""Address translation: bindings are made for a connection's first packet by editing its reply
tuple, and read off by comparing the tuples for every packet (net/netfilter/nf_nat_core.c,
nf_nat_masquerade.c, nf_nat_redirect.c, nf_nat_proto.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from fwsim.machine.connection import DST_NAT, SRC_NAT, Connection
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.tcp import STATES, Track
from fwsim.machine.tuples import GRE, PORTED, Tuple, rewritten
from fwsim.model.actions import NatRange
from fwsim.model.jhash import address_words, jhash, scaled
from fwsim.model.packet import TCP, Packet

_GRE_HEADER = 8  # bytes that nf_nat_proto.c wants to see, whichever version it is
_ICMP_REDIRECT = {4: 5, 6: 137}
_WORD = 0xFFFFFFFF
_MOST_ATTEMPTS, _LAST_ATTEMPTS, _FEWEST_ATTEMPTS = 128, 32, 16


def bound(connection: Connection, source: bool) -> bool:
    """Whether source (or destination) translation has been decided, be it to change nothing."""
    return _side(source) in connection.set_up


def bind(
    tracker: Conntrack,
    connection: Connection,
    source: bool,
    range_: NatRange,
    *,
    now: float,
    chance: Random,
) -> bool:
    """nf_nat_setup_info: decide one side of the connection's translation. True if a port was
    chosen by chance (by the kernel from a range; a dump cannot tell which)."""
    current = connection.reply.inverted()
    assert current is not None
    choice = _Choice(tracker, connection, source, range_, now=now, chance=chance)
    chosen = choice.unique(current)
    if chosen != current:
        answer = chosen.inverted()
        assert answer is not None
        connection.reply = answer
        connection.status |= SRC_NAT if source else DST_NAT
    connection.set_up |= {_side(source)}
    return choice.by_chance


def bind_nothing(
    tracker: Conntrack, connection: Connection, source: bool, now: float, chance: Random
) -> bool:
    """nf_nat_alloc_null_binding: no rule spoke; the address stays, a taken source port moves."""
    address = connection.reply.dst if source else connection.reply.src
    return bind(tracker, connection, source, NatRange((address, address)), now=now, chance=chance)


def translate(packet: Packet, connection: Connection, reply: bool, source: bool) -> Packet | None:
    """nf_nat_packet: the packet as this hook's translation leaves it. None: it is too short for
    its protocol's header, and is dropped."""
    if not _applies(connection, reply, source):
        return packet
    target = connection.tuple(not reply).inverted()
    assert target is not None
    return rewritten(packet, target, source) if _whole(packet) else None


def translate_error(
    packet: Packet, connection: Connection, reply: bool, source: bool
) -> Packet | None:
    """nf_nat_icmp_reply_translation: an ICMP error's own address, and the quoted packet's other
    one. None: a redirect about a translated connection, which is dropped, or as in `translate`."""
    if packet.icmp_type == _ICMP_REDIRECT[packet.family] and connection.status & (
        SRC_NAT | DST_NAT
    ):
        return None
    if not _applies(connection, reply, source) or packet.inner is None:
        return packet
    if not _whole(packet.inner):
        return None
    other = connection.tuple(not reply)
    target = other.inverted()
    assert target is not None
    inner = rewritten(packet.inner, other, not source)
    outer = packet.but(src=target.src) if source else packet.but(dst=target.dst)
    return outer.but(inner=inner)


def strays(connection: Connection, reply: bool, out: str) -> bool:
    """nf_nat_oif_changed: a masqueraded connection leaves by another device than it had its address
    from; it is forgotten, the packet dropped."""
    return bool(connection.masqueraded) and not reply and connection.masqueraded != out


def _whole(packet: Packet) -> bool:
    return packet.proto != GRE or packet.data_len >= _GRE_HEADER


def _side(source: bool) -> str:
    return "src" if source else "dst"


def _applies(connection: Connection, reply: bool, source: bool) -> bool:
    """In the reply direction each side undoes what the other did."""
    return bool(connection.status & (SRC_NAT if source != reply else DST_NAT))


class _Choice:
    """get_unique_tuple: the tuple as it shall leave, in the range and not in anybody's use."""

    def __init__(
        self,
        tracker: Conntrack,
        connection: Connection,
        source: bool,
        range_: NatRange,
        *,
        now: float,
        chance: Random,
    ) -> None:
        self.tracker, self.connection, self.source = tracker, connection, source
        self.range, self.now, self.chance = range_, now, chance
        self.random = range_.random or range_.fully_random
        self.by_chance = False

    def unique(self, current: Tuple) -> Tuple:
        if self.source and not self.random:
            if self._in_range(current):
                if not self._taken(current):
                    return current
            else:
                kept = self._as_before(current)
                if kept is not None and not self._taken(kept):
                    return kept
        moved = self._addressed(current)
        if not self.random and self._acceptable(moved):
            return moved
        return self._with_free_key(moved)

    def _acceptable(self, moved: Tuple) -> bool:
        ports = self.range.ports
        if ports is None:
            return not self._taken(moved)
        if self.range.port_base is not None or not self._key_in_range(moved):
            return False
        return ports[0] == ports[1] or not self._taken(moved)

    def _holder(self, candidate: Tuple) -> tuple[Connection, bool] | None:
        answer = candidate.inverted()
        if answer is None:
            return None
        return self.tracker.holder(self.connection, answer, True, self.now)

    def _taken(self, candidate: Tuple) -> bool:
        return self._holder(candidate) is not None

    def _taken_for_good(self, candidate: Tuple, attempts_left: int) -> bool:
        """nf_nat_used_tuple_harder: among the last attempts a TCP connection that opens may take
        the place of one that is closing, if it is ahead of its sequence numbers."""
        found, own = self._holder(candidate), self.connection.track
        if found is None or attempts_left > _LAST_ATTEMPTS or candidate.proto != TCP:
            return found is not None
        other, reply = found
        assert isinstance(own, Track)
        assert isinstance(other.track, Track)
        closing = STATES.index(other.track.state) >= STATES.index("TIME_WAIT")
        ahead = (own.sides[0].end - other.track.sides[0].end) & _WORD
        gives_way = reply and closing and other.status & SRC_NAT and 0 < ahead < 1 << 31
        if own.state != "SYN_SENT" or not gives_way:
            return True
        self.tracker.forget(other)
        return False

    def _in_range(self, candidate: Tuple) -> bool:
        addresses = self.range.addresses
        if addresses and not addresses[0] <= candidate.src <= addresses[1]:
            return False
        return self.range.ports is None or self._key_in_range(candidate)

    def _key_in_range(self, candidate: Tuple) -> bool:
        assert self.range.ports is not None
        if not candidate.is_icmp and candidate.proto not in PORTED and candidate.proto != GRE:
            return True
        return self.range.ports[0] <= self._key(candidate) <= self.range.ports[1]

    def _key(self, candidate: Tuple) -> int:
        return candidate.sport if self.source or candidate.is_icmp else candidate.dport

    def _as_before(self, current: Tuple) -> Tuple | None:
        """find_appropriate_src: the mapping that the same source already has, the newest first."""
        for other in reversed([*self._of_same_source(current)]):
            mapped = other.reply.inverted()
            assert mapped is not None
            kept = mapped._replace(dst=current.dst, dport=current.dport)
            if self._in_range(kept):
                return kept
        return None

    def _of_same_source(self, current: Tuple) -> Iterator[Connection]:
        zone = self.connection.zone
        whole = zone.original and zone.reply
        for other in self.tracker.connections():
            first, there = other.original, other.zone
            if (first.proto, first.src, first.sport) != (current.proto, current.src, current.sport):
                continue
            same = there.of(False) == zone.of(False) and whole == (there.original and there.reply)
            if same and first.family == current.family and "src" in other.set_up:
                yield other

    def _addressed(self, current: Tuple) -> Tuple:
        """find_best_ips_proto: the address that a hash of the source, and unless it is to persist
        of the destination, picks from the range."""
        if self.range.addresses is None:
            return current
        low, high = self.range.addresses
        chosen = low if low == high else self._spread(current, low, high)
        return current._replace(src=chosen) if self.source else current._replace(dst=chosen)

    def _spread(self, current: Tuple, low: int, high: int) -> int:
        bits = 32 if current.family == 4 else 128
        source, target = address_words(current.src, bits), address_words(current.dst, bits)
        steady = self.range.persistent
        hashed = jhash(
            [*source, *[0] * (4 - len(source))],
            0 if steady else target[-1] ^ self.connection.zone.number,
        )
        chosen, free = 0, False
        for at, seen in enumerate(target):
            first, last = ((a >> bits - 32 * (at + 1)) & _WORD for a in (low, high))
            base, size = (0, _WORD) if free else (first, last - first + 1 & _WORD)
            word = base + scaled(hashed, size) & _WORD
            chosen, free = chosen << 32 | word, free or word != last
            if not steady:
                hashed ^= seen if self.source else address_words(word, 32)[0]
        return chosen

    def _with_free_key(self, moved: Tuple) -> Tuple:
        """nf_nat_l4proto_unique_tuple: the first free port (or ICMP id) from an offset on, which is
        a matter of chance but for destinations."""
        span = self._key_span(moved)
        if span is None:
            return moved
        low, size = span
        attempts, offset = min(size, _MOST_ATTEMPTS), self._offset(moved, size)
        while True:
            for attempt in range(attempts):
                candidate = self._keyed(moved, low + (offset + attempt & 0xFFFF) % size)
                if not self._taken_for_good(candidate, attempts - attempt):
                    return candidate
            if attempts >= size or attempts < _FEWEST_ATTEMPTS:
                return candidate
            attempts, offset = attempts // 2, self._coin(size)

    def _offset(self, moved: Tuple, size: int) -> int:
        if self.range.port_base is not None:
            return self._key(moved) - self.range.port_base & 0xFFFF
        return self._coin(size) if self.random or self.source else 0

    def _coin(self, size: int) -> int:
        self.by_chance = self.by_chance or size > 1
        return self.chance.randrange(0x10000)

    def _key_span(self, moved: Tuple) -> tuple[int, int] | None:
        """(lowest key, how many), None where this protocol has no key to change."""
        if not moved.is_icmp and moved.proto not in PORTED:
            return None
        if self.range.ports is not None:
            low, high = sorted(self.range.ports)
            return low, high - low + 1
        if moved.is_icmp:
            return 0, 0x10000
        if not self.source:
            return None
        if moved.sport < 512:
            return 1, 511
        return (600, 424) if moved.sport < 1024 else (1024, 0x10000 - 1024)

    def _keyed(self, moved: Tuple, key: int) -> Tuple:
        if self.source or moved.is_icmp:
            return moved._replace(sport=key)
        return moved._replace(dport=key)
