"""Random rules whose matches remember, and packets at real times.

Each packet is sent as a tick begins, and the kernel's own clock tells whether the tick was still
the same when it had been dealt with: fwsim is asked at that tick. Where it was not, the rules may
have seen several times, and the conversation ends there. So it does where nf_tables' limit, which
counts in nanoseconds, would have another answer a moment earlier or later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from time import monotonic
from typing import NamedTuple

import pytest

from fwsim.machine.moment import Given
from fwsim.machine.world import World
from fwsim.model.jiffies import HZ
from fwsim.model.trace import Leg

from .clock import Clock, undisturbed
from .conversations import Sent
from .duel import NOTHING, Duel, Seen
from .lab import BASE_CHAINS, Lab
from .rulesets import Line, Rules

_INTERVAL = HZ // 4  # an estimator's, in ticks
_CLEAR = 6  # ticks, from the end of an interval or to it
_READING = 20e-6  # seconds that it takes to read the clock
_TICK = 0.9 / HZ
_CHAINS = (("raw", "PREROUTING"), ("mangle", "POSTROUTING"), ("filter", "INPUT"),
           ("filter", "FORWARD"), ("filter", "OUTPUT"))  # fmt: skip


class Loaded(NamedTuple):
    """The ticks before and after rules were loaded; whether estimators are among them, and limits
    that count in nanoseconds."""

    first: int
    last: int
    estimates: bool = False
    nanoseconds: bool = False

    @classmethod
    def by(cls, clock: Clock, first: int, rules: Rules, backend: str) -> Loaded:
        """The rules are loaded now; that began at `first`."""
        estimates, limits = (
            any(word in x.text for x in rules.lines) for word in ("-j RATEEST", "-m limit")
        )
        return cls(first, clock.tick(), estimates, limits and backend == "nft")

    def is_clear_at(self, tick: int) -> bool:
        """No estimator's interval ends about then: its timer may come some ticks late."""
        longest, age = ((tick - begin) % _INTERVAL for begin in (self.first, self.last))
        return not self.estimates or _CLEAR <= age <= longest <= _INTERVAL - _CLEAR


class TimedDuel(Duel):
    """The kernel against fwsim in the kernel's time. Simulated time begins in the tick after the
    rules were loaded, from where estimators count their intervals."""

    def __init__(
        self,
        lab: Lab,
        family: int,
        world: World,
        clock: Clock,
        loaded: Loaded,
        *,
        given: Given = NOTHING,
    ) -> None:
        super().__init__(lab, family, world, given)
        self.clock, self.loaded = clock, loaded
        self.about = (0.0, 0.0)
        """Between which times the last packet was sent."""

    def put(self, sent: Sent) -> None:
        """Send a packet as a tick begins."""
        with undisturbed(self.lab):
            tick = self.clock.next_tick()
            while not self.loaded.is_clear_at(tick):
                tick = self.clock.next_tick()
            begun = monotonic()
            super().put(sent)
            took = monotonic() - begun
            self.whole = self.clock.tick() == tick
        first = (tick - self.loaded.last) / HZ + _READING
        self.about = (first, first + min(2 * took, _TICK))
        self.simulation.now = first + min(took / 2, _TICK)

    def since(self, tick: int) -> float:
        """A tick in simulated time."""
        return (tick - self.loaded.last + 0.5) / HZ

    def fwsim(self, sent: Sent, answers: bool = False) -> tuple[Seen, Leg]:
        """As a Duel."""
        if self.loaded.nanoseconds:
            simulation, said = self.simulation, []
            for now in self.about:
                self.simulation = simulation.fork()
                self.simulation.now = now
                said.append(super().fwsim(sent, answers)[0])
            self.simulation = simulation
            self.whole = self.whole and said[0] == said[1]
        return super().fwsim(sent, answers)

    def say(self, sent: Sent) -> tuple[Seen, Seen] | None:
        """What the kernel did with a packet, and what fwsim says of it; None where several ticks
        had to do with it."""
        kernel, fwsim = self.kernel(sent), self.fwsim(sent)[0]
        return (kernel, fwsim) if self.whole else None


def held_against(kernel: Seen, fwsim: Seen, *before: str) -> None:
    """Fail where the two differ, with what stands before."""
    if kernel != fwsim:
        told = (("kernel", kernel), ("fwsim", fwsim))
        lines = [f"{who}: {line}" for who, seen in told for line in seen.lines()]
        pytest.fail("\n".join([*before, *lines]), pytrace=False)


def _estimators(rng: Random) -> Iterator[Line]:
    for name in ESTIMATORS:
        before, constant = rng.choice(("", "-p udp ")), rng.choice(("500ms", "2s"))
        options = f"--rateest-interval 250ms --rateest-ewmalog {constant}"
        yield Line("raw", f"-A PREROUTING {before}-j RATEEST --rateest-name {name} {options}")


def with_contents(sent: Sent) -> Sent:
    """A later fragment's first bytes are taken for ports where hashlimit wants some: they are to be
    known."""
    packet = sent.packet
    if not packet.frag or packet.payload:
        return sent
    octets = bytes(range(1, packet.payload_len + 1))
    return sent._replace(packet=packet.but(payload=octets, payload_len=0))


