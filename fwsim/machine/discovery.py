"""IPv6 neighbour discovery, which walks leave out: where rules would stop it, so that nobody learns
who has an address, that is said (RFC 4861; net/ipv6/ndisc.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from fwsim.machine import routing
from fwsim.machine.passage import Passage
from fwsim.machine.response import Start
from fwsim.machine.topology import resolve_mac
from fwsim.machine.words import say
from fwsim.machine.world import Namespace, World, shown
from fwsim.model.packet import ICMP6, Packet
from fwsim.model.trace import Leg, Ref

_SOLICITATION, _ADVERTISEMENT = 135, 136
_ROOM = 24  # the address asked for, and an option with the sender's MAC
_STOPPED = ("dropped", "rejected")


class Carrier(Protocol):
    """What takes a packet through a world."""

    world: World

    def carry(self, packet: Packet, start: Start) -> tuple[Leg, list[Passage]]:
        """One packet's whole way."""


def undiscovered(carrier: Carrier, passages: Iterable[Passage]) -> Iterator[str]:
    """What to say of the next hops of an exchange that rules would keep anybody from finding."""
    asked = dict.fromkeys(
        (passage.host, passage.buffer.out, passage.buffer.hop)
        for passage in passages
        if passage.emitted and passage.buffer.out and not passage.buffer.physout
        and not routing.is_multicast(6, passage.buffer.hop)
    )  # fmt: skip
    for host, dev, hop in asked:
        ns = carrier.world.namespaces[host]
        found = None if (dev, 6, hop) in ns.neighbours else _obstacle(carrier, ns, dev, hop)
        if found is not None:
            key = "discovery.policy" if found.rule == "policy" else "discovery.rule"
            where = found.to_dict()
            yield say(key, **{**where, "stops": found.host, "host": host}, address=shown(hop, 6))


def _obstacle(carrier: Carrier, ns: Namespace, dev: str, hop: int) -> Ref | None:
    """The rule that stops the question who has the address, or the answer."""
    source = routing.source_address(ns, 6, dev, hop)
    if source is None:
        return None
    _, place = resolve_mac(carrier.world, ns, dev, 6, hop)
    asked = _message(source, routing.solicited(hop), _SOLICITATION)
    told = _message(hop, source, _ADVERTISEMENT)
    home = Start(*place) if place else Start(ns.name, dev)
    answer = Start(home.namespace, bound=home.dev) if place else home
    return _stopped(carrier, asked, Start(ns.name, bound=dev), place[0] if place else "") or (
        _stopped(carrier, told, answer, ns.name)
    )


def _message(src: int, dst: int, kind: int) -> Packet:
    return Packet(6, src, dst, ICMP6, icmp_type=kind, ttl=255, payload_len=_ROOM)


def _stopped(carrier: Carrier, packet: Packet, start: Start, target: str) -> Ref | None:
    """The rule that keeps a message from its target ("": whoever lies beyond)."""
    _, passages = carrier.carry(packet, start)
    if any(p.host == target and p.fate == "delivered" for p in passages):
        return None
    stopped = (p.record.decided for p in passages if p.fate in _STOPPED)
    return next((ref for ref in stopped if ref is not None), None)
