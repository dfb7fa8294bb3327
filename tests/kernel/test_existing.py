"""Connections that were there before: random conversations in the real kernel, its table listed and
loaded, then the conversations go on in both, compared after every packet."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from time import monotonic

import pytest

from fwsim.machine import ctline
from fwsim.machine.connection import ASSURED
from fwsim.machine.tuples import tuple_of
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import TCP, UDP, Packet
from fwsim.model.trace import Leg

from . import conntable
from .cases import GIVEN, bare_world
from .conn_rules import ConnTalk, conn_rules
from .conntable import Row
from .conversations import Sent
from .duel import Duel, Seen, same, world_of
from .lab import Lab, require_kernel
from .rulesets import Rules

require_kernel()

BEFORE, AFTER, CASES_EACH = 40, 25, 4
_RST = TCP_FLAGS["RST"]
# No listing tells labels, what connlimit counted, whether a SYN was sent again, or fractions of
# seconds.
_UNTOLD = ("connl", "connby", "ctexp", "ASSURED")


class _Talk(ConnTalk):
    """TCP without resets: whether one is heeded depends on numbers that no listing tells. What was
    heard long ago is answered, too."""

    def next(self) -> Sent:
        if not self.out or self.rng.random() < 0.65:
            return super().next()
        return self._reply(*self.rng.choice(self.out))

    def _segment(self, back: Packet, heard: Packet) -> Packet:
        made = super()._segment(back, heard)
        return made.but(flags=made.flags & ~_RST or TCP_FLAGS["ACK"])

    def _filled(self, packet: Packet) -> Packet:
        made = super()._filled(packet)
        return made.but(flags=TCP_FLAGS["SYN"]) if made.proto == TCP else made


def _rules(rng: Random, family: int, backend: str) -> Rules:
    rules = conn_rules(rng, family, backend)
    told = (line for line in rules.lines if not any(word in line.text for word in _UNTOLD))
    return replace(rules, lines=tuple(told))


def _plain(seen: Seen) -> Seen:
    """Without SCTP's tags, what makes UDP ASSURED (whether it is two seconds old), and TCP's
    counters: a SYN that was sent again before may be counted or not, and the answer to it."""
    return seen._replace(connections=tuple(sorted(map(_plain_row, seen.connections), key=repr)))


def _plain_row(row: Row) -> Row:
    row = row._replace(state=row.state.partition(" ")[0])
    if row.original[2] == UDP:
        return row._replace(status=row.status & ~ASSURED)
    return row._replace(counters=None) if row.original[2] == TCP else row


def _hear(talk: _Talk, kernel: Seen, leg: Leg) -> None:
    for dev, _, packet in kernel.emitted:
        talk.heard(dev, packet)
    if leg.fate == "delivered" and leg.arrived:
        talk.heard("", leg.arrived)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_connections_go_on(backend: str, family: int, seed: int) -> None:
    told: Counter[str] = Counter()
    for number in range(CASES_EACH):
        name = f"existing {backend} {family} {seed} {number}"
        rng = Random(name)
        with Lab() as lab:
            lab.sysctl("net.netfilter.nf_conntrack_tcp_be_liberal", 1)
            lab.sysctl("net.netfilter.nf_conntrack_acct", 1)
            rules = _rules(rng, family, backend)
            if lab.restore(rules.dump(), family, backend):
                continue
            talk = _Talk(rng, family)
            before = Duel(lab, family, bare_world(), GIVEN, tracked=True)
            for _ in range(BEFORE):
                sent = talk.next()
                _hear(talk, before.kernel(sent), before.fwsim(sent)[1])
            world = world_of(lab)
            assert world.notes == ()
            duel = Duel(lab, family, world, GIVEN, tracked=True)
            tracker = duel.simulation.states["host"].conntrack
            listed = Seen({}, {}, (), conntable.ours(tracker) if duel.table else ())
            there = Seen({}, {}, (), duel.table.rows() if duel.table else ())
            assert _plain(listed) == _plain(there), _difference(name, rules, [], there, listed)
            told["listed"] += len(listed.connections)
            done: list[Sent] = []
            for _ in range(AFTER):
                sent = talk.next()
                done.append(sent)
                known = _goes_on(duel, sent.packet)
                kernel, (fwsim, leg) = duel.kernel(sent), duel.fwsim(sent)
                alike = same(_plain(kernel), _plain(fwsim), bool(leg.by_chance))
                assert alike, _difference(name, rules, done, kernel, fwsim)
                told[leg.ctstate] += known
                if leg.by_chance:
                    break
                _hear(talk, kernel, leg)
            told["times"] += _same_times(lab, duel)
    assert told["times"] > 4
    assert told["listed"] > 4
    assert told["ESTABLISHED"] > 4


def _same_times(lab: Lab, duel: Duel) -> int:
    """How many connections both will forget at the same time, but for a second. Left out are known
    ones of UDP and TCP that a packet has renewed: for how long hangs on what no listing tells."""
    begun = monotonic()
    listed = lab.run("conntrack", "-L", "-o", "extended").splitlines()
    duel.simulation.now = now = monotonic() - duel.began
    unsure = 1.5 + monotonic() - begun
    there = {(c.original, c.zone.of(False)): c for c in map(ctline.connection, listed)}
    compared = 0
    for own in duel.simulation.states["host"].conntrack.connections():
        renewed = own.expires != own.lifetime
        if not (own.known and renewed and own.original.proto in (TCP, UDP)):
            left = there[own.original, own.zone.of(False)].expires
            assert abs(left - (own.expires - now)) <= unsure, own.original
            compared += 1
    return compared


def _goes_on(duel: Duel, packet: Packet) -> bool:
    """It belongs to a connection that the listing showed (and that is in no zone)."""
    key, simulation = tuple_of(packet), duel.simulation
    tracker = simulation.states["host"].conntrack
    found = tracker.lookup(key, simulation.now) if key else None
    return bool(found and found[0].known)


def _difference(name: str, rules: Rules, done: list[Sent], kernel: Seen, fwsim: Seen) -> str:
    there, here = set(kernel.lines()), set(fwsim.lines())
    packets = (f"  {s.dev or 'local'} {s.mac} {s.packet.to_dict()}" for s in done)
    return "\n".join([
        name, rules.dump(), *packets,
        *(f"kernel: {line}" for line in kernel.lines() if line not in here),
        *(f"fwsim: {line}" for line in fwsim.lines() if line not in there),
    ])  # fmt: skip
