"""The kernel and fwsim, packet by packet under the same rules: what matched, what left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, NamedTuple

from fwsim.language.read import read_as_listed
from fwsim.language.ruleset import Ruleset
from fwsim.machine.moment import Given
from fwsim.machine.response import Start, refused, response
from fwsim.machine.simulate import Simulation
from fwsim.machine.snapshot import load_snapshot
from fwsim.machine.world import World
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import ICMP6, Packet
from fwsim.model.trace import Leg

from . import conntable, frames
from .conntable import Row
from .conversations import Sent
from .lab import Lab, moved

SENDER = "02:00:00:00:09:09"
"""What a bridged frame's reset goes back to, past all hooks (nf_send_reset): not compared."""
NOTHING = Given()
_IDENT = 0x4000  # no fragment header that a packet tells of has such a number
AGREED = TCP_FLAGS["SYN"] | TCP_FLAGS["ACK"]


class Seen(NamedTuple):
    """What a packet did: rules and policies with how often, what left by which device, and, where
    they are looked at, the connections that there are now."""

    matched: dict[Any, int]
    policies: dict[Any, int]
    emitted: tuple[tuple[str, str, Packet], ...]
    connections: tuple[Row, ...] = ()

    def lines(self) -> Iterator[str]:
        """To be read."""
        for (_, table, chain, number), times in sorted(self.matched.items()):
            yield f"{table} {chain} rule {number} ×{times}"
        for (_, table, chain), times in sorted(self.policies.items()):
            yield f"{table} {chain} policy ×{times}"
        for dev, mac, packet in self.emitted:
            yield f"out by {dev} to {mac}: {packet.to_dict()}"
        yield from map(str, self.connections)


def world_of(lab: Lab) -> World:
    """The machine as fwsim reads it from the lab's snapshot."""
    with TemporaryDirectory() as folder:
        lab.snapshot(Path(folder))
        return load_snapshot(Path(folder), "the lab")


class Duel:
    """The kernel and fwsim under the same rules: `world` is the lab's, its rules are read anew. For
    fwsim as much time goes by as for the kernel. With `tracked`, the connections are compared too.
    """

    def __init__(
        self, lab: Lab, family: int, world: World, given: Given = NOTHING, tracked: bool = False
    ) -> None:
        self.lab, self.family, self.sent = lab, family, 0
        saved = lab.save(family)
        ruleset = read_as_listed(saved, family) if saved else Ruleset(family)
        host = world.namespaces["host"].with_rulesets({family: ruleset})
        self.table = conntable.Table(lab, family) if tracked and host.tracks(family) else None
        self.simulation = Simulation.of(world.with_namespace(host), given)
        self.counters = lab.counters(family)
        self.began = monotonic()
        self.whole = True
        """The last packet saw one time only, as far as it is known."""
        self.waits = False
        """The last packet waits on its way across a bridge for a neighbour that nobody told of."""
        self.asks = False
        """The kernel, which answered the last packet, asks for a neighbour that nobody told of."""
        self.offered = False
        """The host is offered a connection for which nobody there asked, and resets it."""
        self.unsure: list[str] = []
        """What the last packet and its answers depend on, and nobody told."""

    def kernel(self, sent: Sent) -> Seen:
        """What the kernel does with a packet, now."""
        self.put(sent)
        before, self.counters = self.counters, self.lab.counters(self.family)
        rules, policies = moved(before, self.counters)
        left = [(dev, frames.parse(frame)) for dev, frame in self.lab.received()]
        self.asks = any(frame.packet and _solicits(frame.packet) for _, frame in left)
        emitted = [
            (dev, frame.eth_dst, _timeless(frame.packet))
            for dev, frame in left
            if frame.packet and frame.eth_dst != SENDER
        ]
        known = self.table.rows() if self.table else ()
        return Seen(rules, policies, tuple(sorted(emitted, key=repr)), known)

    def put(self, sent: Sent) -> None:
        """Send a packet."""
        self.sent += 1
        ident = _IDENT + self.sent
        self.simulation.now = monotonic() - self.began
        if sent.dev:
            mac_src = sent.packet.mac_src or SENDER
            frame = frames.build(sent.packet, mac_src, sent.mac, ident)
            self.lab.send(sent.dev, frame)
        else:
            self.lab.send_local(frames.build_ip(sent.packet, ident), sent.packet.uid)

    def fwsim(self, sent: Sent, answers: bool = False) -> tuple[Seen, Leg]:
        """What fwsim says of it; with `answers`, of what the host itself sends back too. What goes
        to a neighbour whom nobody told of waits in the kernel for an answer that never comes."""
        start = Start("host", sent.dev, sent.mac or None)
        leg, passages = self.simulation.carry(sent.packet, start, follow=False)
        ways = [p.buffer for first in passages for p in (first, *first.beside)]
        self.waits = any(b.routed_across and b.mac_dst is None for b in ways)
        if answers and self.family == 6:  # rules may have stopped the question
            self.asks = self.asks or any(e.mac_dst is None for e in leg.emitted)
        legs = [leg]
        if answers and leg.fate not in ("forwarded", "sent"):
            back = response(self.simulation.world, leg, passages, [])
            while back is not None:
                more, passages = self.simulation.carry(back.packet, back.start, follow=False)
                legs.append(more)
                back = refused(self.simulation.world, passages, back)
        home = [one.arrived for one in legs[1:] if one.fate == "delivered"]
        self.offered = any(packet and packet.flags == AGREED for packet in home)
        self.unsure = [fact for one in legs if one.fate == "unknown" for fact in one.depends_on]
        left = (  # what REJECT sends out of a bridge port goes to SENDER
            (e.dev, e.mac_dst, frames.parse_ip(frames.build_ip(e.packet)))
            for one in legs
            for e in one.emitted
            if e.mac_dst
        )
        seen = Seen(
            dict(Counter((c.family, c.table, c.chain, c.rule) for o in legs for c in o.matched)),
            dict(Counter((c.family, c.table, c.chain) for o in legs for c in o.policies)),
            tuple(sorted(left, key=repr)),
            conntable.ours(self.simulation.states["host"].conntrack) if self.table else (),
        )
        return seen, leg._replace(by_chance=tuple(c for one in legs for c in one.by_chance))


def _solicits(packet: Packet) -> bool:
    """The host asks who has an address of which nobody told."""
    return packet.proto == ICMP6 and packet.icmp_type == 135


def _timeless(packet: Packet) -> Packet:
    """A timestamp reply without the times, which fwsim does not make up."""
    if packet.family == 4 and packet.is_icmp and packet.icmp_type == 14:
        return packet.but(payload=b"", payload_len=packet.data_len)
    return packet


def _unnumbered(seen: Seen) -> Seen:
    """Without what is of a host's own choice when it agrees to a connection."""
    own = {"seq": 0, "window": 0, "tcp_options": b""}
    left = (
        (dev, mac, made.but(**own) if made.flags == AGREED else made)
        for dev, mac, made in seen.emitted
    )
    return seen._replace(emitted=tuple(left))


def same(kernel: Seen, fwsim: Seen, chance: bool, answers: bool = False) -> bool:
    """They agree; of what chance chose, on the way alone. With `answers`, the host itself may have
    agreed to connections."""
    if not chance and answers:
        return _unnumbered(kernel) == _unnumbered(fwsim)
    if not chance:
        return kernel == fwsim
    ways = [[(dev, mac) for dev, mac, _ in seen.emitted] for seen in (kernel, fwsim)]
    return kernel[:2] == fwsim[:2] and ways[0] == ways[1]
