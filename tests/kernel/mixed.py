"""The machine for rules that mix every extension, and conversations for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from random import Random
from time import time

from fwsim.language.ipset.read import read_ipset
from fwsim.machine.moment import Given
from fwsim.machine.world import World
from fwsim.model.jiffies import HZ
from fwsim.model.packet import DCCP, Packet
from fwsim.model.wire import from_bytes, to_bytes

from .clock import the_clock
from .conn_rules import ConnTalk
from .conversations import Sent
from .duel import SENDER, world_of
from .existing import OBJECTS, SETS, make_object
from .lab import Lab
from .mixed_rules import KINDS
from .packet_kinds import CPU, SPEC, with_links
from .protos import MADE, random_packet
from .remembering import Loaded, TimedDuel, with_contents
from .rulesets import Rules
from .spec import macs_of

ASSUMED: Mapping[str, bool] = {
    "TPROXY": False, "socket": False, "osf": False, "policy out": False, "nfacct": True,
    f"cpu {CPU}": True, "cpu": False, "owner gid 0": True, "owner gid": False,
    "cgroup socket": False, "cgroup /": True, "cgroup 0": True, "cgroup": False,
    "protocol": False, "ipvs": False,
}  # fmt: skip
"""What no place tells, of the machine that these tests make: no sockets but raw ones, no
fingerprints, no IPsec, no modules for protocols, no services of a balancer, accounting objects
without quota; everything on one processor."""
_NOT_QUOTED = 0.6
_RESPONSE = bytes((7, 0, 0, 0, 2, 0, 0, 0))


def opened(sets: str, quiet: bool = True) -> Lab:
    """The machine, with these sets and all that EXAMPLES name; `quiet` as a Lab's."""
    lab = with_links(Lab(SPEC, quiet))
    lab.run("ipset", "restore", "-exist", text=SETS + sets)
    for name in OBJECTS:
        make_object(lab, name)
    return lab


@cache
def bare() -> World:
    """The machine as fwsim reads it from its snapshot."""
    with with_links(Lab(SPEC)) as lab:
        return world_of(lab)


def load(lab: Lab, rules: Rules, family: int, backend: str) -> Loaded | None:
    """Load the rules; None where they are refused."""
    first = the_clock().tick()
    if lab.restore(rules.dump(), family, backend):
        return None
    return Loaded.by(the_clock(), first, rules, backend)


def timed(lab: Lab, family: int, loaded: Loaded) -> TimedDuel:
    """The duel on that machine, once its rules are loaded."""
    host = bare().namespaces["host"].with_sets(read_ipset(lab.run("ipset", "save")))
    world = bare().with_namespace(host)
    epoch = time() - (the_clock().tick() - loaded.last) / HZ
    return TimedDuel(lab, family, world, the_clock(), loaded, given=Given(ASSUMED, epoch))


class OneProcessor:
    """While it is entered, the lab and this thread stay on processor CPU."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.everywhere = lab, os.sched_getaffinity(0)

    def __enter__(self) -> None:
        self.lab.call(os.sched_setaffinity, 0, {CPU})  # each thread sends where it runs itself
        os.sched_setaffinity(0, {CPU})

    def __exit__(self, *_: object) -> None:
        os.sched_setaffinity(0, self.everywhere)


class MixedTalk(ConnTalk):
    """Conversations in which packets are changed or made up for the extensions that rules have:
    `kinds` and `made` by name. With `cut`, some of the latter are cut short or in pieces."""

    def __init__(
        self, rng: Random, family: int, kinds: list[str], made: list[str], *, cut: bool
    ) -> None:
        super().__init__(rng, family)
        self.kinds, self.made, self.cut = kinds, made, cut

    def next(self) -> Sent:
        """The next packet."""
        return self._known(self._steered())

    def _steered(self) -> Sent:
        sent, roll = super().next(), self.rng.random()
        while sent.packet.inner and self.rng.random() < _NOT_QUOTED:  # what it quotes is untold
            sent = super().next()
        if roll < 0.25 and self.kinds:
            return KINDS[self.rng.choice(self.kinds)].tweak(self.rng, sent)
        if roll < 0.45 and self.made and sent.dev.startswith("veth"):
            name = self.rng.choice(self.made)
            if self.cut:
                made = random_packet(self.rng, name, self.family)
                return Sent("veth0", macs_of(SPEC)["docker1"], made)
            plain = Packet(self.family, sent.packet.src, sent.packet.dst, payload=b"abc")
            return sent._replace(packet=MADE[name].packet(self.rng, plain))
        return sent

    def _known(self, sent: Sent) -> Sent:
        """As it looks on the wire, contents included; with the addresses of its frame, which rules
        may ask for."""
        packet = from_bytes(to_bytes(with_contents(sent).packet))
        if not packet.inner:  # zeros are not told otherwise
            packet = packet.but(payload=packet.payload or bytes(packet.payload_len), payload_len=0)
        if packet.proto == DCCP and packet.has_ports and not packet.head:
            packet = packet.but(head=_RESPONSE)
        if sent.dev:
            packet = packet.but(mac_src=sent.packet.mac_src or SENDER, mac_dst=sent.mac)
        else:
            packet = packet.but(uid=sent.packet.uid or 0)
        return sent._replace(packet=packet)
