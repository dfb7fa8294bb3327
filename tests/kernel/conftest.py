"""What kernel tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .clock import Clock


@pytest.fixture(scope="session")
def clock() -> Iterator[Clock]:
    """The kernel's clock."""
    clock = Clock()
    yield clock
    clock.close()
