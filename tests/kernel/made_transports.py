"""Random options and packets for the matches of transport protocols and IPsec."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from fwsim.model.exthdr import AH
from fwsim.model.packet import DCCP, SCTP, UDP, Packet

from .made import SPIS, Made, negated, ported, ports, some, span
from .made_payloads import plain

ESP, IPCOMP = 50, 108
_CHUNKS = {"DATA": 0, "INIT": 1, "SACK": 3, "ABORT": 6, "I_DATA": 64, "ASCONF": 193}
_DCCP = (
    "REQUEST",
    "RESPONSE",
    "DATA",
    "ACK",
    "DATAACK",
    "CLOSEREQ",
    "CLOSE",
    "RESET",
    "SYNC",
    "SYNCACK",
    "INVALID",
)


def _spi(option: str, before: str) -> Callable[[Random, int], str]:
    return lambda rng, _: f"{before} {some(rng, f'{negated(rng)}--{option} {span(rng, SPIS)}')}"


def _ah_rule(rng: Random, family: int) -> str:
    if family == 4:
        return _spi("ahspi", "-p ah -m ah")(rng, family)
    return "-m ah " + some(
        rng,
        f"{negated(rng)}--ahspi {span(rng, SPIS)}",
        f"{negated(rng)}--ahlen {rng.choice((0, 16, 24))}",
        "--ahres",
    )


def _ah_packet(rng: Random, packet: Packet) -> Packet:
    reserved = rng.choice((0, 0, 5))
    body = struct.pack("!HII", reserved, rng.choice(SPIS), 1) + bytes(rng.choice((4, 12)))
    if packet.family == 6:
        return packet.but(ext=((AH, body),)) if rng.random() < 0.8 else packet
    return packet.but(proto=AH, payload=bytes((UDP, len(body) // 4 - 1)) + body)


def _ipcomp_packet(rng: Random, packet: Packet) -> Packet:
    return packet.but(
        proto=IPCOMP, payload=struct.pack("!BBH", 6, 0, rng.choice(SPIS) & 0xFFFF) + b"x" * 4
    )


def _esp_packet(rng: Random, packet: Packet) -> Packet:
    return packet.but(proto=ESP, payload=struct.pack("!II", rng.choice(SPIS), 1) + packet.payload)


def _sctp_rule(rng: Random, family: int) -> str:
    names = [
        "DATA",
        "INIT",
        "SACK",
        "ABORT",
        "I_DATA",
        "ASCONF",
        "DATA:U",
        "DATA:uB",
        "ABORT:T",
        "ABORT:t",
    ]
    listed = rng.choice(
        ("ALL", "NONE", *[",".join(rng.sample(names, rng.randrange(1, 4))) for _ in range(6)])
    )
    kinds = f"{negated(rng)}--chunk-types {rng.choice(('any', 'all', 'only'))} {listed}"
    return f"-p sctp -m sctp {some(rng, ports(rng))} {kinds if rng.random() < 0.8 else ''}"


def _sctp_packet(rng: Random, packet: Packet) -> Packet:
    chunks = b""
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = rng.randbytes(rng.randrange(6))
        length = rng.choice((len(data) + 4,) * 20 + (0, 3, 40))
        chunks += struct.pack(
            "!BBH", rng.choice(list(_CHUNKS.values())), rng.choice((0, 1, 2, 4, 8, 6)), length
        )
        chunks += data + bytes(-len(data) % 4)
    return ported(rng, packet, SCTP).but(payload=chunks, head=rng.choice((b"", b"\1\2\3\4")))


def _dccp_rule(rng: Random, family: int) -> str:
    types = ",".join(rng.sample(_DCCP, rng.choice((1, 2, 5))))
    return "-p dccp -m dccp " + some(
        rng,
        ports(rng),
        f"{negated(rng)}--dccp-types {types}",
        f"{negated(rng)}--dccp-option {rng.choice((1, 2, 32, 38))}",
    )


def _dccp_packet(rng: Random, packet: Packet) -> Packet:
    kind, extended = rng.randrange(12), rng.randrange(2)
    options = b"".join(
        rng.choice((b"\0", b"\1", b"\x02\x03\x20", b"\x20\x02", b"\x26\x04ab"))
        for _ in range(rng.randrange(4))
    )
    options += bytes(-len(options) % 4)
    begin = (
        12 + 4 * extended + {0: 4, 1: 12, 2: 0, 3: 8, 4: 8, 5: 8, 6: 8, 8: 8, 9: 8}.get(kind, 12)
    )
    doff = (begin + len(options)) // 4 + rng.choice((0,) * 8 + (-1, 1, -len(options) // 4))
    head = bytes((max(0, doff), 0, 0, 0, kind << 1 | extended, 0, 0, 0))
    if head == bytes((3, *bytes(7))):  # as if nobody had told
        head = bytes((3, 1, *bytes(6)))
    return ported(rng, packet, DCCP).but(
        head=head, payload=bytes(begin - 12) + options + packet.payload
    )


def _tcp_rule(rng: Random, family: int) -> str:
    flags = f"{negated(rng)}--tcp-flags {rng.choice(('SYN SYN', 'SYN,ACK SYN', 'ALL NONE'))}"
    return f"-p tcp -m tcp {some(rng, ports(rng), flags)}"


def _icmp_rule(rng: Random, family: int) -> str:
    if family == 4:
        return f"-p icmp -m icmp {negated(rng)}--icmp-type {rng.choice(('8', '8/0', '3', 'any'))}"
    return f"-p ipv6-icmp -m icmp6 {negated(rng)}--icmpv6-type {rng.choice(('128', '128/0', '1'))}"


def _multiport_rule(rng: Random, family: int) -> str:
    way = rng.choice(("sports", "dports", "ports"))
    which = rng.choice(("1,80", "80", "70:90,5000"))
    return f"-p {rng.choice(('tcp', 'udp'))} -m multiport {negated(rng)}--{way} {which}"


TRANSPORTS = {
    "esp": Made(_spi("espspi", "-p esp -m esp"), _esp_packet),
    "ah": Made(_ah_rule, _ah_packet),
    "ipcomp": Made(_spi("ipcompspi", "-p ipcomp -m ipcomp"), _ipcomp_packet),
    "sctp": Made(_sctp_rule, _sctp_packet),
    "dccp": Made(_dccp_rule, _dccp_packet),
    "tcp": Made(_tcp_rule, plain),
    "udp": Made(lambda rng, _: f"-p udp -m udp {ports(rng)}", plain),
    "icmp": Made(_icmp_rule, plain),
    "multiport": Made(_multiport_rule, plain),
}
