"""One extension at a time against the kernel: random rules that use it in every chain that takes
them, random packets steered to hit and to miss. After every packet, which rules matched and what
left the machine are as fwsim says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from random import Random
from typing import NamedTuple

import pytest

from fwsim.machine.moment import Given
from fwsim.machine.world import World
from fwsim.model.packet import Packet

from .conversations import Sent, Talk
from .duel import Duel, Seen, same
from .lab import BASE_CHAINS, Lab

Rule = Callable[[Random, int], str]
Tweak = Callable[[Random, Sent], Sent]
PACKETS = 25
ANYWHERE: Mapping[str, tuple[str, ...]] = {t: BASE_CHAINS[t] for t in ("raw", "mangle", "filter")}


class Kind(NamedTuple):
    """An extension's rules (what stands behind `-A CHAIN`), `where` they may stand, the packets
    for them, and rules of a chain's own that show what the others did (`after`)."""

    rule: Rule
    tweak: Tweak = lambda rng, sent: sent
    where: Mapping[str, tuple[str, ...]] = ANYWHERE
    after: tuple[str, ...] = ()
    families: tuple[int, ...] = (4, 6)
    given: Given = Given()
    rules_each: int = 3


class Tally(NamedTuple):
    """How often rules matched, and how many packets left otherwise than they came."""

    hits: int
    changed: int


def dump(rng: Random, family: int, kind: Kind) -> str:
    """A ruleset in which nothing but the extension at hand decides."""
    lines: list[str] = []
    for table, chains in kind.where.items():
        lines += [f"*{table}", *(f":{chain} ACCEPT [0:0]" for chain in BASE_CHAINS[table])]
        for chain in chains:
            rules = [kind.rule(rng, family) for _ in range(kind.rules_each)]
            lines += [f"-A {chain} {rule}" for rule in (*rules, *kind.after)]
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


class Machine(NamedTuple):
    """The kernel's, and what fwsim reads of it; under `backend`."""

    lab: Lab
    world: World
    backend: str


def compare(machine: Machine, kind: Kind, family: int, rng: Random) -> Tally:
    """Load one random ruleset and send packets through it; fails where the two disagree."""
    lab, world, backend = machine
    text = dump(rng, family, kind)
    lab.forget()
    complaint = lab.restore(text, family, backend)
    assert not complaint, (complaint, text)
    duel, talk = Duel(lab, family, world, kind.given), Talk(rng, family)
    hits = changed = 0
    for _ in range(PACKETS):
        sent = kind.tweak(rng, talk.next())
        kernel, (fwsim, leg) = duel.kernel(sent), duel.fwsim(sent)
        if not same(kernel, fwsim, False):
            pytest.fail(
                _report(text, sent, kernel, fwsim, f"{leg.fate} {leg.reason}"), pytrace=False
            )
        hits += sum(kernel.matched.values())
        changed += any(_differs(packet, sent.packet) for _, _, packet in kernel.emitted)
    return Tally(hits, changed)


def _differs(left: Packet, came: Packet) -> bool:
    """More than a hop lies between the two."""
    told = came.but(ttl=left.ttl, mac_src=None, uid=None)
    return left != told or left.ttl not in (came.ttl, came.ttl - 1)


def _report(text: str, sent: Sent, kernel: Seen, fwsim: Seen, end: str) -> str:
    """Only what differs."""
    theirs, ours = set(kernel.lines()), set(fwsim.lines())
    rules = _numbered(text)
    named = [rules.get(tuple(line.split()[:4:3] + line.split()[1:2]), "") for line in theirs ^ ours]
    return "\n".join([
        f"sent at {sent.dev or 'the host'} to {sent.mac}: {sent.packet}",
        *(f"kernel alone: {line}" for line in sorted(theirs - ours)),
        *(f"fwsim alone: {line}" for line in sorted(ours - theirs)),
        *(f"{who} left: {one}" for who, seen in (("kernel", kernel), ("fwsim", fwsim))
          for one in seen.emitted if set(kernel.emitted) != set(fwsim.emitted)),
        f"fwsim: {end}", *filter(None, named), text,
    ])  # fmt: skip


def _numbered(text: str) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    table, counts = "", dict[str, int]()
    for line in text.splitlines():
        if line.startswith("*"):
            table, counts = line[1:], {}
        elif line.startswith("-A"):
            chain = line.split()[1]
            counts[chain] = counts.get(chain, 0) + 1
            found[table, str(counts[chain]), chain] = f"that rule: {table} {line}"
    return found


def no(rng: Random) -> str:
    """A `!` now and then."""
    return "! " if rng.random() < 0.3 else ""


def only(*chains: str) -> Mapping[str, tuple[str, ...]]:
    """Those of ANYWHERE's chains."""
    return {
        table: found
        for table, all_ in ANYWHERE.items()
        if (found := tuple(chain for chain in all_ if chain in chains))
    }


class Way(NamedTuple):
    """A kind by its name, under one backend and in one family."""

    name: str
    backend: str
    family: int

    def __str__(self) -> str:
        return f"{self.name}-{self.backend}-v{self.family}"


def ways(kinds: Mapping[str, Kind]) -> list[Way]:
    """Every kind with every backend and each of its families."""
    return [
        Way(name, backend, family)
        for (name, kind), backend in product(kinds.items(), ("legacy", "nft"))
        for family in kind.families
    ]
