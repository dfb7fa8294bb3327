"""The extensions that look at the packet itself, its link, its route or its sender, and those that
change it: each against the kernel. FWSIM_SEED chooses other rules and packets."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from random import Random

import pytest

from fwsim.machine.moment import Given
from fwsim.machine.response import Start
from fwsim.machine.world import World
from fwsim.model.names import address_value
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP, Packet

from .conversations import Sent
from .duel import Duel, world_of
from .lab import Lab, require_kernel
from .meaning import Kind, Machine, Tally, Way, compare, no, ways
from .packet_kinds import ASIDE, ASSUMED, CPU, MATCHES, SPEC, TARGETS, with_links
from .rulesets import ADDRESSES
from .spec import SMALL, macs_of

require_kernel()

RULESETS = 4
MACS = macs_of(SMALL)


@pytest.fixture(scope="module")
def machine() -> Iterator[tuple[Lab, World]]:
    with Lab(SPEC) as lab:
        with_links(lab)
        everywhere = os.sched_getaffinity(0)
        lab.call(os.sched_setaffinity, 0, {CPU})  # each thread sends where it runs itself
        os.sched_setaffinity(0, {CPU})
        yield lab, world_of(lab)
        os.sched_setaffinity(0, everywhere)


def _tally(lab: Lab, world: World, kinds: Mapping[str, Kind], way: Way, seed: int) -> Tally:
    rng = Random(f"{way} {seed}")
    machine = Machine(lab, world, way.backend)
    tallies = [compare(machine, kinds[way.name], way.family, rng) for _ in range(RULESETS)]
    return Tally(*(sum(numbers) for numbers in zip(*tallies, strict=True)))


@pytest.mark.parametrize("way", ways({**MATCHES, **ASSUMED}), ids=str)
def test_matches(machine: tuple[Lab, World], way: Way, seed: int) -> None:
    assert _tally(*machine, {**MATCHES, **ASSUMED}, way, seed).hits


@pytest.mark.parametrize("way", ways(TARGETS), ids=str)
def test_targets(machine: tuple[Lab, World], way: Way, seed: int) -> None:
    tally = _tally(*machine, TARGETS, way, seed)
    assert tally.hits > 20
    assert way.name.startswith("HMARK") or tally.changed > 2


@pytest.mark.parametrize("way", ways(ASIDE), ids=str)
def test_what_lets_every_packet_go_on(machine: tuple[Lab, World], way: Way, seed: int) -> None:
    lab, world = machine
    rng = Random(f"{way} {seed}")
    assert compare(Machine(lab, world, way.backend), ASIDE[way.name], way.family, rng).hits > 20


# what needs more than rules and packets


def _time_rule(rng: Random, now: int) -> str:
    day = lambda: time.strftime("%H:%M:%S", time.gmtime(rng.randrange(86400)))  # noqa: E731
    start, stop = day(), day()
    words = [f"--timestart {start} --timestop {stop}"] if rng.random() < 0.7 else []
    if words and start > stop and rng.random() < 0.5:
        words.append("--contiguous")
    if rng.random() < 0.5:
        words.append(f"{no(rng)}--weekdays {','.join(map(str, rng.sample(range(1, 8), 3)))}")
    if rng.random() < 0.4:
        words.append(f"{no(rng)}--monthdays {','.join(map(str, rng.sample(range(1, 32), 12)))}")
    for option in ("--datestart", "--datestop"):
        if rng.random() < 0.3:
            date = time.gmtime(now + rng.randrange(-400, 400) * 43200)
            words.append(f"{option} {time.strftime('%Y-%m-%dT%H:%M:%S', date)}")
    far = rng.choice(("--datestart 2036-05 --kerneltz", "--datestop 2000 --kerneltz"))
    return f"-m time {far if rng.random() < 0.05 else ' '.join(words)}"


@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_time(machine: tuple[Lab, World], backend: str, seed: int) -> None:
    """The kernel's clock is read before and after each packet: one of the two has to agree."""
    lab, world = machine
    rng = Random(f"time {backend} {seed}")
    rules = [f"-A PREROUTING {_time_rule(rng, int(time.time()))}\n" for _ in range(150)]
    assert lab.restore(f"*raw\n{''.join(rules)}COMMIT\n", 4, backend) == ""
    ends = (address_value(a, 4) for a in ("8.8.8.8", "192.0.2.10"))
    sent = Sent("eth0", MACS["eth0"], Packet(4, *ends))
    said, before = [], time.time()
    kernel = Duel(lab, 4, world).kernel(sent)
    for epoch in (before, time.time()):
        said.append(Duel(lab, 4, world, Given(epoch=epoch)).fwsim(sent)[0].matched)
    assert 10 < len(kernel.matched) < 100
    assert kernel.matched in said


