"""What a packet shows of what a set's elements consist of.

Semantics: the kadt functions of net/netfilter/ipset/ip_set_*.c; ip_set_getport.c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fwsim.language.ipset.member import WITH_PORTS
from fwsim.language.ipset.model import Head
from fwsim.model.chain import final
from fwsim.model.exthdr import NONE
from fwsim.model.facts import Facts
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP
from fwsim.model.tuples import NamedTuple


class UnknownError(Exception):
    """What the set asks for, nobody knows of this packet."""


Counted = Callable[[int, int], bool]
"""Whether counters stand as asked: packets, bytes."""


class Question(NamedTuple):
    """What a rule asks a set: where to look for each part; whether for what `nomatch` keeps out
    (`exceptions`); how counters must stand; whether they are counted up, a list's own and its
    sets'."""

    ways: tuple[str, ...]
    family: int
    exceptions: bool = False
    counted: Counted | None = None
    counts: bool = True
    counts_inside: bool = True


def seen_parts(head: Head, question: Question, facts: Facts) -> tuple[Any, ...] | None:
    """The packet's own parts; None where one is missing, so that it is in no set of the type."""
    parts = [_part(head, at, part, question, facts) for at, part in enumerate(head.kind.parts)]
    return None if None in parts else tuple(parts)


def _part(head: Head, at: int, part: str, question: Question, facts: Facts) -> Any:
    packet, source = facts.packet, question.ways[at] == "src"
    match part:
        case "ip":
            value = (packet.src if source else packet.dst) & (head.mask if at == 0 else -1)
            zero = not value and head.kind.name in ("hash:ip", "hash:ip,port")
            return None if zero else value
        case "net":
            return packet.src if source else packet.dst
        case "mac":
            return _mac(packet.mac_src if source else packet.mac_dst, facts)
        case "iface":
            return facts.device("in" if source else "out") or None
        case "mark":
            return facts["mark"] & head.options.get("markmask", 0xFFFFFFFF)
        case _:
            pair = _port(facts, source)
            if not head.kind.is_bitmap or pair is None:
                return pair
            return pair[1] if pair[0] in (TCP, UDP) else None


def _mac(text: str | None, facts: Facts) -> int | None:
    """A packet that came in no Ethernet frame has none."""
    if not facts["from_ethernet"]:
        return None
    if text is None:
        raise UnknownError
    return int(text.replace(":", ""), 16) or None


def _port(facts: Facts, source: bool) -> tuple[int, int] | None:
    """Protocol and port, as ip_set_get_ip4_port and its like for IPv6 read them."""
    packet = facts.packet
    proto = final(packet)
    if packet.family == 6 and proto in (-1, NONE):
        return None
    headed = proto in WITH_PORTS or proto in (ICMP, ICMP6)
    if facts["frag"] and (headed or packet.family == 6):
        return None
    if headed and not facts["l4_header"]:
        return None
    if proto in (ICMP, ICMP6):
        return proto, facts["icmp_type"] << 8 | facts["icmp_code"]
    return proto, facts["sport" if source else "dport"] if proto in WITH_PORTS else 0


def net_of(value: int, length: int, bits: int, head: Head) -> tuple[int, int]:
    """The network of that length in which an address is, as the set would hold it."""
    full = (1 << bits) - 1
    return value & head.mask & (full ^ full >> length), length
