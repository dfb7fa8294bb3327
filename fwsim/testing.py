"""Assertions about a place, for tests. What they say when they fail is the explanation: the packet,
its way, the rule that decided, and the command that replays it.

    from fwsim.testing import Firewall
    firewall = Firewall.load("host.tar.gz")
    firewall.assert_reaches("web", "db", dport=5432)

Source and destination are whom a policy's words mean (docs/testing.md): names, addresses, networks,
`internet`, `anywhere`. What depends on something that nobody told fails, and says on what.
"""

from __future__ import annotations

import unittest
from collections.abc import Mapping
from os import PathLike
from typing import Any, ClassVar

import fwsim
from fwsim.machine.simulate import Simulation
from fwsim.model.errors import FwsimError
from fwsim.net import Net
from fwsim.questions.again import place_words
from fwsim.questions.policy.model import ISOLATED, MUST, MUST_NOT, End, Line, Policy, Said
from fwsim.questions.policy.outcome import HOLDS
from fwsim.show.policy import failure


def assert_reaches(
    net: Net, src: str, dst: str, *, proto: str = "", dport: int | str | None = None, in_: str = ""
) -> None:
    """What `src` sends to `dst` gets through and is answered: tcp where a port is told, else ping.
    For networks that is so of every packet that a client sends; between two machines the exchange
    is traced as well. `dport` may be such as "80,8000-8010"; `in_` is the device it comes in by."""
    __tracebackhide__ = True
    usual = "icmp" if dport is None else "tcp"
    _hold(net, _line(MUST, src, dst, proto=proto or usual, dport=dport, in_=in_))


def assert_blocked(
    net: Net, src: str, dst: str, *, proto: str = "", dport: int | str | None = None, in_: str = ""
) -> None:
    """No packet from `src` that begins a connection gets to `dst` through the host, which is proved
    for all of them: of any protocol, if none is told, to any port."""
    __tracebackhide__ = True
    _hold(net, _line(MUST_NOT, src, dst, proto=proto, dport=dport, in_=in_))


def assert_isolated(net: Net, a: str, b: str) -> None:
    """Neither begins a connection to the other through the host: no new packet gets through from
    either to the other, whatever it is."""
    __tracebackhide__ = True
    _hold(net, Line(ISOLATED, sides=((End(a),), (End(b),)), who=f"{a} ↔ {b}"))


def _line(kind: str, src: str, dst: str, *, proto: str, dport: int | str | None, in_: str) -> Line:
    return Line(
        kind, (End(src),), (End(dst),), who=src, whom=dst,
        protos=(Said(proto),) if proto else (),
        ports=(Said(str(dport)),) if dport is not None else (),
        in_=Said(in_) if in_ else None,
    )  # fmt: skip


def _hold(net: Net, line: Line) -> None:
    __tracebackhide__ = True
    try:
        (outcome,) = net.test(Policy("", (line,))).outcomes
    except FwsimError as error:
        raise error.with_traceback(None) from None  # where it was found says nothing
    if outcome.result != HOLDS:
        raise AssertionError(failure(outcome, place_words(net.simulation)))


class Firewall(Net):
    """A place that can be asserted about; else all that `fwsim.net.Net` is."""

    simulation: Simulation

    @classmethod
    def load(cls, place: str | PathLike[str] | None = None) -> Firewall:
        """As `fwsim.load`."""
        return cls(fwsim.load(place).simulation)

    def apply(self, *commands: str) -> Firewall:
        """As `Net.apply`."""
        return Firewall(super().apply(*commands).simulation)

    def given(self, assume: Mapping[str, bool] | None = None, **told: Any) -> Firewall:
        """As `Net.given`."""
        return Firewall(super().given(assume, **told).simulation)

    def assert_reaches(
        self, src: str, dst: str, *, proto: str = "", dport: int | str | None = None, in_: str = ""
    ) -> None:
        """As the function of this name."""
        __tracebackhide__ = True
        assert_reaches(self, src, dst, proto=proto, dport=dport, in_=in_)

    def assert_blocked(
        self, src: str, dst: str, *, proto: str = "", dport: int | str | None = None, in_: str = ""
    ) -> None:
        """As the function of this name."""
        __tracebackhide__ = True
        assert_blocked(self, src, dst, proto=proto, dport=dport, in_=in_)

    def assert_isolated(self, a: str, b: str) -> None:
        """As the function of this name."""
        __tracebackhide__ = True
        assert_isolated(self, a, b)


class FirewallTestCase(unittest.TestCase):
    """For unittest: `place` is what is tested, `self.firewall` asserts about it."""

    place: ClassVar[str | PathLike[str]]
    firewall: ClassVar[Firewall]

    @classmethod
    def setUpClass(cls) -> None:
        """Open the place, once for all tests of the class."""
        super().setUpClass()
        if not hasattr(cls, "place"):
            raise TypeError(f'{cls.__name__} does not say which place it tests: place = "…"')
        cls.firewall = Firewall.load(cls.place)
