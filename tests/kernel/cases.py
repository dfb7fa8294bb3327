"""Rulesets and packets as cases: the kernel's and fwsim's view of each packet compared, what
differs is shrunk to few rules and packets, and kept in fixtures/kernel."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from fwsim.machine.moment import Given
from fwsim.machine.world import World
from fwsim.model.exthdr import EXTENSIONS
from fwsim.model.trace import Leg

from . import mixed
from .conversations import Sent, Talk, sent_from_dict
from .duel import AGREED, Duel, Seen, same, world_of
from .lab import Lab
from .rulesets import Line, Rules

KEPT = Path(__file__).resolve().parents[2] / "fixtures" / "kernel"
PACKETS_EACH = 30
GIVEN = Given({"TPROXY": False})  # no socket in a lab is transparent
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A ruleset and the packets that go through it in turn."""

    backend: str
    family: int
    rules: Rules
    packets: tuple[Sent, ...] = ()
    answers: bool = False  # the host answers too
    tracked: bool = False
    mixed: bool = False  # on the machine of tests.kernel.mixed, in the kernel's own time
    sets: str = ""  # for ipset restore

    def to_json(self) -> str:
        """To be kept in fixtures/kernel."""
        rules = [[t, c, policy] for (t, c), policy in self.rules.policies.items()]
        data = {
            "backend": self.backend, "family": self.family, "policies": rules,
            "rules": [list(line) for line in self.rules.lines],
            "packets": [sent.to_dict() for sent in self.packets], "answers": self.answers,
            "tracked": self.tracked, "mixed": self.mixed, "sets": self.sets.splitlines(),
        }  # fmt: skip
        return json.dumps(data, indent=1) + "\n"


def case_from_json(text: str) -> Case:
    data = json.loads(text)
    policies = {(table, chain): policy for table, chain, policy in data["policies"]}
    rules = Rules(policies, tuple(Line(*line) for line in data["rules"]))
    packets = tuple(map(sent_from_dict, data["packets"]))
    return Case(
        data["backend"], data["family"], rules, packets, data.get("answers", False),
        data.get("tracked", False), data.get("mixed", False),
        "".join(f"{line}\n" for line in data.get("sets", ())),
    )  # fmt: skip


@dataclass
class DifferenceError(Exception):
    """The two disagree about the last packet of the case."""

    case: Case
    kernel: Seen
    fwsim: Seen
    leg: Leg

    def report(self) -> str:
        """Rules, packets, and what each said of the last one."""
        packets = (f"  {s.dev or 'local'} {s.mac} {s.packet.to_dict()}" for s in self.case.packets)
        said = (("kernel", self.kernel), ("fwsim", self.fwsim))
        return "\n".join([
            f"{self.case.backend}, IPv{self.case.family}", self.case.rules.dump(), "packets:",
            *packets,
            *(f"{who}: {line}" for who, seen in said for line in seen.lines()),
            f"fwsim: {self.leg.fate} {self.leg.reason} {self.leg.ctstate} {self.leg.by_chance}",
        ])  # fmt: skip


@dataclass
class Tally:
    """What was compared."""

    packets: int = 0
    with_rules: int = 0
    emitted: int = 0
    chance: int = 0
    refused: int = 0
    given_up: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)


@cache
def bare_world() -> World:
    """The machine as fwsim reads it from the snapshot of a lab without rules."""
    with Lab() as lab:
        return world_of(lab)


def run(case: Case, more: Talk | None = None, tally: Tally | None = None) -> None:
    """Send the case's packets, or with `more` those it makes up. Raises DifferenceError."""
    tally = tally or Tally()
    quiet = not case.answers
    opened = mixed.opened(case.sets, quiet) if case.mixed else Lab(quiet=quiet)
    with opened as lab, mixed.OneProcessor(lab):
        loaded = mixed.load(lab, case.rules, case.family, case.backend)
        if not loaded:
            tally.refused += 1
            return
        if case.mixed:
            duel: Duel = mixed.timed(lab, case.family, loaded)
        else:
            duel = Duel(lab, case.family, bare_world(), GIVEN, case.tracked)
        _talk(case, duel, more, tally)


