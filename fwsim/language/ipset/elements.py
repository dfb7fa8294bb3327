"""Elements of sets from words and back.

As ipset's lib/parse.c reads and lib/print.c prints them; ranges and networks are spread over single
elements where the type holds nothing else, as the kernel does (ip_set_*_uadt).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from fwsim.language.ipset.kinds import Kind
from fwsim.language.ipset.model import Element, Head, Iface
from fwsim.language.values import address, bits_of, number, port
from fwsim.model.errors import PacketError
from fwsim.model.names import PROTOCOL_NAMES, address_text, address_value, proto_text
from fwsim.model.packet import ICMP, ICMP6, SCTP, TCP, UDP, UDPLITE, proto_number

_WITH_PORTS = frozenset({TCP, UDP, UDPLITE, SCTP})
MOST = 1 << 20  # of elements that one command may spread over
_IFNAME = 15
_PLAIN = frozenset({"hash:ip", "hash:net"})
_PLAIN_OPTIONS = frozenset({"netmask", "bitmask", "timeout"})


def read_element(head: Head, text: str, wildcard: bool = False) -> Iterator[Element]:
    """The elements that a word stands for. ValueError where it is none of the set's type."""
    words = _separated(text, head.kind)
    choices = [list(_part(head, at, word, wildcard)) for at, word in enumerate(words)]
    choices += [[None]] * (len(head.kind.parts) - len(words))  # a MAC yet to be learned
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MOST:
        raise ValueError(f"this stands for more than {MOST} elements")
    return product(*choices)


def plain_element(head: Head, text: str) -> Element | None:
    """The element of a plain address or network in a hash of nothing else; None if it is more than
    that, or not so plain."""
    if head.kind.name not in _PLAIN or not _PLAIN_OPTIONS.isdisjoint(head.options):
        return None
    base, slash, length = text.partition("/")
    try:
        value = address_value(base, head.family)
    except ValueError:
        return None
    if head.kind.name == "hash:ip":
        return None if slash or not value else (value,)
    bits = bits_of(head.family)
    if slash and not (length.isdecimal() and 0 < int(length) <= bits):
        return None
    free = bits - int(length) if slash else 0
    return ((value >> free << free, bits - free),)


def _separated(text: str, kind: Kind) -> list[str]:
    words = text.split(",")
    if kind.name == "bitmap:ip,mac" and len(words) == 1:
        return words
    if len(words) != len(kind.parts):
        raise ValueError(f"{kind.name} has elements of {len(kind.parts)}: {','.join(kind.parts)}")
    return words


def _part(head: Head, at: int, word: str, wildcard: bool) -> Iterable[Any]:
    match head.kind.parts[at]:
        case "ip":
            return _addresses(head, word, masked=at == 0)
        case "net":
            return _networks(head, word)
        case "port" if head.kind.is_bitmap:
            return _ports_within(head, word)
        case "port":
            return _ports(word, head.family)
        case "mac":
            return (mac(word),)
        case "iface":
            return (_iface(word, wildcard),)
        case "mark":
            return (number(word) & head.options.get("markmask", 0xFFFFFFFF),)
        case _:
            return (word,)


def span_of(word: str, family: int) -> tuple[int, int]:
    """First and last address of ADDRESS, NETWORK/LENGTH or FROM-TO."""
    bits = bits_of(family)
    base, slash, length = word.partition("/")
    if slash:
        size = bits - number(length, 0, bits)
        low = address(base, family) >> size << size
        return low, low + (1 << size) - 1
    first, dash, last = word.partition("-")
    ends = address(first, family), address(last if dash else first, family)
    return min(ends), max(ends)


def _addresses(head: Head, word: str, masked: bool) -> Iterator[int]:
    if head.family == 6 and ("/" in word or "-" in word):
        raise ValueError("expected a single IPv6 address")
    low, high = span_of(word, head.family)
    if high - low >= MOST:
        raise ValueError(f"this stands for more than {MOST} addresses")
    mask = head.mask if masked else (1 << bits_of(head.family)) - 1
    found = dict.fromkeys(value & mask for value in range(low, high + 1))
    if 0 in found and not head.kind.is_bitmap:
        raise ValueError("an address of nothing but zeros cannot be in a hash")
    if head.kind.is_bitmap:
        first, last = head.options["range"]
        if low < first or high > last:
            raise ValueError("this is out of the set's range")
    return iter(found)


def _networks(head: Head, word: str) -> Iterator[tuple[int, int]]:
    bits = bits_of(head.family)
    if "-" in word and head.family == 6:
        raise ValueError("a range is for IPv4")
    if word.endswith("/0") and not head.kind.zero:
        raise ValueError("a prefix length of 0 is not for this type")
    low, high = span_of(word, head.family)
    while low <= high:
        size = min(
            (low & -low).bit_length() - 1 if low else bits, (high - low + 1).bit_length() - 1
        )
        yield low & _cut(head, bits), bits - size
        low += 1 << size


