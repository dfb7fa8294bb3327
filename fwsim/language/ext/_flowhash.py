"""HMARK's hash, as net/netfilter/xt_HMARK.c has it: an ICMP error counts as the packet that it
quotes, a fragment has no ports, and connections count as they come (their tracking is not asked
for). Contents that nobody told count as zeros."""

from collections.abc import Mapping

from fwsim.language.values import bits_of
from fwsim.model import fields as F
from fwsim.model.chain import final, steps
from fwsim.model.exthdr import AH, FRAGMENT
from fwsim.model.facts import Facts
from fwsim.model.jhash import jhash, scaled
from fwsim.model.names import PROTOCOLS
from fwsim.model.packet import ICMP, WITH_PORTS, Packet
from fwsim.model.tuples import NamedTuple

_SPI_AT = {PROTOCOLS["esp"]: 0, PROTOCOLS["ah"]: 4}
_FULL = 0xFFFFFFFF


class _Flow(NamedTuple):
    src: int
    dst: int
    proto: int
    ports: int | None  # both in 32 bits; None: there are none to look at


def _by_connection(facts: Facts) -> _Flow | None:
    tracked = facts.connection
    if tracked is None or not facts[F.CONNTRACK.key]:
        return None
    there, back = tracked.original, tracked.reply
    ports = None if there.proto == ICMP else there.sport << 16 | back.sport
    return _Flow(there.src, back.src, there.proto, ports)


def _by_packet(packet: Packet) -> _Flow | None:
    proto, ports, whole = _transport(packet)
    if proto < 0:
        return _Flow(0, 0, 0, None)
    about = packet
    if packet.is_icmp_error and (whole or packet.family == 4):
        if packet.inner is None:
            return None
        about = packet.inner
        proto, ports, _ = _transport(about)
    return _Flow(about.src, about.dst, proto, ports) if proto >= 0 else None


def _transport(packet: Packet) -> tuple[int, int | None, bool]:
    """The protocol, the ports or SPI in 32 bits, and that no fragment's header came before. In
    IPv6 it is AH where that is met, -1 where the headers are cut off."""
    whole = packet.family == 6 or not (packet.frag or packet.more)
    for kind, data in steps(packet) if packet.family == 6 else ():
        if kind == AH:
            return AH, _at(data, _SPI_AT[AH]) if whole else None, whole
        whole = whole and kind != FRAGMENT
    return final(packet), _ports_of(packet) if whole else None, whole


def _ports_of(packet: Packet) -> int | None:
    if packet.has_ports:
        return packet.sport << 16 | packet.dport
    at = 0 if packet.proto in WITH_PORTS else _SPI_AT.get(packet.proto)
    return None if at is None else _at(packet.payload or bytes(packet.payload_len), at)


def _at(data: bytes, at: int) -> int | None:
    return int.from_bytes(data[at : at + 4], "big") if len(data) >= at + 4 else None


def _word(address: int, length: int, bits: int) -> int:
    """An address under its prefix, an IPv6 one folded."""
    address &= (1 << bits) - (1 << bits - length)
    word = 0
    for shift in range(0, bits, 32):
        word ^= address >> shift & _FULL
    return word


def flow_mark(facts: Facts, given: Mapping[str, int], family: int) -> int:
    """The mark by which HMARK marks a packet, its options `given` by their names without `hmark-`;
    its old one where there is nothing to hash."""
    flow = _by_connection(facts) if "ct" in given else _by_packet(facts.packet)
    if flow is None:
        return facts["mark"]
    ends = ((flow.src, "src-prefix"), (flow.dst, "dst-prefix"))
    words = sorted(_word(end, given.get(name, 0), bits_of(family)) for end, name in ends)
    hashed = jhash([*words, _shuffled(flow.ports, given)], given["rnd"])
    hashed ^= flow.proto & given.get("proto-mask", 0)
    return (scaled(hashed, given["mod"]) + given.get("offset", 0)) & _FULL


def _shuffled(ports: int | None, given: Mapping[str, int]) -> int:
    """Both ports, the higher first."""
    if ports is None:
        return 0
    mask, flip = (
        given.get(f"spi{end}", given.get(f"sport{end}", 0) << 16 | given.get(f"dport{end}", 0))
        for end in ("-mask", "")
    )
    high, low = sorted(divmod(ports & mask | flip, 0x10000), reverse=True)
    return high << 16 | low
