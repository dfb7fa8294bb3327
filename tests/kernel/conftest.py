"""What kernel tests share: the kernel's clock, and fresh seeds, told at the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from .clock import Clock, the_clock


@dataclass
class Told:
    """What a run with a fresh seed tells of itself."""

    seed: int
    packets: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    given_up: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """For the end of the run."""
        yield f"rules of every extension: {self.packets} packets compared, FWSIM_SEED={self.seed}"
        yield f"  left out: {'; '.join(f'{n} ({why})' for n, why in sorted(self.left_out.items()))}"
        whys = Counter(why.partition(":")[0] for why in self.given_up.elements())
        yield f"  cut short: {', '.join(f'{n} as {why}' for why, n in whys.items()) or 'none'}"


_TOLD = pytest.StashKey[Told]()


@pytest.fixture(scope="session")
def told(pytestconfig: pytest.Config) -> Told:
    """FWSIM_SEED from the environment, else a fresh seed in every run, which is told at its end and
    stands in the name of what differs."""
    given = os.environ.get("FWSIM_SEED")
    seed = int(given) if given else int.from_bytes(os.urandom(4), "big")
    pytestconfig.stash[_TOLD] = made = Told(seed)
    return made


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell what was compared."""
    if told := config.stash.get(_TOLD, None):
        for line in told.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def clock() -> Iterator[Clock]:
    """The kernel's clock."""
    yield the_clock()
    the_clock().close()
