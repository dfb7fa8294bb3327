"""What a capture has shown a moment ago, and what it is going to show: the same packet on another
device, what rules let leave, what they answer with."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from typing import TypeVar

from fwsim.machine.policy import LOOPBACK
from fwsim.machine.response import Start
from fwsim.machine.tuples import Tuple
from fwsim.questions.replay.frames import Frame
from fwsim.questions.replay.links import Heard
from fwsim.questions.replay.placing import Placed

_MOST = 1 << 14  # packets that are expected
_ECHOES = 32  # frames among which a packet may be seen again
_MOMENT = 10**7  # nanoseconds within which it is
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Seen:
    """Bounded: what has waited longest is forgotten first."""

    def __init__(self) -> None:
        self._due: OrderedDict[Tuple, int] = OrderedDict()
        self._answers: OrderedDict[Tuple, Start] = OrderedDict()
        self._echoes: deque[tuple[bytes, str, object, int]] = deque(maxlen=_ECHOES)

    def is_echo(self, frame: Frame, link: Heard, placed: Placed) -> bool:
        """The same packet was seen a moment ago going the same way on another device, as on a
        bridge and its port; or it comes back by lo."""
        whence = link.dev or frame.interface.name
        if not whence and not link.direction:  # one interface, which shows each packet once
            return False
        data, part = frame.data[link.at :], placed.part
        echo = any(
            data == seen
            and (part == way or placed.dev == LOOPBACK)
            and (whence != there or not whence or part != way)
            and frame.time - time < _MOMENT
            for seen, way, there, time in self._echoes
        )
        self._echoes.append((data, part, whence, frame.time))
        return echo

    def expect(self, keys: Iterable[Tuple | None]) -> None:
        """Packets that show these tuples are about to leave."""
        for key in keys:
            if key is not None:
                _put(self._due, key, self._due.pop(key, 0) + 1)

    def answer(self, key: Tuple | None, start: Start) -> None:
        """The host is about to send an answer that shows this tuple, beginning there."""
        if key is not None:
            _put(self._answers, key, start)

    def is_due(self, key: Tuple | None) -> bool:
        """Such a packet was about to leave: now it has."""
        due = self._due.get(key, 0) if key else 0
        if key is None or not due:
            return False
        if due > 1:
            self._due[key] = due - 1
        else:
            del self._due[key]
        return True

    def answered(self, key: Tuple | None) -> Start | None:
        """Where an answer begins that was about to be sent: now it is."""
        return self._answers.pop(key, None) if key else None


def _put(where: OrderedDict[K, V], key: K, value: V) -> None:
    where[key] = value
    if len(where) > _MOST:
        where.popitem(last=False)
