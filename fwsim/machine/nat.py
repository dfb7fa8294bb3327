"""Address translation: bindings are made for a connection's first packet by editing its reply
tuple, and read off by comparing the tuples for every packet (net/netfilter/nf_nat_core.c,
nf_nat_masquerade.c, nf_nat_redirect.c, nf_nat_proto.c).
"""

from __future__ import annotations

from random import Random

from fwsim.machine.conntrack import DST_NAT, SRC_NAT, Connection, Conntrack
from fwsim.machine.tuples import Tuple, rewritten
from fwsim.model.actions import NatRange
from fwsim.model.packet import DCCP, SCTP, TCP, UDP, UDPLITE, Packet

_WITH_KEYS = frozenset({TCP, UDP, UDPLITE, SCTP, DCCP})
_ICMP_REDIRECT = {4: 5, 6: 137}


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


def translate(packet: Packet, connection: Connection, reply: bool, source: bool) -> Packet:
    """nf_nat_packet: the packet as this hook's translation leaves it."""
    if not _applies(connection, reply, source):
        return packet
    target = connection.tuple(not reply).inverted()
    assert target is not None
    return rewritten(packet, target, source)


def translate_error(
    packet: Packet, connection: Connection, reply: bool, source: bool
) -> Packet | None:
    """nf_nat_icmp_reply_translation: an ICMP error's own address, and the quoted packet's other
    one. None: a redirect about a translated connection, which is dropped."""
    if packet.icmp_type == _ICMP_REDIRECT[packet.family] and connection.status & (
        SRC_NAT | DST_NAT
    ):
        return None
    if not _applies(connection, reply, source) or packet.inner is None:
        return packet
    other = connection.tuple(not reply)
    target = other.inverted()
    assert target is not None
    inner = rewritten(packet.inner, other, not source)
    outer = packet.but(src=target.src) if source else packet.but(dst=target.dst)
    return outer.but(inner=inner)


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
        self.by_chance = False

    def unique(self, current: Tuple) -> Tuple:
        random = self.range.random or self.range.fully_random
        if self.source and not random:
            if self._in_range(current):
                if not self._taken(current):
                    return current
            else:
                kept = self._as_before(current)
                if kept is not None and not self._taken(kept):
                    return kept
        moved = self._addressed(current)
        if not random and self._acceptable(moved):
            return moved
        return self._with_free_key(moved)

    def _acceptable(self, moved: Tuple) -> bool:
        ports = self.range.ports
        if ports is None:
            return not self._taken(moved)
        if self.range.port_base is not None or not self._key_in_range(moved):
            return False
        return ports[0] == ports[1] or not self._taken(moved)

    def _taken(self, candidate: Tuple) -> bool:
        answer = candidate.inverted()
        found = self.tracker.lookup(answer, self.now) if answer else None
        return found is not None and found[0] is not self.connection

    def _in_range(self, candidate: Tuple) -> bool:
        addresses = self.range.addresses
        if addresses and not addresses[0] <= candidate.src <= addresses[1]:
            return False
        return self.range.ports is None or self._key_in_range(candidate)

    def _key_in_range(self, candidate: Tuple) -> bool:
        assert self.range.ports is not None
        if not candidate.is_icmp and candidate.proto not in _WITH_KEYS:
            return True
        return self.range.ports[0] <= self._key(candidate) <= self.range.ports[1]

    def _key(self, candidate: Tuple) -> int:
        return candidate.sport if self.source or candidate.is_icmp else candidate.dport

    def _as_before(self, current: Tuple) -> Tuple | None:
        """find_appropriate_src: the mapping that the same source already has."""
        for other in self.tracker.connections():
            first = other.original
            if (first.proto, first.src, first.sport) == (current.proto, current.src, current.sport):
                mapped = other.reply.inverted()
                if mapped is not None and "src" in other.set_up:
                    kept = mapped._replace(dst=current.dst, dport=current.dport)
                    if self._in_range(kept):
                        return kept
        return None

    def _addressed(self, current: Tuple) -> Tuple:
        """find_best_ips_proto. From a range of addresses the kernel picks by a hash that fwsim
        cannot know the seed of; the pick here is as steady, and said to be by chance."""
        addresses = self.range.addresses
        if addresses is None:
            return current
        low, high = addresses
        if low != high:
            self.by_chance = True
            seed = current.src ^ (0 if self.range.persistent else current.dst)
            low += seed % (high - low + 1)
        return current._replace(src=low) if self.source else current._replace(dst=low)

    def _with_free_key(self, moved: Tuple) -> Tuple:
        """nf_nat_l4proto_unique_tuple: the first free port (or ICMP id) from an offset on."""
        span = self._key_span(moved)
        if span is None:
            return moved
        low, size = span
        if self.range.port_base is not None:
            offset = (self._key(moved) - self.range.port_base) % 0x10000
        else:
            offset = self.chance.randrange(size)
            self.by_chance = self.by_chance or size > 1
        for attempt in range(min(size, 1024)):
            candidate = self._keyed(moved, low + (offset + attempt) % size)
            if not self._taken(candidate):
                return candidate
        return candidate

    def _key_span(self, moved: Tuple) -> tuple[int, int] | None:
        """(lowest key, how many), None where this protocol has no key to change."""
        if not moved.is_icmp and moved.proto not in _WITH_KEYS:
            return None
        if self.range.ports is not None:
            return self.range.ports[0], self.range.ports[1] - self.range.ports[0] + 1
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
