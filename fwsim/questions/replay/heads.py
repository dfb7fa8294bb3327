"""A batch's headers as columns: which frames are of the same flow and talk, and which of them move
nothing but their own connection, in a way that fwsim.machine.gliding knows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.machine.tcp_states import kind_of
from fwsim.machine.tcp_window import FIN, SYN, Segment, highest
from fwsim.machine.tuples import Tuple
from fwsim.model.packet import TCP, UDP
from fwsim.questions.replay.batch import Batch
from fwsim.questions.replay.flow import IP_AT, L4_AT, shown

Ints = NDArray[np.int64]
Talk = tuple[int, int, int]
"""The two ends, the lesser first, each an address and a port; the protocol."""
_WIDTH = L4_AT + 24  # bytes of a frame that are looked at: up to the first four of TCP's options
_KEY = [*range(16), 22, 23, *range(26, 38)]
_IP, _TAGS = 0x0800, (0x8100, 0x88A8, 0x9100)
_ACKS = np.array([kind_of(flags) == "ack" for flags in range(256)])
_STAMP = 0x0101080A  # how options begin that are a time stamp and nothing else
_new = tuple.__new__  # a record without its constructor's call, for what many packets make
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Heads:
    """The frames of flows, talk by talk and in time order: `order` are their places in the batch,
    and `at` says where in it each place of the batch is (-1: nowhere). In that order: the numbers
    of their flows, whose bytes are `keys`; whether their headers are `whole`; octets, flags, `seq`,
    `end`, `ack`, `sack`, `win`; and in `until` how far those go on that only move their connection.
    `talks` is where each talk begins and ends in it, `barriers` the places of the batch that may
    move any connection; `steady`: time never goes back."""

    def __init__(self, batch: Batch, pause: float) -> None:
        """`pause`: seconds after which a connection may be forgotten."""
        self.batch = batch
        _, clock, starts, sizes, wire = np.array(batch.records).T
        head = _head(batch, starts)
        plain = (sizes >= L4_AT + 8) & (head[:, 14] == 0x45) & (head[:, 21] == 0)
        plain &= (_u16(head, 12) == _IP) & (head[:, 20] & 0x3F == 0)
        plain &= (head[:, 23] == TCP) | (head[:, 23] == UDP)
        kind = _u16(head, 12)
        odd = ~plain & ((sizes < L4_AT + 8) | (kind == _IP) | np.isin(kind, _TAGS))
        self.barriers: list[int] = np.flatnonzero(odd).tolist()
        places = np.flatnonzero(plain)
        head, sizes, wire = head[places], sizes[places], wire[places]
        self.keys, flows = _flows(head)
        ends = [talk_of(shown(key)) for key in self.keys]
        numbers = {talk: number for number, talk in enumerate(dict.fromkeys(ends))}
        talks = np.array([numbers[talk] for talk in ends], np.int64)[flows]
        order = np.argsort(talks, kind="stable")
        head, sizes, wire, talks = head[order], sizes[order], wire[order], talks[order]
        places = places[order]
        self.flows: list[int] = flows[order].tolist()
        self.order: list[int] = places.tolist()
        self.steady = bool((np.diff(clock) >= 0).all())
        at = np.full(len(batch), -1)
        at[places] = np.arange(len(places))
        self.at: list[int] = at.tolist()
        times = clock[places]
        begins = np.flatnonzero(np.diff(talks, prepend=-1))
        bounds = [*begins.tolist(), len(places)]
        self.talks = dict(zip(numbers, pairwise(bounds), strict=True))
        glides = self._segments(head, sizes, wire)
        glides[1:] &= np.diff(times) < pause * 1e9
        stops = np.union1d(np.flatnonzero(~glides), begins)
        after = np.searchsorted(stops, np.arange(len(places)), side="left")
        self.until: list[int] = np.append(stops, len(places))[after].tolist()

    def _segments(self, head: Any, sizes: Ints, wire: Ints) -> Any:
        """Read the numbers of segments; which frames only move their connection."""
        octets, flags = _u16(head, 16), head[:, 47]
        front = (head[:, 46] >> 4).astype(np.int64) * 4  # of the segment
        is_tcp = head[:, 23] == TCP
        headed = (front >= 20) & (sizes >= L4_AT + front) & (octets >= 20 + front)
        whole = np.where(is_tcp, headed, octets >= 28)
        whole &= (octets <= sizes - IP_AT) | (wire != sizes)
        cut = sizes < wire
        glides = whole & (_ACKS[flags] | ~is_tcp)
        seq, ack = _u32(head, 38), _u32(head, 42)
        end = seq + octets - 20 - front + (flags & SYN != 0) + (flags & FIN != 0)
        self.whole: list[bool] = whole.tolist()
        self.cut: list[bool] | None = cut.tolist() if cut.any() else None
        self.octets: list[int] = octets.tolist()
        self.flags, self._front = flags.tobytes(), front.astype(np.uint8).tobytes()
        self.seq: list[int] = seq.tolist()
        self.end: list[int] = (end & 0xFFFFFFFF).tolist()
        self.ack: list[int] = ack.tolist()
        self.win: list[int] = _u16(head, 48).tolist()
        usual = (front == 20) | ((front == 32) & (_u32(head, L4_AT + 20) == _STAMP))
        others = np.flatnonzero(glides & is_tcp & ~usual).tolist()
        self.sack = list(self.ack) if others else self.ack
        for row in others:
            self.sack[row] = highest(self.ack[row], self._options(row))
        return glides

    def key(self, row: int) -> bytes:
        """The key of a row's flow, if its headers are whole."""
        return self.keys[self.flows[row]] if self.whole[row] else b""

    def _options(self, row: int) -> bytes:
        begin = self.batch.records[self.order[row]][2] + L4_AT
        return self.batch.buffer[begin + 20 : begin + self._front[row]]

    def cut_of(self, begin: int, end: int) -> int:
        """How many of those were cut off."""
        return sum(self.cut[begin:end]) if self.cut else 0

    def now(self, row: int) -> int:
        """A row's time in nanoseconds."""
        return self.batch.records[self.order[row]][1]

    def segment(self, row: int) -> Segment:
        """A row's TCP header."""
        ack = self.ack[row]
        numbers = self.flags[row], self.seq[row], self.end[row], ack, ack, self.win[row]
        return _new(Segment, (*numbers, self._options(row)))


