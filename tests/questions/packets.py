"""Random first packets of connections, and what sets of packets know of them."""

from __future__ import annotations

from random import Random

from kernel.rulesets import ADDRESSES, PORTS

from fwsim.model.names import STATES, TCP_FLAGS, address_value, iface_value
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, UDP, WITH_PORTS, Packet

_DOORS = ("", "eth0", "eth0", "veth0", "veth1", "docker0")
_OWN = {4: ("172.18.0.1", "192.0.2.10"), 6: ("fd18::1", "2001:db8::10")}


def view_of(packet: Packet, dev: str) -> dict[str, int]:
    """The packet's fields as it comes in by a device ("": the host sends it)."""
    return {
        "src": packet.src, "dst": packet.dst, "proto": packet.proto, "sport": packet.sport,
        "dport": packet.dport, "icmp_type": packet.icmp_type, "icmp_code": packet.icmp_code,
        "tcp_flags": packet.flags, "in": iface_value(dev), "ctstate": STATES.index("NEW"),
        "ttl": packet.ttl, "length": packet.length, "tos": packet.tos, "tcp_options": 0,
        "out": 0, "physin": 0, "physout": 0,
    }  # fmt: skip


def opening(family: int, src: str, dst: str, proto: int, rng: Random) -> Packet:
    """A packet that begins a connection, with random ports."""
    ends = (address_value(text, family) for text in (src, dst))
    packet = Packet(family, *ends, proto, payload_len=20)
    if proto in WITH_PORTS:
        packet = packet.but(sport=rng.choice(PORTS), dport=rng.choice(PORTS))
    if proto == TCP:
        packet = packet.but(flags=TCP_FLAGS["SYN"])
    if packet.is_icmp:
        packet = packet.but(icmp_type=ICMP_ECHO[family][0], icmp_id=7)
    return packet


def random_packet(rng: Random, family: int) -> tuple[Packet, str]:
    """One for the article's hosts, and the device that it comes in by."""
    dev = rng.choice(_DOORS)
    src = rng.choice(ADDRESSES[family] if dev else _OWN[family])
    proto = rng.choice((TCP, TCP, UDP, ICMP if family == 4 else ICMP6, 50))
    return opening(family, src, rng.choice(ADDRESSES[family]), proto, rng), dev
