"""Address sets in the kernel and in fwsim: what is read of them, who is in them, what changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random

import pytest

from fwsim.language.ipset.model import PLAIN, Element, Entry, IpSet
from fwsim.language.ipset.read import read_ipset
from fwsim.language.ipset.store import SCOPE
from fwsim.model.errors import ReadError

from .clock import Clock
from .conversations import Sent, Talk
from .duel import SENDER
from .lab import Lab, require_kernel
from .netns import Netns
from .random_sets import SetWriter, present_kinds
from .remembering import Loaded, TimedDuel, held_against
from .test_meaning_memory import bare_world

require_kernel()

PACKETS, CASES = 40, 3


def _alike(ours: Mapping[str, IpSet], theirs: Mapping[str, IpSet], *without: str) -> None:
    """The same sets with the same elements, what the kernel adds of its own apart, and entries'
    fields `without` which they are to be compared."""
    assert set(ours) == set(theirs)
    for name, one in ours.items():
        other = theirs[name]
        assert one.head.kind == other.head.kind
        own = {"hashsize", "bucketsize", "initval"}
        assert {k: v for k, v in one.head.options.items() if k not in own} == {
            k: v for k, v in other.head.options.items() if k not in own
        }
        assert _plain(one.members, without) == _plain(other.members, without), name


def _plain(
    members: Mapping[tuple[object, ...], Entry], without: tuple[str, ...] = ()
) -> dict[object, Entry]:
    """Elements with whether they stay, not how long."""
    left_out = {field: getattr(PLAIN, field) for field in without}
    return {
        element: entry._replace(timeout=None if entry.timeout is None else 1.0, **left_out)
        for element, entry in members.items()
    }


@pytest.mark.parametrize("family", [4, 6])
def test_commands_and_dumps_are_read_as_ipset_does(family: int, seed: int) -> None:
    with Netns() as host:
        kinds = present_kinds(host)
        for number in range(20):
            text = SetWriter(Random(f"{seed}-{family}-{number}"), family, kinds).commands()
            there = host.attempt("ipset", "restore", text=text)
            if there.returncode:
                with pytest.raises(ReadError) as refused:
                    read_ipset(text)
                assert f"ipset-save:{_line(there.stderr)}:" in str(refused.value), text
            else:
                _alike(read_ipset(text), read_ipset(host.run("ipset", "save")))
            host.run("ipset", "flush")
            host.run("ipset", "destroy")


def _line(complaint: str) -> str:
    return re.findall(r"in line (\d+):", complaint)[0]


def _framed(sent: Sent) -> Sent:
    """With the addresses of its frame, which sets may ask for."""
    if not sent.dev:
        return sent
    return sent._replace(packet=sent.packet.but(mac_src=SENDER, mac_dst=sent.mac))


def _conversation(
    clock: Clock, seed: str, backend: str, family: int, changing: bool
) -> Iterator[str]:
    rng = Random(seed)
    with Lab() as lab:
        writer = SetWriter(rng, family, present_kinds(lab), 16)
        text = writer.commands()
        lab.run("ipset", "restore", text=text)
        rules = writer.rules(changing)
        sets = read_ipset(lab.run("ipset", "save"))
        assert not lab.restore(rules.dump(), family, backend)
        now = clock.tick()
        world = bare_world()
        world = world.with_namespace(world.namespaces["host"].with_sets(sets))
        duel = TimedDuel(lab, family, world, clock, Loaded(now, now))
        talk = Talk(rng, family)
        for number in range(PACKETS):
            said = duel.say(_framed(talk.next()))
            if not said:
                return
            kernel, fwsim = said
            head = f"{seed}: packet {number}: {talk.sent[-1].to_dict()}"
            held_against(kernel, fwsim, text, rules.dump(), head)
            yield "matched" if kernel.matched else "missed"
        if changing:
            # comments are of no use to packets; counters are counted only where rules ask for them
            asked = any(f"--{what}-" in rules.dump() for what in ("packets", "bytes"))
            without = ("comment",) if asked else ("comment", "packets", "octets")
            saved = read_ipset(lab.run("ipset", "save"))
            _alike(*_now(sets, duel, saved), *without)


def _now(
    sets: Mapping[str, IpSet], duel: TimedDuel, saved: Mapping[str, IpSet]
) -> tuple[dict[str, IpSet], ...]:
    """The sets as the packets left them, and as the kernel has just saved them, without the
    elements that have run out by now."""
    now = duel.since(duel.clock.tick())
    memory = duel.simulation.states["host"].memory.get(SCOPE, {})
    ours, theirs = {}, {}
    for name, one in sets.items():
        left = {**one.members, **memory.get(name, {})}
        staying = {e: entry for e, entry in left.items() if entry and _stays(e, entry, now)}
        ours[name] = IpSet(one.head, staying)
        found = {e: v for e, v in saved[name].members.items() if e in staying or not left.get(e)}
        theirs[name] = IpSet(saved[name].head, found)
    return ours, theirs


def _stays(element: Element, entry: Entry, now: float) -> bool:
    waits = element[-1] is None  # for a MAC
    return waits or entry.timeout is None or entry.timeout > now


@pytest.mark.parametrize("changing", [False, True], ids=["asked", "changed"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_who_is_in_a_set_is_who_the_kernel_finds_there(
    clock: Clock, backend: str, family: int, changing: bool, seed: int
) -> None:
    tally: Counter[str] = Counter()
    for number in range(CASES * 3):
        if tally.total() < PACKETS * CASES * 0.8:
            name = f"{backend}-{family}-{changing}-{seed}-{number}"
            tally.update(_conversation(clock, name, backend, family, changing))
    assert tally.total() >= PACKETS * CASES * 0.8
    assert tally["matched"] >= tally.total() * 0.5