def talk_of(key: Tuple) -> Talk:
    """The talk of packets that show that tuple."""
    ends = key.src << 16 | key.sport, key.dst << 16 | key.dport
    return min(ends), max(ends), key.proto


def _head(batch: Batch, starts: Ints) -> Any:
    """The first bytes of each frame; behind its end, what follows in the buffer."""
    raw = np.frombuffer(batch.buffer, np.uint8)
    places = starts[:, None] + np.arange(_WIDTH)
    return raw.take(places, mode="clip")


def _u16(head: NDArray[np.uint8], at: int) -> Ints:
    return head[:, at].astype(np.int64) << 8 | head[:, at + 1]


def _u32(head: NDArray[np.uint8], at: int) -> Ints:
    return _u16(head, at) << 16 | _u16(head, at + 2)


def _flows(head: Any) -> tuple[list[bytes], Any]:
    """The different keys of flows, and of each row which one it has."""
    keys = np.zeros((len(head), 32), np.uint8)
    keys[:, : len(_KEY)] = head[:, _KEY]
    words = keys.view(np.uint64)
    mixed = words[:, 0].copy()
    for column in range(1, 4):
        mixed = (mixed ^ mixed >> np.uint64(29)) * _MIX ^ words[:, column]
    mixed = (mixed ^ mixed >> np.uint64(32)) * _MIX
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    if (words[first[which]] != words).any():  # some mix alike
        _, first, which = np.unique(words, axis=0, return_index=True, return_inverse=True)
    return [bytes(keys[row, : len(_KEY)]) for row in first.tolist()], which.reshape(-1)