@pytest.mark.parametrize("backend", ["legacy", "nft"])
@pytest.mark.parametrize("family", [4, 6])
def test_socket(machine: tuple[Lab, World], backend: str, family: int) -> None:
    """Of what may have a socket, fwsim is told; of the rest it knows."""
    lab, world = machine
    own, far = (ADDRESSES[family][n] for n in (3, 5))
    here, there = (address_value(a, family) for a in (own, far))
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    plain = Packet(family, there, here, UDP, sport=5, dport=5000)
    error = {4: {"proto": ICMP, "icmp_type": 3}, 6: {"proto": ICMP6, "icmp_type": 1}}[family]
    about = Packet(family, there, here, **error)
    cases = [
        (plain, True), (plain.but(dport=5001), False),
        (plain.but(proto=89, sport=0, dport=0), None),
        (about.but(inner=Packet(family, here, there, UDP, sport=5000, dport=5)), True),
        (about.but(inner=Packet(family, here, there, 89)), None),
        (about.but(icmp_type=8 if family == 4 else 128, icmp_id=1), None),
    ]  # fmt: skip
    with lab.call(socket.socket, kind, socket.SOCK_DGRAM) as opened:
        lab.call(opened.bind, (own, 5000))
        chains = ":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n"
        text = (
            f"*mangle\n{chains}-A PREROUTING -m socket\n-A INPUT -m socket --nowildcard\nCOMMIT\n"
        )
        assert lab.restore(text, family, backend) == ""
        for packet, takes in cases:
            given = Given(assume={} if takes is None else {"socket": takes})
            duel, sent = Duel(lab, family, world, given), Sent("eth0", MACS["eth0"], packet)
            kernel, (fwsim, _) = duel.kernel(sent), duel.fwsim(sent)
            assert kernel == fwsim, packet
            assert bool(kernel.matched) is bool(takes)


@pytest.mark.parametrize("backend", ["legacy", "nft"])
@pytest.mark.parametrize("family", [4, 6])
def test_classify_sets_the_priority(machine: tuple[Lab, World], backend: str, family: int) -> None:
    lab, world = machine
    rules = [f"-p {p} -j CLASSIFY --set-class {c}" for p, c in (("tcp", "1:2"), ("udp", "ab:ffff"))]
    chain = "".join(f"-A FORWARD {rule}\n" for rule in rules)
    assert lab.restore(f"*filter\n{chain}COMMIT\n", family, backend) == ""
    counters = "\n".join(f"meta priority {c} counter" for c in ("1:2", "ab:ffff"))
    hook = "type filter hook postrouting priority 300;"
    lab.run("nft", f"add table inet seen; add chain inet seen p {{ {hook} }}")
    lab.run("nft", "-f", "-", text=f"table inet seen {{\nchain p {{\n{counters}\n}}\n}}")
    ends = [address_value(ADDRESSES[family][n], family) for n in (0, 5)]
    for number, (proto, priority) in enumerate(((TCP, 0x10002), (UDP, 0xABFFFF)), 1):
        sent = Sent("veth0", MACS["docker1"], Packet(family, *ends, proto, sport=5, dport=6))
        duel = Duel(lab, family, world)
        duel.kernel(sent)
        counted = re.findall(r"packets (\d)", lab.run("nft", "list", "chain", "inet", "seen", "p"))
        assert counted == ["1", "0"] if number == 1 else ["1", "1"]
        _, (passage,) = duel.simulation.carry(sent.packet, Start("host", sent.dev, sent.mac))
        assert passage.buffer.priority == priority
    lab.run("nft", "delete", "table", "inet", "seen")
