"""What a link adds before the IP packet: Ethernet with VLAN tags, Linux's cooked captures (`tcpdump
-i any`), loopback's families, or nothing (https://www.tcpdump.org/linktypes.html)."""

from __future__ import annotations

from collections.abc import Callable

from fwsim.model.tuples import NamedTuple

_IP = frozenset({0x0800, 0x86DD})
_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_NAMES = {
    0x0806: "ARP", 0x8035: "RARP", 0x8863: "PPPoE", 0x8864: "PPPoE", 0x8847: "MPLS",
    0x8848: "MPLS", 0x888E: "EAPOL", 0x88CC: "LLDP", 0x88E5: "MACsec", 0x88F7: "PTP",
}  # fmt: skip
_LEAST_ETHERTYPE = 0x600  # smaller numbers are lengths of IEEE 802.3
_SENT = 4  # LINUX_SLL_OUTGOING
_FAMILIES = frozenset({2, 10, 24, 28, 30})  # AF_INET, and AF_INET6 as systems number it


class Heard(NamedTuple):
    """An IP packet as a link carried it: where it begins in the frame, the MACs (None: not told),
    the VLAN it is tagged with (0: none), the number of its device (0: not told), and whether the
    link says that it came "in" or went "out"."""

    at: int
    mac_src: str | None = None
    mac_dst: str | None = None
    vlan: int = 0
    dev: int = 0
    direction: str = ""


class Other(NamedTuple):
    """No IP packet: `why` is the key of a sentence (fwsim.show.words), `what` its name."""

    why: str
    what: str = ""


def heard(link: int, data: bytes) -> Heard | Other:
    """What stands in a frame of that type of link."""
    read = LINKS.get(link)
    if read is None:
        return Other("link", str(link))
    try:
        return read(data)
    except IndexError:
        return Other("short")


def _ethernet(data: bytes) -> Heard | Other:
    kind, at, vlan = data[12] << 8 | data[13], 14, 0
    while kind in _TAGS:
        vlan = (data[at] << 8 | data[at + 1]) & 0xFFF or vlan
        kind, at = data[at + 2] << 8 | data[at + 3], at + 4
    if kind in _IP:
        return Heard(at, data[6:12].hex(":"), data[:6].hex(":"), vlan)
    return _other(kind)


def _other(kind: int) -> Other:
    if kind < _LEAST_ETHERTYPE:
        return Other("no_ip", "IEEE 802.2")
    return Other("no_ip", _NAMES.get(kind) or f"ethertype 0x{kind:04x}")


def _cooked(data: bytes) -> Heard | Other:
    """LINUX_SLL: who it was for, the sender's address, the protocol."""
    return _cooked_as(data, data[1], 14, 16, 0)


def _cooked2(data: bytes) -> Heard | Other:
    """LINUX_SLL2: with the number of the interface."""
    return _cooked_as(data, data[10], 0, 20, int.from_bytes(data[4:8], "big"))


def _cooked_as(data: bytes, whose: int, kind_at: int, at: int, dev: int) -> Heard | Other:
    kind = data[kind_at] << 8 | data[kind_at + 1]
    direction = "out" if whose == _SENT else "in"
    return Heard(at, dev=dev, direction=direction) if kind in _IP else _other(kind)


def _loopback(data: bytes) -> Heard | Other:
    """The family, in the byte order of whoever wrote the file."""
    family = data[0] or data[3]
    return Heard(4) if family in _FAMILIES else Other("no_ip", f"family {family}")


def _raw(data: bytes) -> Heard | Other:
    return Heard(0) if data[0] >> 4 in (4, 6) else Other("no_ip", f"version {data[0] >> 4}")


LINKS: dict[int, Callable[[bytes], Heard | Other]] = {
    1: _ethernet, 113: _cooked, 276: _cooked2, 0: _loopback, 108: _loopback,
    101: _raw, 12: _raw, 14: _raw, 228: _raw, 229: _raw,
}  # fmt: skip