def memory_rules(rng: Random, kind: str, family: int, backend: str) -> Rules:
    """Some rules in every table, each with a match of that kind, `any` for one of each.

    nf_tables' limit is asked for rates that are no whole number of ticks: packets come at ticks."""
    writer = _Writer(rng, family, backend)
    policies = {(table, chain): "ACCEPT" for table, _ in _CHAINS for chain in BASE_CHAINS[table]}
    lines = list(_estimators(rng)) if kind in ("rateest", "any") else []
    for table, chain in _CHAINS:
        for _ in range(rng.choice((1, 2, 3))):
            made = writer.match(rng.choice(KINDS) if kind == "any" else kind, table)
            lines.append(Line(table, f"-A {chain} {made}"))
    return Rules(policies, tuple(lines))


class _Writer:
    def __init__(self, rng: Random, family: int, backend: str) -> None:
        self.rng, self.family = rng, family
        whole = ("10/s", "25/s", "50/s", "600/min") if backend == "legacy" else ("11/s", "13/s")
        self.rates = ("3/min", "1/hour", "7/s", *whole)
        self.bits = 32 if family == 4 else 128

    def match(self, kind: str, table: str) -> str:
        """The words of a rule."""
        rng = self.rng
        before = rng.choice(("", "", "", "-p udp ", "-i eth0 " if table == "raw" else "-p tcp "))
        target = rng.choice(("", "", "", "", "-j DROP", "-j ACCEPT", "-j RETURN"))
        maker: Callable[[str], str] = getattr(self, f"_{kind}")
        return f"{before}{maker(table)} {target}".strip()

    def _limit(self, table: str) -> str:
        rate = self.rng.choice(self.rates)
        return f"-m limit --limit {rate} --limit-burst {self.rng.choice((1, 2, 3, 5))}"

    def _hashlimit(self, table: str) -> str:
        rng = self.rng
        windows = rng.random() < 0.2
        name = f"{table}{'w' if windows else rng.choice('ab')}"
        octets = rng.random() < 0.3
        rates = ("1kb/s", "500b/s", "20kb/s") if octets else ("10/s", "25/s", "50/s", "5/min")
        words = [f"--hashlimit-{rng.choice(('upto', 'above'))} {rng.choice(rates)}"]
        burst = f"{rng.choice((20, 40))}kb" if octets else str(rng.choice((1, 2, 4)))
        if not octets or rng.random() < 0.5:
            words.append(f"--hashlimit-burst {burst}")
        modes = [m for m in ("srcip", "dstip", "srcport", "dstport") if rng.random() < 0.4]
        if modes:
            words.append(f"--hashlimit-mode {','.join(modes)}")
        for side in ("src", "dst"):
            if rng.random() < 0.3:
                words.append(f"--hashlimit-{side}mask {rng.choice((0, 16, self.bits))}")
        if rng.random() < 0.2:
            words.append("--hashlimit-htable-size 1 --hashlimit-htable-max 2")
        if windows:
            words.append("--hashlimit-rate-match")
        words.append("--hashlimit-htable-expire 60000")  # the kernel may collect late
        return f"-m hashlimit --hashlimit-name {name} {' '.join(words)}"

    def _recent(self, table: str) -> str:
        rng = self.rng
        operation = rng.choice(("set", "set", "rcheck", "update", "rcheck", "update", "remove"))
        words = [f"{rng.choice(('', '', '! '))}--{operation} --name {table}{rng.choice('ab')}"]
        if operation in ("rcheck", "update"):
            seconds = rng.choice(("", "--seconds 1", "--seconds 1 --reap", "--seconds 60"))
            words += [seconds, rng.choice(("", f"--hitcount {rng.choice((1, 2, 3, 40))}"))]
            words.append(rng.choice(("", "", "--rttl")))
        words.append(rng.choice(("", "--rsource", "--rdest")))
        mask = "255.255.0.0" if self.family == 4 else "ffff:ffff::"
        words.append(rng.choice(("", "", f"--mask {mask}")))
        return f"-m recent {' '.join(filter(None, words))}"

    def _quota(self, table: str) -> str:
        return f"-m quota {self.rng.choice(('', '! '))}--quota {self.rng.randrange(1500)}"

    def _statistic(self, table: str) -> str:
        rng = self.rng
        no = rng.choice(("", "! "))
        if rng.random() < 0.2:
            return f"-m statistic --mode random {no}--probability {rng.choice('01')}"
        every = rng.choice((1, 2, 3, 7))
        return f"-m statistic --mode nth {no}--every {every} --packet {rng.randrange(every)}"

    def _rateest(self, table: str) -> str:
        rng = self.rng
        what, limit = rng.choice((("pps", rng.randrange(90)), ("bps", f"{rng.randrange(50)}kbit")))
        how = f"{rng.choice(('', '! '))}--rateest-{rng.choice(('lt', 'gt'))}"
        if rng.random() < 0.3:
            return f"-m rateest --rateest1 RE0 {how} --rateest-{what} --rateest2 RE1"
        name = rng.choice(ESTIMATORS)
        if rng.random() < 0.3:
            delta = f"--rateest-{what}1 {limit} {how} --rateest-{what}2"
            return f"-m rateest --rateest-delta --rateest {name} {delta} {limit}"
        return f"-m rateest --rateest {name} {how} --rateest-{what} {limit}"


ESTIMATORS = ("RE0", "RE1")
KINDS = ("limit", "hashlimit", "recent", "quota", "statistic", "rateest")
