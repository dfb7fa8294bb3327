"""How integers are written: addresses, interface names, protocols, states, flags.

Pure tables and their two directions; what a name means is said elsewhere. Protocol numbers and
names are those that iptables prints (/etc/protocols of Debian 12, libxtables' own short list).
"""

from __future__ import annotations

IFNAMSIZ = 16

PROTOCOLS = {
    "ip": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9,
    "pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33,
    "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44,
    "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "skip": 57, "ipv6-icmp": 58,
    "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89,
    "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "vrrp": 112,
    "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135, "udplite": 136,
    "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142,
    "ethernet": 143,
}  # fmt: skip
PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}

STATES = ("INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED")
STATUS = {
    "EXPECTED": 1 << 0,
    "SEEN_REPLY": 1 << 1,
    "ASSURED": 1 << 2,
    "CONFIRMED": 1 << 3,
    "SRC_NAT": 1 << 4,
    "DST_NAT": 1 << 5,
    "TEMPLATE": 1 << 11,
}
ROUTE_TYPES = (
    "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE",
    "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE",
)  # fmt: skip
PACKET_TYPES = ("unicast", "broadcast", "multicast", "otherhost")  # skb->pkt_type
SENDERS = ("no socket", "the kernel's own socket", "a process")
NO_SOCKET, KERNEL_SOCKET, PROCESS = range(3)
TCP_FLAGS = {
    "FIN": 0x01, "SYN": 0x02, "RST": 0x04, "PSH": 0x08,
    "ACK": 0x10, "URG": 0x20, "ECE": 0x40, "CWR": 0x80,
}  # fmt: skip
TCP_OPENING = sum(
    TCP_FLAGS[name] for name in ("SYN", "ACK", "FIN", "RST")
)  # what tells a first segment


def address_value(text: str, family: int) -> int:
    """The integer of an address in its standard form. ValueError if it is none of that family."""
    if family == 4:
        octets = [_OCTETS.get(part, 256) for part in text.split(".")]
        if len(octets) != 4 or 256 in octets:
            raise ValueError(text)
        return int.from_bytes(octets, "big")
    if ":" not in text:
        raise ValueError(text)
    from socket import AF_INET6, inet_pton

    try:
        return int.from_bytes(inet_pton(AF_INET6, text), "big")
    except OSError:
        raise ValueError(text) from None


_OCTETS = {str(octet): octet for octet in range(256)}


def address_text(value: int, bits: int = 32) -> str:
    """An address as iptables prints it; `bits` is 32 for IPv4, 128 for IPv6."""
    if bits == 32:
        return ".".join(map(str, value.to_bytes(4, "big")))
    from socket import AF_INET6, inet_ntop

    return inet_ntop(AF_INET6, value.to_bytes(16, "big"))


def family_of(text: str) -> int | None:
    """4 or 6 if the text is an address of that family, else None."""
    for family in (4, 6):
        try:
            address_value(text, family)
        except ValueError:
            continue
        return family
    return None


def iface_value(name: str) -> int:
    """An interface name as the kernel compares it: sixteen bytes, padded with zeros."""
    raw = name.encode("utf-8", "surrogateescape")[:IFNAMSIZ]
    return int.from_bytes(raw.ljust(IFNAMSIZ, b"\0"), "big")


def iface_text(value: int) -> str:
    """The name back from its sixteen bytes; `(none)` for no interface."""
    raw = value.to_bytes(IFNAMSIZ, "big").rstrip(b"\0")
    return raw.decode("utf-8", "replace") or "(none)"


def proto_text(value: int) -> str:
    """A protocol as iptables-save prints it: its name where it has one, else the number."""
    return PROTOCOL_NAMES.get(value, str(value)) if value else "0"


def flags_text(value: int) -> str:
    """TCP flags as iptables writes them: `SYN,ACK`, or `NONE`."""
    names = [name for name, bit in TCP_FLAGS.items() if value & bit]
    return ",".join(names) or "NONE"


def state_text(value: int) -> str:
    """A conntrack state's name."""
    return STATES[value] if value < len(STATES) else str(value)


def route_type_text(value: int) -> str:
    """A route type's name, as `-m addrtype` writes it."""
    return ROUTE_TYPES[value] if value < len(ROUTE_TYPES) else str(value)


def mac_text(value: int) -> str:
    """02:00:00:00:00:01"""
    return value.to_bytes(6, "big").hex(":")


def packet_type_text(value: int) -> str:
    """To whom a frame was addressed, as `-m pkttype` writes it."""
    return PACKET_TYPES[value] if value < len(PACKET_TYPES) else str(value)


def sender_text(value: int) -> str:
    """Who on this host sends a packet."""
    return SENDERS[value] if value < len(SENDERS) else str(value)
