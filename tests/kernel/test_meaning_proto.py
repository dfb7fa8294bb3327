"""What the matches of protocols, IPv6 headers and payloads mean: random options, packets steered to
hit and to miss, cut short and in fragments; every counter as the kernel has it. FWSIM_SEED chooses
others.

Malformed packets that iptables drops at once fwsim drops as legacy does. nft's layer for iptables'
matches goes other ways with some: -p only misses a protocol that it cannot find, and a rule is not
counted whose match is negated and drops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import pytest

from fwsim.language.ext._bpf import Program, check
from fwsim.machine.moment import Given
from fwsim.machine.world import World
from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import TCP, Packet
from fwsim.model.trace import Leg

from .conversations import Sent
from .duel import Duel, Seen, world_of
from .lab import Lab, require_kernel
from .made_payloads import random_program
from .protos import MADE, random_packet, random_rules

require_kernel()

NATIVE = ("tcp", "udp")
"""Of these nft has matches of its own, which know nothing of fragments and headers cut off."""
SYN, ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]
SRC, DST = address_value("8.8.8.8", 4), address_value("172.18.0.2", 4)
PACKETS, ROUNDS, RULES_EACH = 40, 4, 4
_CASES = [
    (name, family, backend)
    for name, made in MADE.items()
    for family in made.families
    for backend in ("legacy", "nft")
    if backend == "legacy" or name not in NATIVE
]


@dataclass
class Tally:
    """What was compared."""

    packets: int = 0
    unknown: int = 0
    otherwise: int = 0
    hits: Counter[int] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


@pytest.fixture(scope="module")
def world(lab: Lab) -> World:
    return world_of(lab)


@pytest.mark.parametrize("case", _CASES, ids=lambda case: "-".join(map(str, case)))
def test_hits_what_the_kernel_hits(
    lab: Lab, world: World, case: tuple[str, int, str], seed: int
) -> None:
    tally = Tally()
    for number in range(ROUNDS):
        _round(_Round(lab, world, *case), Random(f"{case[:2]} {seed} {number}"), tally)
    assert tally.unknown <= tally.packets * 0.3
    assert tally.otherwise <= tally.packets * 0.2
    assert sum(tally.hits.values()) >= tally.packets * 0.1, "too few hits to mean anything"


class _Round(NamedTuple):
    lab: Lab
    world: World
    name: str
    family: int
    backend: str


def _round(at: _Round, rng: Random, tally: Tally) -> None:
    rules = random_rules(rng, at.name, at.family, RULES_EACH)
    assert at.lab.restore(rules, at.family, at.backend) == "", rules
    duel = Duel(at.lab, at.family, at.world)
    for _ in range(PACKETS):
        sent = Sent("veth0", at.lab.mac("docker1"), random_packet(rng, at.name, at.family))
        kernel = duel.kernel(sent)
        fwsim, leg = duel.fwsim(sent)
        tally.packets += 1
        if leg.fate == "unknown":
            tally.unknown += 1
            continue
        tally.hits.update(key[3] for key in kernel.matched)
        if kernel == fwsim:
            continue
        tally.otherwise += 1
        if at.backend == "legacy" or leg.fate != "dropped":
            pytest.fail(_report(rules, sent, kernel, fwsim, leg), pytrace=False)


def _report(rules: str, sent: Sent, kernel: Seen, fwsim: Seen, leg: Leg) -> str:
    packet = sent.packet.to_dict() | {"payload": sent.packet.payload.hex()}
    said = (("kernel", kernel), ("fwsim", fwsim))
    lines = (f"{who}: {line}" for who, seen in said for line in seen.lines())
    return "\n".join((rules, str(packet), *lines, f"{leg.fate} {leg.reason}"))


def test_takes_the_programs_that_the_kernel_takes(lab: Lab, seed: int) -> None:
    rng, taken = Random(seed), 0
    for _ in range(300):
        program = random_program(rng)
        words = ",".join(" ".join(map(str, one)) for one in program)
        rule = f'*filter\n-A INPUT -m bpf --bytecode "{len(program)},{words}"\nCOMMIT\n'
        complaint = lab.attempt("iptables-legacy-restore", text=rule).stderr
        assert bool(complaint) == bool(_refused(program)), (words, _refused(program))
        taken += not complaint
    assert 30 < taken < 270


def _refused(program: Program) -> str:
    try:
        check(program)
    except ValueError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("outcome", ["none", "ipsec", "ipsec --strict --proto esp"])
def test_nothing_leaves_by_ipsec_where_none_is_set_up(lab: Lab, world: World, outcome: str) -> None:
    rules = f"*mangle\n-A POSTROUTING -m policy --dir out --pol {outcome}\nCOMMIT\n"
    kernel, _, leg = _once(lab, world, rules, {"policy out": False})
    assert bool(kernel.matched) == (outcome == "none")
    assert _once(lab, world, rules, {})[2].fate == "unknown"
    assert leg.fate == "forwarded"


@pytest.mark.parametrize("options", ["--genre Linux", "! --genre Linux", "--genre Linux --log 0"])
def test_osf_knows_no_system_without_fingerprints_and_no_negation(
    lab: Lab, world: World, options: str
) -> None:
    rules = f"*filter\n-A FORWARD -p tcp -m osf {options}\nCOMMIT\n"
    kernel, _, leg = _once(lab, world, rules, {"osf": False})
    assert not kernel.matched
    assert leg.fate == "forwarded"
    assert _once(lab, world, rules, {})[2].fate == "unknown"
    assert _once(lab, world, rules, {}, flags=ACK)[2].fate == "forwarded"


def _once(
    lab: Lab, world: World, rules: str, assume: Mapping[str, bool], flags: int = SYN
) -> tuple[Seen, Seen, Leg]:
    """One TCP packet; both have to see the same of it, unless fwsim does not know."""
    assert lab.restore(rules) == ""
    duel = Duel(lab, 4, world)
    duel.simulation.given = Given(assume)
    packet = Packet(4, SRC, DST, TCP, sport=5, dport=80, flags=flags)
    sent = Sent("veth0", lab.mac("docker1"), packet)
    kernel = duel.kernel(sent)
    fwsim, leg = duel.fwsim(sent)
    assert kernel == fwsim or leg.fate == "unknown"
    return kernel, fwsim, leg
