"""The kernel's own clock, tick by tick: a list of -m recent that a packet of ours is put on."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from fwsim.model.names import address_value
from fwsim.model.packet import Packet

from . import frames
from .lab import Lab, Spec, Tap

_AHEAD = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
_NAME, _PATH = "tick", "/proc/thread-self/net/xt_recent/clock"
_RULE = "*raw\n-A PREROUTING -m recent --set --name clock --mask 0.0.0.0 -j DROP\nCOMMIT\n"
_MAC = "02:00:00:00:0c:0c"


@cache
def the_clock() -> Clock:
    """The one that all share."""
    return Clock()


class Clock:
    """Stands in a namespace of its own, and disturbs no other. Asking takes some 20 µs."""

    def __init__(self) -> None:
        self._lab = Lab(Spec((Tap(_NAME),)))
        complaint = self._lab.restore(_RULE)
        assert not complaint, complaint
        self._file = self._lab.call(os.open, _PATH, os.O_RDONLY | os.O_CLOEXEC)
        ends = (address_value(address, 4) for address in ("192.0.2.1", "192.0.2.2"))
        self._frame = frames.build(Packet(4, *ends), _MAC, self._lab.mac(_NAME), 1)

    def close(self) -> None:
        """No more asking."""
        os.close(self._file)
        self._lab.close()

    def tick(self) -> int:
        """The tick that it is now (jiffies)."""
        self._lab.send(_NAME, self._frame)
        (seen,) = re.findall(rb"last_seen: (\d+)", os.pread(self._file, 4096, 0))
        return int(seen)

    def next_tick(self) -> int:
        """Look on until a tick begins."""
        before = now = self.tick()
        while now == before:
            now = self.tick()
        return now


@contextmanager
def undisturbed(lab: Lab) -> Iterator[None]:
    """Nobody else's work comes between what this thread and the lab's do, where that may be asked
    for: not in a user namespace."""
    threads = (threading.get_native_id(), lab.call(threading.get_native_id))
    try:
        for thread in threads:
            os.sched_setscheduler(thread, _AHEAD, os.sched_param(1))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        for thread in threads:
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
