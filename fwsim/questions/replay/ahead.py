"""Packets that go a known way and move nothing but their own connection are taken many at a time,
before their turn: nobody else can tell.

Behind a packet of a connection that `may_glide`, those of its talk are taken up to the first one
that is not plain, belongs to no flow of that connection, has no way that is known for it, or does
not fit its window: that one has its turn. Nothing between can change the connection: only packets
of its talks find it, and ICMP's errors, over which nobody is taken. What the packets in between see
of it is that it is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

from fwsim.machine.connection import Connection
from fwsim.machine.gliding import glide, may_glide
from fwsim.questions.replay.flows import Flows
from fwsim.questions.replay.heads import talk_of
from fwsim.questions.replay.ways import Way

if TYPE_CHECKING:
    from fwsim.questions.replay.flow import Flow
    from fwsim.questions.replay.heads import Heads
    from fwsim.questions.replay.seen import Seen


class Ahead:
    """What of a batch has been taken: 1 in `done`. `cut` counts those that the capture cut off."""

    def __init__(
        self, heads: Heads, flows: Flows, seen: Seen, now_at: Callable[[int], float]
    ) -> None:
        self._heads, self._flows, self._seen = heads, flows, seen
        self._now_at = now_at
        self.done = bytearray(len(heads.batch))
        self.cut = 0

    def behind(self, row: int) -> None:
        """Take what may be taken behind that row, which has had its turn."""
        heads, begin = self._heads, row + 1
        if begin == len(heads.order) or heads.until[begin] == begin:
            return
        flow = self._flows.known.get(heads.keys[heads.flows[begin]])
        connection = flow.connection if flow else None
        if connection is None or not may_glide(connection, self._now(begin)):
            return
        end = self._end(connection, begin, heads.order[row])
        numbers = heads.flows[begin:end]
        flows = self._known(connection, set(numbers))
        if len(flows) < len(set(numbers)):
            end = begin + min(numbers.index(n) for n in set(numbers) - flows.keys())
        end = self._within(flows, begin, end)
        if begin < end:
            self._take(connection, flows, begin, end)

    def _now(self, row: int) -> float:
        return self._now_at(self._heads.now(row))

    def _end(self, connection: Connection, begin: int, place: int) -> int:
        """Where packets end that nothing comes before that may move their connection."""
        heads, end, limit = self._heads, self._heads.until[begin], len(self.done)
        if heads.barriers:
            at = bisect_left(heads.barriers, place)
            limit = heads.barriers[at] if at < len(heads.barriers) else limit
        if connection.reply != connection.original.inverted():
            own = heads.at[place]
            for key in (connection.original, connection.reply):
                first, last = heads.talks.get(talk_of(key), (0, 0))
                if not first <= own < last:
                    at = bisect_left(heads.order, place, first, last)
                    limit = min(limit, heads.order[at]) if at < last else limit
        return bisect_left(heads.order, limit, begin, end)

    def _known(self, connection: Connection, numbers: set[int]) -> dict[int, tuple[Flow, Way]]:
        """The flows of that connection among them, and their ways."""
        keys, known = self._heads.keys, self._flows.known
        found: dict[int, tuple[Flow, Way]] = {}
        for number in numbers:
            flow = known.get(keys[number])
            way = self._flows.settled(flow, connection) if flow else None
            if flow and way and self._may_show(flow, way, connection):
                found[number] = flow, way
        due = {
            connection.tuple(not f.reply).inverted()
            for f, way in found.values()
            if not f.left and way.emits
        }
        return {n: (f, way) for n, (f, way) in found.items() if not f.left or f.shows not in due}

    def _may_show(self, flow: Flow, way: Way, connection: Connection) -> bool:
        """Packets of it that are yet to be seen are so many more; or none is, and none can be."""
        if not flow.left:
            return not way.emits or (flow.cell is not None and flow.cell.kept)
        shows = flow.shows
        if shows is None or self._flows.zoned or self._seen.is_awaited(shows):
            return False
        return shows.inverted() in (connection.original, connection.reply)

    def _within(self, flows: dict[int, tuple[Flow, Way]], begin: int, end: int) -> int:
        """Where packets end that are not too long for their way."""
        heads = self._heads
        least = min((way.longest for _, way in flows.values()), default=0)
        for row in range(begin, end) if max(heads.octets[begin:end], default=0) > least else ():
            if heads.octets[row] > flows[heads.flows[row]][1].longest:
                return row
        return end

    def _take(
        self, connection: Connection, flows: dict[int, tuple[Flow, Way]], begin: int, end: int
    ) -> None:
        heads, part = self._heads, slice(begin, end)
        back = {number: flow.reply for number, (flow, _) in flows.items()}
        rows = list(zip(
            map(back.__getitem__, heads.flows[part]), heads.seq[part], heads.end[part],
            heads.ack[part], heads.sack[part], heads.win[part], strict=True,
        ))  # fmt: skip
        count = glide(connection, rows, lambda n: self._now(begin + n), self._flows.settings)
        end, done = begin + count, self.done
        for place in heads.order[begin:end]:
            done[place] = 1
        self.cut += heads.cut_of(begin, end)
        octets, packets = dict.fromkeys(flows, 0), dict.fromkeys(flows, 0)
        for number, size in zip(heads.flows[begin:end], heads.octets[begin:end], strict=True):
            packets[number] += 1
            octets[number] += size
        for number, (flow, way) in flows.items():
            way.count += packets[number]
            way.octets += octets[number]
            connection.count(flow.reply, octets[number], packets[number])
            if way.emits and flow.cell and not flow.left and packets[number]:
                self._seen.again(flow.cell, way.emits * packets[number])
