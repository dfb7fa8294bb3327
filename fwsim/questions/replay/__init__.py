"""A capture through the rules: what its packets were, where each came in, what became of it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from fwsim.machine.pile import standard_input
from fwsim.questions.replay.frames import Stream
from fwsim.questions.replay.placing import Asked
from fwsim.questions.replay.run import OnLeg, Run
from fwsim.questions.replay.summary import Replay

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation

_OBJECTS = 50_000  # that are made before cycles are looked for


def replay(
    simulation: Simulation,
    file: str | os.PathLike[str],
    asked: Asked,
    progress: Callable[[int, int], None],
    on_leg: OnLeg | None,
) -> Replay:
    """Replay a capture (\"-\": standard input). OSError if it cannot be read; what is wrong with
    its contents stands in the answer."""
    with _opened(os.fspath(file)) as (opened, size), _rarely_collected():
        run = Run(simulation, asked, "-" if file == "-" else os.path.basename(file), on_leg)
        for offset in run.through(Stream(opened)):
            progress(offset, size)
    return run.replay


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """A replay makes many records and next to no cycles: to look for some after every 700 objects
    takes a tenth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int]]:
    if file == "-":
        yield standard_input(), 0
        return
    with open(file, "rb") as opened:
        yield opened, os.fstat(opened.fileno()).st_size
