"""What a capture has shown a moment ago, and what it is going to show: the same packet on another
device, what rules let leave, what they answer with."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from fwsim.machine.policy import LOOPBACK
from fwsim.machine.response import Start
from fwsim.machine.tuples import Tuple
from fwsim.questions.replay.frames import Frame
from fwsim.questions.replay.links import Heard
from fwsim.questions.replay.placing import Placed

_MOST = 1 << 14  # packets that are expected
_ECHOES = 32  # frames among which a packet may be seen again
_MOMENT = 10**7  # nanoseconds within which it is


class Cell:
    """How many packets that show one tuple are about to leave; `kept` while anybody looks."""

    __slots__ = ("count", "kept", "shows")

    def __init__(self, shows: Tuple) -> None:
        self.shows, self.count, self.kept = shows, 0, True


class Seen:
    """What is about to be seen; bounded, as long as somebody asks to `forget`."""

    def __init__(self) -> None:
        self._due: OrderedDict[Tuple, Cell] = OrderedDict()
        self._whences: set[object] = set()
        self._answers: OrderedDict[Tuple, Start] = OrderedDict()
        self._echoes: deque[tuple[bytes, str, object, int]] = deque(maxlen=_ECHOES)

    def is_echo(self, frame: Frame, link: Heard, placed: Placed) -> bool:
        """The same packet was seen a moment ago going the same way on another device, as on a
        bridge and its port; or it comes back by lo."""
        whence = link.dev or frame.interface.name
        self._whences.add(whence)
        if len(self._whences) < 2 and not link.direction:
            return False  # one interface shows each packet once
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

    def expect(self, keys: Iterable[Tuple | None]) -> list[Cell]:
        """Packets that show these tuples are about to leave."""
        cells = [self._cell(key) for key in keys if key is not None]
        for cell in cells:
            cell.count += 1
        return cells

    def again(self, cell: Cell, times: int) -> None:
        """The same once more."""
        if not cell.kept:
            self._due[cell.shows] = cell
            cell.kept = True
        cell.count += times

    def _cell(self, key: Tuple) -> Cell:
        cell = self._due.get(key)
        if cell is None:
            cell = self._due[key] = Cell(key)
        return cell

    def forget(self) -> None:
        """What has waited longest, if too many are waiting."""
        while len(self._due) > _MOST:
            oldest = self._due.popitem(last=False)[1]
            oldest.kept, oldest.count = False, 0

    def answer(self, key: Tuple | None, start: Start) -> None:
        """The host is about to send an answer that shows this tuple, beginning there."""
        if key is not None:
            self._answers[key] = start
            if len(self._answers) > _MOST:
                self._answers.popitem(last=False)

    def is_awaited(self, key: Tuple) -> bool:
        """Such a packet is about to leave."""
        cell = self._due.get(key)
        return bool(cell and cell.count) or self.is_answer(key)

    def is_due(self, key: Tuple | None) -> bool:
        """Such a packet was about to leave: now it has."""
        cell = self._due.get(key) if key else None
        if cell is None or not cell.count:
            return False
        cell.count -= 1
        return True

    def is_answer(self, key: Tuple | None) -> bool:
        """The host is about to send an answer like that."""
        return bool(self._answers) and key in self._answers

    def answered(self, key: Tuple | None) -> Start | None:
        """Where an answer begins that was about to be sent: now it is."""
        return self._answers.pop(key, None) if key else None
