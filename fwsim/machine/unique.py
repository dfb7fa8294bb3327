"""Which tuple a translated connection leaves with: the address from a range, the port that nobody
has (net/netfilter/nf_nat_core.c: get_unique_tuple and what it calls).
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine.chance import Chance
from fwsim.machine.connection import DST_NAT, SRC_NAT, Connection
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.tcp_states import STATES, Track
from fwsim.machine.tuples import GRE, PORTED, Tuple
from fwsim.model.actions import NatRange
from fwsim.model.jhash import address_words, jhash, scaled
from fwsim.model.packet import SCTP, TCP

_WORD = 0xFFFFFFFF
_NEVER_MIRRORED = (TCP, SCTP)
_MOST_ATTEMPTS, _LAST_ATTEMPTS, _FEWEST_ATTEMPTS = 128, 32, 16


class Choice:
    """One choice for a connection's source or destination. `by_chance` says afterwards whether the
    kernel left it to chance."""

    def __init__(
        self,
        tracker: Conntrack,
        connection: Connection,
        source: bool,
        range_: NatRange,
        *,
        now: float,
        chance: Chance,
    ) -> None:
        self.tracker, self.connection, self.source = tracker, connection, source
        self.range, self.now, self.chance = range_, now, chance
        self.random = range_.random or range_.fully_random
        self.by_chance = False

    def unique(self, current: Tuple) -> Tuple:
        """The tuple that `current` becomes."""
        if self.source and not self.random:
            if self._in_range(current):
                if not self._taken(current) or self._mirrored(current):
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

    def _mirrored(self, current: Tuple) -> bool:
        """nf_nat_used_tuple_new: it is taken by an untranslated connection the other way round. For
        protocols where both ways may begin at once it is kept, though the packet will be lost."""
        if current.proto in _NEVER_MIRRORED:
            return False
        zone, answer = self.connection.zone, self.connection.reply
        found = self.tracker.lookup(current, self.now, zone)
        found = found or self.tracker.lookup(answer, self.now, zone)
        return found is None or (
            not found[0].status & (SRC_NAT | DST_NAT) and found[0].original == answer
        )

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
        """find_appropriate_src: the mapping that the same source already has, the newest first. In
        which order those of a listing were made it does not tell."""
        found: Tuple | None = None
        for other in reversed([*self._of_same_source(current)]):
            mapped = other.reply.inverted()
            assert mapped is not None
            kept = mapped._replace(dst=current.dst, dport=current.dport)
            if not self._in_range(kept):
                continue
            if not other.known:
                return found or kept
            self.by_chance = self.by_chance or found not in (None, kept)
            found = found or kept
        return found

    def _of_same_source(self, current: Tuple) -> Iterator[Connection]:
        zone = self.connection.zone
        whole = zone.original and zone.reply
        for other in self.tracker.of_source(current):
            there = other.zone
            same = there.of(False) == zone.of(False) and whole == (there.original and there.reply)
            if same and "src" in other.set_up:
                yield other

    def _addressed(self, current: Tuple) -> Tuple:
        """find_best_ips_proto: the address that a hash of the source, and unless it is to persist
        of the destination, picks from the range."""
        if self.range.addresses is None:
            return current
        low, high = self.range.addresses
        chosen = low if low == high else self._spread(current, low, high)
        if chosen == (current.src if self.source else current.dst):
            return current
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
        return self.chance.generator.randrange(0x10000)

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
