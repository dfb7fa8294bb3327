"""What all tests share: how chance is seeded, and what was skipped, told in one line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import hypothesis
import pytest

from fwsim.readings.words import spoken

_SEED = os.environ.get("FWSIM_SEED")

hypothesis.settings.register_profile(
    "fwsim",
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ and _SEED is None,
)
hypothesis.settings.load_profile("fwsim")


@pytest.fixture(scope="session")
def seed() -> int:
    """FWSIM_SEED from the environment, 0 without: every random test starts from it."""
    return int(_SEED or 0)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """No test leaves another language behind."""
    yield
    assert spoken() == "en"


def pytest_report_header() -> str:
    return f"fwsim: FWSIM_SEED={_SEED or 'not set'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items if _SEED is not None else ():
        function = getattr(item, "function", None)
        if hypothesis.is_hypothesis_test(function):
            hypothesis.seed(int(_SEED))(getattr(function, "__func__", function))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    for line in skips((report.nodeid, report.longrepr[2]) for report in reports):
        terminalreporter.write_line(line)


def skips(reports: Iterable[tuple[str, str]]) -> list[str]:
    """What was skipped: the kernel tests in one line together, so those in a browser, any other in
    a line of its own.

    A file skipped at its top has no `::` in its name: its tests were never counted."""
    lines: list[str] = []
    skipped: dict[str, list[tuple[str, str]]] = {"kernel tests": [], "browser tests": []}
    for name, reason in reports:
        kind, _, why = reason.removeprefix("Skipped: ").partition(": ")
        if kind in skipped:
            skipped[kind].append((name, why))
        else:
            lines.append(f"skipped {name}: {reason.removeprefix('Skipped: ')}")
    for kind, tests in skipped.items():
        if tests:
            whole = sum("::" not in name for name, _ in tests)
            counted = f"{whole} whole files and {len(tests) - whole} tests"
            reasons = "; ".join(dict.fromkeys(why for _, why in tests))
            lines.append(f"{kind} skipped: {counted}: {reasons}")
    return lines
