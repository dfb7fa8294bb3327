"""Whose bucket a packet's is: hashlimit's key of it (hashlimit_init_dst in
net/netfilter/xt_hashlimit.c)."""

from fwsim.language.ext._buckets import Key
from fwsim.language.options import Options
from fwsim.language.values import bits_of
from fwsim.model.chain import final
from fwsim.model.exthdr import EXTENSIONS, NONE
from fwsim.model.facts import Facts
from fwsim.model.packet import WITH_PORTS, Packet

_SPI_AT = {50: 0, 51: 4}  # ESP and AH: their SPI stands for the ports


def key_of(o: Options, facts: Facts) -> Key | None:
    """Whose bucket it is; None where nobody knows the bytes that stand where ports do."""
    packet, modes = facts.packet, o.get("hashlimit-mode", ())
    bits = bits_of(packet.family)
    parts = []
    for mode, value, option in (
        ("srcip", packet.src, "hashlimit-srcmask"), ("dstip", packet.dst, "hashlimit-dstmask")
    ):  # fmt: skip
        host = bits - o.get(option, bits)
        parts.append(value >> host << host if mode in modes else 0)
    ports: tuple[int, int] | None = (0, 0)
    if "srcport" in modes or "dstport" in modes:
        ports = _ports(facts)
    if ports is None:
        return None
    source, destination = parts
    return (
        source, destination,
        ports[0] if "srcport" in modes else 0, ports[1] if "dstport" in modes else 0,
    )  # fmt: skip


def _ports(facts: Facts) -> tuple[int, int] | None:
    packet = facts.packet
    if packet.has_ports:
        return packet.sport, packet.dport
    at, data = _ports_at(packet), packet.contents
    if at is None:
        return 0, 0
    if data is None:
        return None
    return int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")


def _ports_at(packet: Packet) -> int | None:
    """Where in what follows its headers something is taken for ports; None if nothing is."""
    if packet.frag and packet.family == 6:
        return None
    return _SPI_AT.get(final(packet), 0 if final(packet) in WITH_PORTS else None)


def is_cut_off(o: Options, packet: Packet) -> bool:
    """It is to have ports, but ends before them: it is dropped at once."""
    modes = o.get("hashlimit-mode", ())
    if packet.has_ports or not ("srcport" in modes or "dstport" in modes):
        return False
    if packet.family == 6 and not packet.frag and final(packet) in (-1, NONE):
        return True
    at, data = _ports_at(packet), packet.contents
    headless = packet.family == 6 and packet.proto in EXTENSIONS
    return at is not None and (headless or (data is not None and len(data) < at + 4))
