"""Who is in a set, as a predicate over the packet's fields, where that changes with no packet.

Semantics: the kadt and test functions of net/netfilter/ipset/ip_set_*.c, and ip_set_getport.c. Each
place of `src,dst,…` tells where the part at that place of an element is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fwsim.language.ipset.boxes import Box, boxes, painted, runs
from fwsim.language.ipset.model import Element, Head, Iface, IpSet
from fwsim.language.values import bits_of
from fwsim.model import fields as F
from fwsim.model.names import IFNAMSIZ, iface_value
from fwsim.model.packet import ICMP, ICMP6, SCTP, TCP, UDP, UDPLITE
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in, negate

WITH_PORTS = frozenset({TCP, UDP, UDPLITE, SCTP})


def fits(head: Head, ways: Sequence[str], family: int) -> bool:
    """Whether the set can hold such packets, looked for so many ways; a list passes the question
    on to its sets."""
    places = 1 if head.kind.name == "list:set" else len(head.kind.parts)
    return len(ways) >= places and head.family in (0, family)


def is_member(
    sets: Mapping[str, IpSet], name: str, ways: Sequence[str], family: int, exceptions: bool = False
) -> Pred:
    """The packet is in the set. With `exceptions`: what a `nomatch` element keeps out of it."""
    one = sets[name]
    if not fits(one.head, ways, family):
        return FALSE
    if one.head.kind.name == "list:set":
        inner = (is_member(sets, member, ways, family, exceptions) for (member,) in one.members)
        return any_of(*inner)
    exceptions = exceptions and bool(one.head.kind.nets)
    key = (tuple(ways), family, exceptions)
    if key not in one.known:  # by as many rules as there may be
        one.known[key] = _holds(_Asked(one, ways, family, exceptions))
    known: Pred = one.known[key]
    return known


def _holds(asked: _Asked) -> Pred:
    match asked.head.kind.name:
        case "hash:net":
            return asked.networks()
        case "hash:net,iface":
            return asked.networks_by_device()
        case _:
            return asked.ordered()


class _Asked:
    def __init__(self, one: IpSet, ways: Sequence[str], family: int, exceptions: bool) -> None:
        self.one, self.head, self.exceptions = one, one.head, exceptions
        self.bits = bits_of(family)
        self.family, self.ways = family, ways

    def field(self, at: int) -> F.Field:
        return (F.SRC if self.ways[at] == "src" else F.DST)[self.family]

    def answer(self, element: Element) -> bool:
        return self.one.members[element].nomatch is self.exceptions

    def networks(self) -> Pred:
        """Of one part alone: the smallest network that holds the address decides."""
        spans = painted((net for (net,) in self.one.members), self.bits)
        return is_in(self.field(0), *((a, b) for a, b, net in spans if self.answer((net,))))

    def networks_by_device(self) -> Pred:
        """The smallest network decides, and no other is asked, whatever its devices are. Bridge
        ports (`physdev:`) are apart: iptables never asks for them (IPSET_FLAG_PHYSDEV)."""
        devices: dict[tuple[int, int], list[Element]] = {}
        for element in self.one.members:
            if not element[1].physdev:
                devices.setdefault(element[0], []).append(element)
        groups: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
        for first, last, net in painted(devices, self.bits):
            asked = tuple((self.answer(element), element[1:]) for element in devices[net])
            groups.setdefault(asked, []).append((first, last))
        return any_of(
            *(
                all_of(is_in(self.field(0), *spans), self.decided(runs(asked), place=1))
                for asked, spans in groups.items()
            )
        )

    def ordered(self) -> Pred:
        """The first element found decides: of networks the smallest are looked for first."""
        nets = self.head.kind.nets
        members = list(self.one.members)
        if nets:
            members.sort(key=lambda element: tuple(-element[at][1] for at in nets))
        return self.decided(runs([(self.answer(element), element) for element in members]))

    def decided(self, layers: list[tuple[bool, list[Element]]], place: int = 0) -> Pred:
        pred: Pred = FALSE
        for answer, elements in reversed(layers):
            here = any_of(*(self.box(one, place) for one in boxes(elements)))
            pred = any_of(here, pred) if answer else all_of(negate(here), pred)
        return pred

    def box(self, box: Box, place: int) -> Pred:
        parts = self.head.kind.parts[place:]
        return all_of(*(self.part(p, at, box[at - place]) for at, p in enumerate(parts, place)))

    def part(self, part: str, at: int, values: tuple[Any, ...]) -> Pred:
        source = self.ways[at] == "src"
        match part:
            case "ip":
                mask = self.head.mask if at == 0 else (1 << self.bits) - 1
                return _cut_to(self.field(at), mask, values)
            case "net":
                return self.nets(at, values)
            case "iface":
                return _device(F.IN if source else F.OUT, values)
            case "mark":
                return is_in(F.MARK, *values, mask=self.head.options.get("markmask"))
            case _ if self.head.kind.is_bitmap:
                return _ports({(TCP, p) for p in values} | {(UDP, p) for p in values}, source, 4)
            case _:
                return _ports(set(values), source, self.family)

    def nets(self, at: int, values: tuple[tuple[int, int], ...]) -> Pred:
        by_mask: dict[int, list[int]] = {}
        full = (1 << self.bits) - 1
        for value, length in values:
            by_mask.setdefault(self.head.mask & full ^ full >> length, []).append(value)
        return any_of(*(_cut_to(self.field(at), mask, v) for mask, v in by_mask.items()))


def _cut_to(field: F.Field, mask: int, values: Iterable[int]) -> Pred:
    """(field & mask) is one of these."""
    free = field.top - mask
    if free & (free + 1):
        return is_in(field, *values, mask=mask)
    return is_in(field, *((value, value | free) for value in values))


def _device(field: F.Field, values: Iterable[Iface]) -> Pred:
    spans = []
    for name, _, wildcard in values:
        low = iface_value(name)
        free = 8 * (IFNAMSIZ - len(name.encode("utf-8", "surrogateescape"))) if wildcard else 0
        spans.append((low, low | (1 << free) - 1))
    return is_in(field, *spans)


def _ports(pairs: Iterable[tuple[int, int]], source: bool, family: int) -> Pred:
    """The protocol with the port; for ICMP, type << 8 | code. Protocols of the same ports go
    together."""
    by_proto: dict[int, list[int]] = {}
    for proto, value in sorted(pairs):
        by_proto.setdefault(proto, []).append(value)
    groups: dict[tuple[bool, tuple[int, ...]], list[int]] = {}
    choices: list[Pred] = []
    for proto, values in by_proto.items():
        if proto in (ICMP, ICMP6):
            choices.append(all_of(_readable(True, family), is_in(F.PROTO, proto), _icmp(values)))
        else:
            groups.setdefault((proto in WITH_PORTS, tuple(values)), []).append(proto)
    for (ported, values_), protos in groups.items():
        port = is_in(F.SPORT if source else F.DPORT, *values_) if ported else all_of()
        choices.append(all_of(is_in(F.PROTO, *protos), _readable(ported, family), port))
    return any_of(*choices)


def _readable(header: bool, family: int) -> Pred:
    """What must be there: of protocols with ports, their header; in IPv6 no later fragment will
    do."""
    if header:
        return all_of(is_in(F.FRAG, 0), is_in(F.L4_HEADER, 1))
    return is_in(F.FRAG, 0) if family == 6 else all_of()


def _icmp(values: Iterable[int]) -> Pred:
    by_type: dict[int, list[int]] = {}
    for value in values:
        by_type.setdefault(value >> 8, []).append(value & 0xFF)
    return any_of(
        *(
            all_of(is_in(F.ICMP_TYPE, kind), is_in(F.ICMP_CODE, *codes))
            for kind, codes in by_type.items()
        )
    )
