"""What making up rules and packets for a match takes: few values, so that both often meet."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from fwsim.model.packet import Packet

PORTS = (1, 80, 5000)
SPIS = (0, 1, 5, 9, 0xFFFFFFFF)


class Made(NamedTuple):
    """How to make up a match's words and a packet for it."""

    rule: Callable[[Random, int], str]
    packet: Callable[[Random, Packet], Packet]
    families: tuple[int, ...] = (4, 6)


def negated(rng: Random) -> str:
    return "! " if rng.random() < 0.3 else ""


def span(rng: Random, values: tuple[int, ...]) -> str:
    """Never a whole range, which iptables-save forgets."""
    low, high = rng.choice(values[1:]), rng.choice(values[:-1])
    return rng.choice((f"{low}", f"{high}", f"{low}:", f":{high}", f"{low}:{high}"))


def some(rng: Random, *options: str) -> str:
    """Some of the options, in any order."""
    return " ".join(rng.sample(options, rng.randrange(len(options) + 1)))


def ports(rng: Random) -> str:
    return some(rng, *(f"{negated(rng)}--{way} {rng.choice(PORTS)}" for way in ("sport", "dport")))


def ported(rng: Random, packet: Packet, proto: int) -> Packet:
    return packet.but(proto=proto, sport=rng.choice(PORTS), dport=rng.choice(PORTS))
