"""Random TCP conversations."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from random import Random

from machine.tcp_cases import PORTS, Known, Table, segment

from fwsim.machine.tcp import STATES, Last, adopt
from fwsim.machine.tcp_window import Side
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import Packet

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = TCP_FLAGS.values()


def beginning(random: Random) -> Known | None:
    """Sometimes a connection is there already. One in SYN_SENT is left out: `conntrack -I` prepares
    it for SYNPROXY, which lets keepalives through that are INVALID elsewhere."""
    if random.random() < 0.85:
        return None
    status = random.choice(("", "SEEN_REPLY", "SEEN_REPLY,ASSURED"))
    return Known(random.choice(STATES[2:9]), frozenset(status.split(",")), 1000)


class Talk:
    """A conversation that mostly makes sense. It looks at the table to aim at its limits."""

    def __init__(self, random: Random, table: Table) -> None:
        self.random, self.table = random, table
        self.sent = [self._number(), self._number()]  # each host's next sequence number
        self.plot: list[tuple[int, int]] = []
        self.said: list[Packet] = []

    def next(self) -> Packet:
        """The next packet, given all before it."""
        r, track = self.random, self.table.track
        if self.said and r.random() < 0.08:
            return r.choice(self.said[-4:])
        dead = track is not None and track.state == "CLOSE" and r.random() < 0.3
        if dead or not self.plot:
            self.plot = list(self._plot(opening=dead or track is None or r.random() < 0.2))
        side, flags = self.plot.pop(0) if r.random() < 0.85 else self._surprise()
        make = self._plausible if r.random() < (0.5 if flags & RST else 0.8) else self._odd
        self.said.append(make(side, flags))
        return self.said[-1]

    def _plausible(self, side: int, flags: int) -> Packet:
        ack = self.sent[1 - side] if flags & ACK or self.random.random() < 0.1 else 0
        packet = self._packet(side, flags, self.sent[side], ack)
        if not flags & RST:
            length = packet.data_len + bool(flags & SYN) + bool(flags & FIN)
            self.sent[side] = packet.seq + length & 0xFFFFFFFF
        return packet

    def _odd(self, side: int, flags: int) -> Packet:
        r = self.random
        seq, ack = self.sent[side], self.sent[1 - side]
        wrong = r.randrange(3)
        if wrong != 0:
            seq = r.choice(self._seqs(side)) + r.choice((-2, -1, 0, 0, 0, 1, 2))
        if wrong != 1:
            ack = r.choice(self._acks(side)) + r.choice((-2, -1, 0, 0, 0, 1, 2))
        return self._packet(side, flags, seq, ack)

    def _packet(self, side: int, flags: int, seq: int, ack: int) -> Packet:
        r = self.random
        data = 0 if flags & (SYN | RST) and r.random() < 0.9 else r.choice((0, 0, 0, 1, 100, 1400))
        return segment(
            side, flags, seq, ack, payload_len=data, tcp_options=self._options(side, flags),
            window=r.choice((0, 1, 100, 1000, 8192, 65535, 65535)),
        )  # fmt: skip

    def _number(self) -> int:
        return self.random.choice((0, 1, 0x7FFFFFFF, 0xFFFFFF00, self.random.getrandbits(32)))

    def _surprise(self) -> tuple[int, int]:
        odd = self.random.getrandbits(8)
        usual = (SYN, SYN, SYN | ACK, ACK, ACK, FIN | ACK, FIN | ACK, RST, RST | ACK)
        return self.random.randrange(2), self.random.choice((*usual, *usual, odd))

    def _plot(self, opening: bool) -> Iterable[tuple[int, int]]:
        r, a = self.random, self.random.randrange(2)
        b = 1 - a
        if opening and r.random() < 0.85:
            handshakes = (
                [(a, SYN), (b, SYN | ACK), (a, ACK)],
                [(a, SYN), (b, SYN | ACK), (a, ACK)],
                [(a, SYN), (a, SYN), (b, SYN | ACK), (b, SYN | ACK), (a, ACK)],
                [(a, SYN), (b, SYN), (b, SYN | ACK), (a, SYN | ACK), (a, ACK), (b, ACK)],
                [(a, SYN), (b, SYN), (a, ACK), (b, ACK)],
                [(a, SYN), (b, ACK), (a, RST), (a, SYN), (b, SYN | ACK), (a, ACK)],
                [(a, SYN), (b, RST | ACK)],
            )
            yield from r.choice(handshakes)
        for _ in range(r.randrange(6)):
            yield r.randrange(2), ACK | r.choice((0, 0, PSH, URG, ECE))
        first = r.randrange(2)
        last = 1 - first
        yield from r.choice((
            [(first, FIN | ACK), (last, ACK), (last, FIN | ACK), (first, ACK)],
            [(first, FIN | ACK), (last, FIN | ACK), (first, ACK)],
            [(first, FIN | ACK), (last, FIN | ACK), (a, SYN), (b, ACK), (a, RST)],
            [(first, FIN | ACK), (last, FIN | ACK), (first, ACK), (last, ACK)],
            [(first, RST | ACK)],
            [(first, SYN), (last, SYN | ACK), (first, ACK)],
            [(first, SYN), (last, ACK), (first, RST)],
            [(first, ACK)],
            [(first, ACK), (last, ACK)],
        ))  # fmt: skip

    def _sides(self, side: int) -> tuple[Side, Side, Last]:
        """The records of a sender and of its receiver, and the segment remembered."""
        track = self.table.track or adopt("NONE")
        reply = PORTS[side] != self.table.opener
        return track.sides[reply], track.sides[not reply], track.last

    def _seqs(self, side: int) -> list[int]:
        """Numbers at which the judgement of a sequence number changes, and some others."""
        sender, receiver, last = self._sides(side)
        resets = [0, receiver.maxack or 0, last.end, last.ack]
        limits = [sender.maxend, sender.maxend + receiver.maxwin, sender.end - receiver.maxwin]
        sent = self.sent[side]
        return [
            *resets, *resets, *limits, sender.end, sender.maxend + 0x80000000,
            sent - 100, sent - 1, sent + 100, self._number(),
        ]  # fmt: skip

    def _acks(self, side: int) -> list[int]:
        """The same for an acknowledgement."""
        sender, receiver, last = self._sides(side)
        limits = [receiver.end, receiver.end - 66000, receiver.end - sender.maxwin]
        sent = self.sent[1 - side]
        return [
            *limits, receiver.end - 1000, receiver.end + 0x80000000, 0, last.end,
            sent - 100, sent + 100, self._number(),
        ]  # fmt: skip

    def _options(self, side: int, flags: int) -> bytes:
        r = self.random
        if r.random() < (0.3 if flags & SYN else 0.7):
            return b""
        scale = bytes((3, 3, r.choice((0, 1, 2, 7, 14, 15, 255))))
        edge = r.choice(self._acks(side)) + r.choice((-1, 0, 1))
        blocks = struct.pack("!II", 1, edge & 0xFFFFFFFF) * r.choice((1, 1, 2))
        pool = (
            scale, scale, b"\4\2", b"\4\2", b"\2\4\5\xb4", b"\1", b"\0", b"\1\1\x08\x0a" + bytes(8),
            b"\3\2", b"\4\3\0", b"\5\2", b"\xfe\1", b"\xfe\x20", b"\3",
            bytes((5, 2 + len(blocks))) + blocks, bytes((5, 2 + len(blocks))) + blocks,
        )  # fmt: skip
        chosen = b"".join(r.sample(pool, r.choice((1, 2, 2, 3))))[:40]
        return chosen + r.choice((b"\0", b"\1")) * (-len(chosen) % 4)
