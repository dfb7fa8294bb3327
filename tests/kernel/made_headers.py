"""Random options and packets for the matches of IPv6 headers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from fwsim.model.exthdr import AH, DEST, FRAGMENT, HOP, NONE, ROUTING
from fwsim.model.names import address_value
from fwsim.model.packet import UDP, Packet

from .duel import SENDER
from .made import SPIS, Made, negated, some, span

ESP, MH = 50, 135
_SEGMENTS = tuple(address_value(f"fd00::{n}", 6) for n in range(1, 4))


def _frag_rule(rng: Random, family: int) -> str:
    end = rng.choice(("--fragmore", "--fraglast"))
    return "-m frag " + some(
        rng,
        f"{negated(rng)}--fragid {span(rng, SPIS)}",
        "--fraglen 8",
        "--fragres",
        "--fragfirst",
        end,
    )


def _frag_packet(rng: Random, packet: Packet) -> Packet:
    if rng.random() < 0.2:
        return packet
    frag, more = rng.choice((0, 0, 1, 200)), rng.randrange(2)
    word = frag << 3 | rng.choice((0, 0, 2)) | more
    header = bytes((rng.choice((0, 0, 7)),)) + struct.pack("!HI", word, rng.choice(SPIS))
    return packet.but(ext=((FRAGMENT, header),), frag=frag, more=bool(more))


def _rt_rule(rng: Random, family: int) -> str:
    if rng.random() < 0.5:
        kind = f"{negated(rng)}--rt-type {rng.choice((0, 2, 4, 300))}"
        left = f"{negated(rng)}--rt-segsleft {span(rng, (0, 1, 2, 300))}"
        return f"-m rt {some(rng, kind, left, f'{negated(rng)}--rt-len {rng.choice((8, 24, 40))}')}"
    listed = ",".join(f"fd00::{n}" for n in rng.sample((1, 2, 3), rng.choice((1, 2))))
    strict = rng.choice(("", " --rt-0-not-strict"))
    return f"-m rt --rt-type 0 {rng.choice(('', '--rt-0-res'))} --rt-0-addrs {listed}{strict}"


def _rt_packet(rng: Random, packet: Packet) -> Packet:
    if rng.random() < 0.15:
        return packet
    segments = b"".join(a.to_bytes(16, "big") for a in rng.sample(_SEGMENTS, rng.randrange(3)))
    fixed = bytes((rng.choice((0, 0, 0, 2, 4)), rng.randrange(3))) + rng.choice(
        (bytes(4), b"\1\2\3\4")
    )
    return packet.but(ext=((ROUTING, fixed + segments),))


def _opts_rule(name: str) -> Callable[[Random, int], str]:
    def rule(rng: Random, _: int) -> str:
        kinds = rng.choices(
            ("0", "1", "1:4", "5", "5:2", "30", "30:3", "1:0", "1:255"), k=rng.choice((1, 1, 2, 3))
        )
        return f"-m {name} " + some(
            rng,
            f"{negated(rng)}--{name}-len {rng.choice((8, 16))}",
            f"--{name}-opts {','.join(kinds)}",
        )

    return rule


def _opts_packet(kind: int) -> Callable[[Random, Packet], Packet]:
    bodies = (
        b"\x01\x04" + bytes(4),
        b"\x05\x02\0\0\0\0",
        b"\x05\x02\0\0\x01\0",
        b"\x1e\x03abc\0",
        b"\0\x1e\x03abc",
        b"\x1e\x0cabcdefghijkl",
        b"\0\x05\x02\0\0\0",
    )
    return lambda rng, packet: (
        packet.but(ext=((kind, rng.choice(bodies)),)) if rng.random() < 0.9 else packet
    )


def _mh_packet(rng: Random, packet: Packet) -> Packet:
    body = bytes((rng.choice((NONE,) * 9 + (UDP,)), 0, rng.randrange(9), 0, 1, 2)) + packet.payload
    return packet.but(proto=MH, payload=body)


def _mh_rule(rng: Random, family: int) -> str:
    kinds = f"{rng.choice((1, 3, 8))}{rng.choice(('', ':', ':8'))}"
    return f"-p mh -m mh {some(rng, f'{negated(rng)}--mh-type {kinds}')}"


def _header_rule(rng: Random, family: int) -> str:
    names = rng.sample(
        ("hop", "dst", "route", "frag", "auth", "esp", "none", "prot"), rng.choice((1, 2, 2, 3))
    )
    return f"-m ipv6header {negated(rng)}--header {','.join(names)}{rng.choice(('', ' --soft'))}"


def _header_packet(rng: Random, packet: Packet) -> Packet:
    ext: list[tuple[int, bytes]] = [(HOP, b"\x01\x04" + bytes(4))] * (rng.random() < 0.2)
    choices = ((DEST, bytes(6)), (ROUTING, bytes((2, 0)) + bytes(20)), (AH, bytes(14)))
    ext += rng.sample(choices, rng.choice((0, 1, 1, 2)))
    return packet.but(ext=tuple(ext), proto=rng.choice((UDP, ESP, NONE)), more=rng.random() < 0.2)


def _srh_rule(rng: Random, family: int) -> str:
    small = (0, 1, 2, 4)
    options = [
        f"{negated(rng)}--srh-{n}-{o} {rng.choice(small)}"
        for n in ("hdr-len", "segs-left", "last-entry")
        for o in ("eq", "gt", "lt")
    ]
    options += [
        f"{negated(rng)}--srh-{n}sid fd00::{rng.choice((1, 2))}{rng.choice(('', '/64', '/0'))}"
        for n in "pnl"
    ]
    options += [
        f"{negated(rng)}--srh-tag {rng.choice((0, 1, 256))}",
        f"{negated(rng)}--srh-next-hdr {rng.choice((17, 6))}",
    ]
    return f"-m srh {' '.join(rng.sample(options, rng.choice((0, 1, 1, 2))))}"


def _srh_packet(rng: Random, packet: Packet) -> Packet:
    count = rng.randrange(1, 4)
    segments = b"".join(rng.choice(_SEGMENTS).to_bytes(16, "big") for _ in range(count))
    kind, last = rng.choice((4,) * 9 + (0,)), rng.choice((count - 1,) * 5 + (7,))
    fixed = struct.pack("!BBBBH", kind, rng.randrange(4), last, 0, rng.choice((0, 1, 256)))
    return packet.but(ext=((ROUTING, fixed + segments),))


def _eui64_packet(rng: Random, packet: Packet) -> Packet:
    own = int(SENDER.replace(":", "")[:6] + "fffe" + SENDER.replace(":", "")[6:], 16)
    src = packet.src >> 64 << 64 | own ^ rng.choice((0, 0, 1, 1 << 57))
    return packet.but(src=src, mac_src=SENDER)


HEADERS = {
    "frag": Made(_frag_rule, _frag_packet, (6,)),
    "rt": Made(_rt_rule, _rt_packet, (6,)),
    "hbh": Made(_opts_rule("hbh"), _opts_packet(HOP), (6,)),
    "dst": Made(_opts_rule("dst"), _opts_packet(DEST), (6,)),
    "mh": Made(_mh_rule, _mh_packet, (6,)),
    "ipv6header": Made(_header_rule, _header_packet, (6,)),
    "srh": Made(_srh_rule, _srh_packet, (6,)),
    "eui64": Made(lambda rng, _: "-m eui64", _eui64_packet, (6,)),
}
