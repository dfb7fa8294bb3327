"""The pytest plugin: fixtures that assert about the place of `--fwsim-from`. Nothing else of fwsim
is imported before a test asks for one of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fwsim.testing import Firewall


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fwsim-from`, `--fwsim-with`, and the ini line `fwsim_from`."""
    group = parser.getgroup("fwsim", "fwsim: tests of a firewall")
    group.addoption(
        "--fwsim-from", metavar="PLACE",
        help="the place that the fixture `firewall` is: a dump, a snapshot, example:NAME",
    )  # fmt: skip
    group.addoption(
        "--fwsim-with", metavar="'iptables …'", action="append", default=[],
        help="give this iptables command first (repeatable, in order)",
    )  # fmt: skip
    parser.addini("fwsim_from", "the place that the fixture `firewall` is", default="")


@pytest.fixture(scope="session")
def firewall(pytestconfig: pytest.Config) -> Firewall:
    """The place that is tested, a `fwsim.testing.Firewall`."""
    from fwsim.model.errors import FwsimError
    from fwsim.testing import Firewall

    place = _place(pytestconfig)
    if not place:
        pytest.fail(
            "which firewall? Say --fwsim-from PLACE, or fwsim_from = PLACE in pytest's ini file",
            pytrace=False,
        )
    try:
        return Firewall.load(place).apply(*pytestconfig.getoption("--fwsim-with"))
    except FwsimError as error:
        pytest.fail(str(error), pytrace=False)


def _place(config: pytest.Config) -> str:
    """The option's, else the ini file's, as seen from where that is, else the environment's."""
    option: str | None = config.getoption("--fwsim-from")
    if option:
        return option
    line = str(config.getini("fwsim_from"))
    beside = os.path.join(config.inipath.parent if config.inipath else config.rootpath, line)
    if line:
        return beside if os.path.exists(beside) else line
    return os.environ.get("FWSIM_FROM", "")


@pytest.fixture
def assert_reaches(firewall: Firewall) -> Callable[..., None]:
    """`assert_reaches(src, dst, proto=…, dport=…)`: it gets through and is answered."""
    return firewall.assert_reaches


@pytest.fixture
def assert_blocked(firewall: Firewall) -> Callable[..., None]:
    """`assert_blocked(src, dst, proto=…, dport=…)`: none gets through, by proof."""
    return firewall.assert_blocked


@pytest.fixture
def assert_isolated(firewall: Firewall) -> Callable[..., None]:
    """`assert_isolated(a, b)`: none gets through in either direction, by proof."""
    return firewall.assert_isolated
