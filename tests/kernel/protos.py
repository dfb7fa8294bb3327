"""Rulesets and packets made up for one match, whichever it is."""

from __future__ import annotations

from random import Random

from fwsim.model.exthdr import DEST, FRAGMENT, HOP
from fwsim.model.names import address_value
from fwsim.model.packet import Packet
from fwsim.model.wire import from_bytes, to_bytes

from .lab import BASE_CHAINS
from .made_headers import HEADERS
from .made_payloads import PAYLOADS
from .made_transports import TRANSPORTS

MADE = TRANSPORTS | HEADERS | PAYLOADS
_ENDS = {
    4: ("8.8.8.8", ("172.18.0.2", "192.0.2.10")),
    6: ("2001:4860::8", ("fd18::2", "2001:db8::10")),
}


def random_rules(rng: Random, name: str, family: int, each: int = 3) -> str:
    """A ruleset in which most rules ask this match."""
    places = (
        ("raw", "PREROUTING"),
        ("mangle", "FORWARD"),
        ("filter", "FORWARD"),
        ("filter", "INPUT"),
    )
    tables = {t: [f":{chain} ACCEPT [0:0]" for chain in BASE_CHAINS[t]] for t, _ in places}
    for table, chain in places:
        lines = tables[table]
        lines.extend(f"-A {chain} {MADE[name].rule(rng, family)}" for _ in range(each))
    return "".join(f"*{t}\n" + "\n".join(lines) + "\nCOMMIT\n" for t, lines in tables.items())


def random_packet(rng: Random, name: str, family: int) -> Packet:
    """A packet that the match may hit, perhaps cut short or a fragment."""
    source, targets = _ENDS[family]
    ends = address_value(source, family), address_value(rng.choice(targets), family)
    packet = MADE[name].packet(rng, Packet(family, *ends, payload=rng.randbytes(rng.randrange(9))))
    if family == 4 and rng.random() < 0.2:
        packet = packet.but(ip_options=b"\x01" * rng.choice((4, 8)))
    if family == 6 and rng.random() < 0.3:
        packet = packet.but(ext=(_pad(rng), *packet.ext))
    roll = rng.random()
    if roll > 0.35:
        return packet
    if roll < 0.1:
        return packet.but(more=True) if not packet.frag else packet
    return _later(rng, packet) if roll < 0.17 else _cut(rng, packet)


def _pad(rng: Random) -> tuple[int, bytes]:
    return DEST, rng.choice((b"\x01\x04" + bytes(4), bytes(6), b"\x1e\x02\x01\x02\0\0"))


def _later(rng: Random, packet: Packet) -> Packet:
    plain = Packet(packet.family, packet.src, packet.dst, packet.proto, ext=packet.ext)
    if any(kind == FRAGMENT for kind, _ in plain.ext):
        return packet
    data = rng.randbytes(rng.choice((0, 8, 16)))
    return plain.but(frag=rng.choice((1, 2, 100)), more=rng.random() < 0.5, payload=data)


def _cut(rng: Random, packet: Packet) -> Packet:
    """With a few bytes less at its end, as the IP header says too."""
    raw, fixed = to_bytes(packet), packet.ip_header if packet.family == 4 else 40
    fixed += 8 * any(kind == HOP for kind, _ in packet.ext[:1])  # cut there, it never arrives
    raw = raw[: rng.randrange(max(fixed, len(raw) - 24), len(raw) + 1)]
    if packet.family == 4:
        raw = raw[:2] + len(raw).to_bytes(2, "big") + raw[4:]
    else:
        raw = raw[:4] + (len(raw) - 40).to_bytes(2, "big") + raw[6:]
    return from_bytes(raw).but(mac_src=packet.mac_src)
