"""A line of `conntrack -L -o extended`, or of /proc/net/nf_conntrack, as the connection that it
shows (libnetfilter_conntrack's snprintf_default.c, net/netfilter/nf_conntrack_standalone.c).

What a line does not tell is taken to be as is usual: TCP's windows and SCTP's verification tags are
what the next packet has, UDP is older than the two seconds that make a stream of it, NAT has been
decided. That a helper expected the connection is not told either, and not supposed.
"""

from __future__ import annotations

from fwsim.machine.connection import ASSURED, CONFIRMED, DST_NAT, SEEN_REPLY, SRC_NAT, Connection
from fwsim.machine.sctp import adopt as adopt_sctp
from fwsim.machine.tcp import adopt as adopt_tcp
from fwsim.machine.tuples import EVERYWHERE, GRE, PORTED, Tuple, Zone
from fwsim.model.names import address_value
from fwsim.model.packet import ICMP, ICMP6, SCTP, TCP
from fwsim.model.tuples import NamedTuple

_FAMILIES = {"ipv4": 4, "ipv6": 6}
_OF_TUPLES = frozenset({
    "dst", "sport", "dport", "type", "code", "id", "srckey", "dstkey", "packets", "bytes",
    "zone-orig", "zone-reply",
})  # fmt: skip
_OFFLOADED = frozenset({"OFFLOAD", "HW_OFFLOAD"})
_OFFLOAD_SECONDS = 86400  # NF_CT_DAY; the line has no time of its own
_MOST_DIGITS = 20


class _Words(NamedTuple):
    """A line taken apart: what stands before its tuples (`seconds` and `state` "" if they do not),
    the tuples' members, the other members, the flags in brackets."""

    family: int
    proto: int
    seconds: str
    state: str
    tuples: list[dict[str, str]]
    others: dict[str, str]
    flags: set[str]


def connection(line: str) -> Connection:
    """The connection at second 0. ValueError or LookupError if the line shows none."""
    words = _taken_apart(line.split())
    original, reply = (tuple_of(side, words.family, words.proto) for side in words.tuples)
    made = Connection(original, reply, _zone(words), CONFIRMED | _status(words, original, reply))
    made.known = "offloaded" if words.flags & _OFFLOADED else "snapshot"
    made.mark = number(words.others.get("mark", "0"), 32)
    made.labels = _labels(words.others.get("labels", ""))
    made.helper = words.others.get("helper", "")
    made.lifetime = made.expires = _seconds(words)
    made.stream_from = float("-inf")
    made.set_up = frozenset({"src", "dst"})
    made.counters = _counters(words)
    if words.proto in (TCP, SCTP):
        made.track = (adopt_tcp if words.proto == TCP else adopt_sctp)(_state(words))
        made.known = made.known.replace("snapshot", "windows")
    return made


def tuple_of(members: dict[str, str], family: int, proto: int) -> Tuple:
    """One direction."""
    src, dst = (address_value(members[name], family) for name in ("src", "dst"))
    return Tuple(family, src, dst, proto, *keys_of(members, family, proto))


def keys_of(members: dict[str, str], family: int, proto: int) -> tuple[int, int]:
    """A tuple's ports, or what stands in their place."""
    if proto == (ICMP if family == 4 else ICMP6):
        kind, code = (number(members[name], 8) for name in ("type", "code"))
        return number(members["id"], 16), kind << 8 | code
    if proto not in PORTED and proto != GRE:
        return 0, 0
    names = ("srckey", "dstkey") if proto == GRE else ("sport", "dport")
    sport, dport = (number(members[name], 16) for name in names)
    return sport, dport


def number(text: str, bits: int) -> int:
    """A number of so many bits. ValueError if it is none."""
    if not (text.isascii() and text.isalnum() and len(text) <= _MOST_DIGITS):
        raise ValueError(text)
    value = int(text, 16 if text[:2] == "0x" else 10)
    if value >> bits:
        raise ValueError(text)
    return value


def _taken_apart(words: list[str]) -> _Words:
    head: list[str] = []
    tuples: list[dict[str, str]] = []
    others: dict[str, str] = {}
    flags = set()
    for word in words:
        key, equals, value = word.partition("=")
        if word[0] == "[":
            flags.add(word.strip("[]"))
        elif not equals:
            head.append(word)
        elif key == "src":
            tuples.append({key: value})
        elif tuples and key in _OF_TUPLES and key not in tuples[-1]:
            tuples[-1][key] = value
        else:
            others[key] = value
    family = _FAMILIES.get(head[0])
    if family is None:  # without -o extended
        family, head = 6 if ":" in tuples[0]["src"] else 4, ["", "", *head]
    times = [word for word in head[4:5] if word.isdecimal()]
    state = "".join(head[4 + len(times) :])
    return _Words(family, number(head[3], 8), "".join(times), state, tuples, others, flags)


def _seconds(words: _Words) -> float:
    """To the middle of the second that is told, which is rounded down."""
    if words.flags & _OFFLOADED:
        return _OFFLOAD_SECONDS
    return number(words.seconds, 32) + 0.5


def _state(words: _Words) -> str:
    return words.state or ("ESTABLISHED" if words.flags & _OFFLOADED else "")


def _zone(words: _Words) -> Zone:
    if "zone" in words.others:
        return Zone(number(words.others["zone"], 16))
    sides = (words.tuples[0].get("zone-orig"), words.tuples[1].get("zone-reply"))
    told = next((number(side, 16) for side in sides if side), 0)
    return Zone(told, sides[0] is not None, sides[1] is not None) if told else EVERYWHERE


def _labels(text: str) -> int:
    """Labels by number; the names that a host gives them are in a file of its own."""
    return sum(1 << number(word, 7) for word in set(text.split(",")) if word.isdecimal())


def _counters(words: _Words) -> tuple[tuple[int, int], tuple[int, int]] | None:
    counted = [
        (number(side["packets"], 64), number(side["bytes"], 64))
        for side in words.tuples
        if "packets" in side
    ]
    return (counted[0], counted[1]) if len(counted) == 2 else None


def _status(words: _Words, original: Tuple, reply: Tuple) -> int:
    """Its bits, as far as the line shows them; NAT is what the tuples differ in."""
    answer = original.inverted()
    if answer is None or answer.proto != reply.proto:
        raise ValueError("no connection begins so")
    status = 0 if "UNREPLIED" in words.flags else SEEN_REPLY
    status |= ASSURED if words.flags & {"ASSURED", *_OFFLOADED} else 0
    source, target = reply.dst != answer.dst, reply.src != answer.src
    if original.is_icmp:  # one id in both directions, changed with either end
        source = source or (not target and reply.sport != answer.sport)
    else:
        source, target = (
            source or reply.dport != answer.dport,
            target or reply.sport != answer.sport,
        )
    return status | (SRC_NAT if source else 0) | (DST_NAT if target else 0)
