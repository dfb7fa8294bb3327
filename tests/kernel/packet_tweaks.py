"""Packets changed so that the matches of tests.kernel.packet_kinds hit them or miss them."""

from __future__ import annotations

from random import Random

from fwsim.model.names import address_value
from fwsim.model.packet import ICMP6, TCP, UDP, Packet

from .conversations import Sent
from .duel import SENDER
from .rulesets import ADDRESSES

ODD_MACS = ("02:00:00:00:09:0a", "02:00:00:00:0b:0c")


def filled(rng: Random, sent: Sent, **changes: object) -> Sent:
    return sent._replace(packet=sent.packet.but(**changes))


def _as_tcp(packet: Packet, **changes: object) -> Packet:
    clean = packet.but(
        proto=TCP, frag=0, more=False, icmp_type=0, icmp_code=0, icmp_id=0, inner=None,
        payload=b"", payload_len=0, sport=1024, dport=80,
    )  # fmt: skip
    return clean.but(**changes)


def tcp_options(rng: Random) -> bytes:
    pieces = (
        lambda: b"\2\4" + rng.choice((0, 100, 536, 1220, 1300, 1460, 9000)).to_bytes(2, "big"),
        lambda: b"\3\3\7", lambda: b"\1", lambda: b"\4\2", lambda: b"\0",
        lambda: b"\5\x0a" + b"s" * 8, lambda: b"\x08\x0a" + bytes(8),
        lambda: b"\2\3\5", lambda: b"\2\0", lambda: b"\xfe\x09x",
        lambda: b"\x13\x12" + b"m" * 16,
    )  # fmt: skip
    data = b"".join(rng.choice(pieces)() for _ in range(rng.choice((0, 1, 1, 2, 3, 5))))[:40]
    return data + b"\1" * (-len(data) % 4)


def tcp(rng: Random, sent: Sent) -> Sent:
    """Often TCP with all kinds of flags and options."""
    if rng.random() < 0.1:
        return sent
    packet = _as_tcp(
        sent.packet, flags=rng.choice((2, 2, 0x12, 0x10, 0xC2, 0x52, 0x92, 4)), seq=1000,
        ack=0, tcp_options=tcp_options(rng), payload_len=rng.choice((0, 0, 8)),
    )  # fmt: skip
    return sent._replace(packet=packet)


def pieces(rng: Random, sent: Sent) -> Sent:
    """The same, and now and then a later fragment, whose data may look like a header."""
    if rng.random() < 0.2 and sent.packet.family == 4:
        data = rng.choice((b"", b"short", bytes(12) + b"\x50\xff" + bytes(6), bytes(24)))
        data = rng.choice((data, bytes(12) + b"\x60\x42" + bytes(6) + b"\2\4\5\xb4"))
        plain = _as_tcp(sent.packet, sport=0, dport=0, flags=0, seq=0, ack=0, tcp_options=b"")
        filled = {"payload": data} if any(data) else {"payload_len": len(data)}
        return sent._replace(packet=plain.but(frag=9, **filled))
    return tcp(rng, sent)


def hops(rng: Random, sent: Sent) -> Sent:
    return filled(rng, sent, ttl=rng.choice((1, 2, 3, 5, 63, 64, 250, 255)))


def tos(rng: Random, sent: Sent) -> Sent:
    return filled(rng, sent, tos=rng.randrange(256))


def framed(rng: Random, sent: Sent) -> Sent:
    """From several MACs, now and then to all, or to a group."""
    source = rng.choice((*ODD_MACS, SENDER))
    sent = filled(rng, sent, mac_src=source if sent.dev else None)
    if sent.dev == "eth0" and rng.random() < 0.4:
        own = sent.packet.but(
            dst=address_value(ADDRESSES[sent.packet.family][3], sent.packet.family)
        )
        return sent._replace(mac=rng.choice(("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05")), packet=own)
    return sent


def owned(rng: Random, sent: Sent) -> Sent:
    """Half of them sent by a user of this machine."""
    if rng.random() < 0.5:
        family = sent.packet.family
        inside, outside = (address_value(a, family) for a in ADDRESSES[family][2:4])
        packet = sent.packet.but(
            src=rng.choice((inside, outside)), uid=rng.choice((0, 5, 77, 1000))
        )
        shared = family == 4 and packet.dst == 0xFFFFFFFF
        return Sent("", "", packet.but(dst=address_value("8.8.8.8", 4)) if shared else packet)
    return sent if sent.dev else filled(rng, sent, uid=0)


def foreign(rng: Random, sent: Sent) -> Sent:
    """From addresses that live elsewhere, or nowhere."""
    family = sent.packet.family
    odd = {
        4: ("198.51.100.7", "172.18.0.2", "192.0.2.10", "0.0.0.0", "8.8.8.8", "172.18.0.1"),
        6: ("2001:db8::99", "fd18::2", "2001:db8::10", "fe80::5", "2001:4860::8", "fd99::1"),
    }[family]
    if not sent.dev or rng.random() < 0.4:
        return sent
    src = rng.choice(odd)
    changed = filled(rng, sent, src=address_value(src, family))
    if not src.startswith("fe80"):
        return changed
    own = {"eth0": ADDRESSES[family][3]}.get(sent.dev, ADDRESSES[family][2])
    return changed._replace(packet=changed.packet.but(dst=address_value(own, family)))


def flows(rng: Random, sent: Sent) -> Sent:
    """Many ports, and protocols that have an SPI."""
    packet = sent.packet
    if packet.frag or packet.inner or rng.random() < 0.3:
        return sent
    plain = packet.but(
        icmp_type=0, icmp_code=0, icmp_id=0, flags=0, seq=0, ack=0, tcp_options=b"", payload=b"",
        payload_len=0, sport=0, dport=0,
    )  # fmt: skip
    if rng.random() < 0.3 and packet.family == 4:
        body = bytes(rng.randrange(1, 256) for _ in range(rng.choice((2, 4, 12))))
        return sent._replace(packet=plain.but(proto=rng.choice((50, 51)), payload=body))
    ports = {"sport": rng.randrange(65536), "dport": rng.randrange(65536)}
    return sent._replace(packet=plain.but(proto=rng.choice((UDP, 132, 136)), **ports))


def ports(rng: Random, sent: Sent) -> Sent:
    """Other ports, where there are any."""
    if sent.packet.proto not in (TCP, UDP) or sent.packet.frag:
        return sent
    return filled(rng, sent, sport=rng.randrange(65536), dport=rng.randrange(65536))


def quoted(rng: Random, sent: Sent) -> Sent:
    """Now and then to and from addresses with little left to change, or an error about such."""
    family, packet = 6, sent.packet
    pool = ("fd18::ffff:ffff:ffff:ffff", "fd18::1:2:3:4", "2001:db8::10", "fd18:0:0:ffff::2")
    if rng.random() < 0.3:
        packet = packet.but(dst=address_value(rng.choice(pool), family))
    if rng.random() < 0.3 and sent.dev:
        ends = (address_value(rng.choice(pool), family) for _ in range(2))
        inner = Packet(family, *ends, UDP, 5, 6)
        return sent._replace(
            packet=Packet(
                family, packet.src, packet.dst, ICMP6, icmp_type=1, icmp_code=3, inner=inner
            )
        )
    return sent._replace(packet=packet)