def _cut(head: Head, bits: int) -> int:
    return head.mask if "netmask" in head.options or "bitmask" in head.options else (1 << bits) - 1


def _ports(word: str, family: int) -> Iterator[tuple[int, int]]:
    name, colon, rest = word.partition(":")
    proto = _protocol(name) if colon else TCP
    rest = rest if colon else name
    if proto in _WITH_PORTS:
        low, high = _port_span(rest, proto)
        return ((proto, value) for value in range(low, high + 1))
    if proto == (ICMP if family == 4 else ICMP6):
        return iter(((proto, _icmp(rest, family)),))
    if proto in (ICMP, ICMP6) or rest != "0":
        raise ValueError(f"{proto_text(proto)} goes with port 0 alone")
    return iter(((proto, 0),))


def _protocol(text: str) -> int:
    try:
        return proto_number(int(text) if text.isdecimal() else text)
    except PacketError as err:
        raise ValueError(str(err)) from None


def _port_span(text: str, proto: int) -> tuple[int, int]:
    """PORT or FROM-TO; a name with a dash in it stands in brackets."""
    first, dash, last = text.partition("-") if not text.startswith("[") else (text[1:-1], "", "")
    ends = [port(name, proto_text(proto)) for name in (first, last if dash else first)]
    return min(ends), max(ends)


def _ports_within(head: Head, word: str) -> Iterator[int]:
    low, high = _port_span(word.rpartition(":")[2], TCP)
    first, last = head.options["range"]
    if low < first or high > last:
        raise ValueError("this is out of the set's range")
    return iter(range(low, high + 1))


def _icmp_names(family: int) -> Mapping[str, tuple[int, int, int]]:
    from fwsim.language.ext import icmp, icmp6

    return icmp.TYPE.names if family == 4 else icmp6.TYPE.names


def _icmp(text: str, family: int) -> int:
    """type << 8 | code"""
    kind, slash, code = text.partition("/")
    if slash:
        return number(kind, 0, 255) << 8 | number(code, 0, 255)
    names = _icmp_names(family)
    if text not in names:
        raise ValueError("expected an ICMP type by name, or TYPE/CODE")
    found, first, last = names[text]
    return found << 8 | (first if first == last else 0)


def mac(text: str) -> int:
    """A MAC address as an integer."""
    parts = text.split(":")
    try:
        octets = bytes(int(part, 16) for part in parts)
    except ValueError:
        octets = b""
    if len(octets) != 6 or not any(octets):
        raise ValueError("expected a MAC address such as 02:00:00:00:00:01")
    return int.from_bytes(octets, "big")


def _iface(text: str, wildcard: bool) -> Iface:
    name = text.removeprefix("physdev:")
    if not 1 <= len(name.encode("utf-8", "surrogateescape")) <= _IFNAME:
        raise ValueError(f"expected an interface's name of 1 to {_IFNAME} bytes")
    return Iface(name, name != text, wildcard)


# -- back to words --------------------------------------------------------------------------------


def element_text(head: Head, element: Element) -> str:
    """An element as `ipset save` writes it."""
    parts = zip(head.kind.parts, element, strict=True)
    return ",".join(_text(head, part, value) for part, value in parts if value is not None)


def _text(head: Head, part: str, value: Any) -> str:
    bits = bits_of(head.family or 4)
    match part:
        case "ip":
            return address_text(value, bits)
        case "net":
            base = address_text(value[0], bits)
            return base if value[1] == bits else f"{base}/{value[1]}"
        case "port":
            return str(value) if head.kind.is_bitmap else _port_text(value, head.family)
        case "mac":
            return ":".join(f"{octet:02X}" for octet in value.to_bytes(6, "big"))
        case "iface":
            return f"{'physdev:' if value.physdev else ''}{value.name}"
        case "mark":
            return f"0x{value:08x}"
        case _:
            return str(value)


def _port_text(pair: tuple[int, int], family: int) -> str:
    proto, value = pair
    name = PROTOCOL_NAMES.get(proto, str(proto))
    if proto not in (ICMP, ICMP6):
        return f"{name}:{value}"
    kind, code = value >> 8, value & 0xFF
    names = _icmp_names(family).items()
    exact = (n for n, span in names if span == (kind, code, code))
    any_code = (n for n, span in names if span[:2] == (kind, 0) and not code)
    return f"{name}:{next(exact, None) or next(any_code, None) or f'{kind}/{code}'}"