def _talk(case: Case, duel: Duel, more: Talk | None, tally: Tally) -> None:
    done: list[Sent] = []
    given = iter(case.packets)
    while sent := next(given, None) if more is None else more.next():
        done.append(sent)
        kernel, (fwsim, leg) = duel.kernel(sent), duel.fwsim(sent, case.answers)
        if case.mixed and (why := _not_compared(case, duel, sent, leg)):
            tally.given_up[why] += 1
            return
        _count(tally, kernel, leg)
        if not same(kernel, fwsim, bool(leg.by_chance), case.answers):
            raise DifferenceError(replace(case, packets=tuple(done)), kernel, fwsim, leg)
        if leg.by_chance or len(done) == PACKETS_EACH:
            return  # after a port chosen by chance the two are in different states
        for dev, _, packet in kernel.emitted if more else ():
            if not case.answers or packet.flags != AGREED:  # what SYNPROXY agrees to is a secret
                more.heard(dev, packet)
        if more and leg.fate == "delivered" and leg.arrived:
            more.heard("", leg.arrived)


def _not_compared(case: Case, duel: Duel, sent: Sent, leg: Leg) -> str:
    """Why the conversation ends here, where it does: what fwsim is asked was not to be told, or
    what nft does is its own."""
    if not duel.whole:
        return "several ticks"
    if case.backend == "nft" and leg.reason == "malformed":
        return "malformed"
    got = leg.arrived if case.mixed and case.answers and leg.fate == "delivered" else None
    headers = got and (got.ext or got.frag or got.more or got.proto in EXTENSIONS)
    if got and got.family == 6 and headers:
        return "extension headers: what the host's own stack answers to them is not modelled"
    if duel.offered:
        return "a connection that SYNPROXY offers to the host, where nobody asked for it"
    if duel.waits or duel.asks:
        return "unknown neighbour: the kernel asks for it before the bridge's hooks"
    return f"unknown: {', '.join(duel.unsure)}" if duel.unsure else ""


def _count(tally: Tally, kernel: Seen, leg: Leg) -> None:
    tally.packets += 1
    tally.with_rules += bool(kernel.matched)
    tally.emitted += bool(kernel.emitted)
    tally.chance += bool(leg.by_chance)
    tally.fates[leg.fate] += 1
    tally.states[leg.ctstate] += 1


def random_difference(case: Case, talk: Talk, tally: Tally) -> DifferenceError | None:
    try:
        run(case, talk, tally)
    except DifferenceError as difference:
        return difference
    return None


# shrinking


def shrunk(difference: DifferenceError) -> DifferenceError:
    """The same with as few rules and packets as still differ."""
    best = [difference]

    def differs(case: Case) -> bool:
        try:
            run(case)
        except DifferenceError as found:
            best[0] = found
            return True
        return False

    if not differs(difference.case):
        return difference
    for _ in range(2):
        _fewest(best[0].case.packets, lambda p: differs(replace(best[0].case, packets=p)))
        lines = best[0].case.rules.lines
        _fewest(lines, lambda r: differs(_with_lines(best[0].case, r)))
    if best[0].case.sets:
        differs(replace(best[0].case, sets=""))
    return best[0]


def _with_lines(case: Case, lines: Sequence[Line]) -> Case:
    return replace(case, rules=case.rules.only(lines))


def _fewest(items: Sequence[T], differs: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    kept, size = tuple(items), max(1, len(items) // 2)
    while size:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if differs(fewer):
                kept = fewer
            else:
                at += size
        size //= 2
    return kept


def complain(difference: DifferenceError, name: str) -> None:
    small = shrunk(difference)
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{name}.json").write_text(small.case.to_json())
    pytest.fail(f"kept as fixtures/kernel/{name}.json\n{small.report()}", pytrace=False)
