"""What kernel tests share: the kernel's clock, and fresh seeds, told at the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

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
    """FWSIM_SEED from the environment, else a seed of the package as it stands: every change of it
    brings other rules and packets; what was compared once is compared again on any machine."""
    given = os.environ.get("FWSIM_SEED")
    pytestconfig.stash[_TOLD] = made = Told(int(given) if given else _seed_of_the_package())
    return made


def _seed_of_the_package() -> int:
    seed = 0
    for path in sorted((Path(__file__).parents[2] / "fwsim").rglob("*.py")):
        seed = crc32(path.read_bytes(), seed)
    return seed


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
