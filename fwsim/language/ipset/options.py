"""The options of `create` and of `add` from words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fwsim.language.ipset.elements import span_of
from fwsim.language.ipset.kinds import FLAGS, Kind
from fwsim.language.ipset.model import Element, Entry, Head
from fwsim.language.values import address, address_mask, bits_of, number, port, prefix_length

LONGEST = 2147483  # seconds that an element may stay
_MARK = re.compile(r"0x([0-9a-fA-F]{1,8})(?:/0x([0-9a-fA-F]{1,8}))?")
_PRIORITY = re.compile(r"([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})")
_BITMAP = 1 << 16  # elements that a bitmap holds at most


def flag_or_value(kind: Kind, name: str) -> bool:
    """Whether a value stands behind this option of `create`; ValueError if the type has none of
    that name."""
    if name not in kind.options:
        raise ValueError(f"{kind.name} is created with {', '.join(kind.options)}")
    return name not in FLAGS


def create_value(kind: Kind, name: str, word: str, family: int) -> Any:
    """The value of one option of `create`."""
    match name:
        case "range":
            return _range(kind, word)
        case "netmask":
            length = prefix_length(address_mask(word, family), bits_of(family))
            if not length:
                raise ValueError("expected a prefix length above 0")
            return length
        case "bitmask":
            return address(word, family)
        case "timeout":
            return number(word, 0, LONGEST)
        case "bucketsize":
            return number(word, 0, 255)
        case _:
            return number(word)


def _range(kind: Kind, word: str) -> tuple[int, int]:
    if kind.name == "bitmap:port":
        first, dash, last = word.partition("-")
        ends = [port(name, "tcp") for name in (first, last if dash else first)]
        return min(ends), max(ends)
    if "/" not in word and "-" not in word:
        raise ValueError("expected FROM-TO or NETWORK/LENGTH")
    return span_of(word, 4)


def settled(kind: Kind, family: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with what the kernel puts where nothing was given; ValueError where it wants
    more."""
    found = dict(options)
    if kind.is_bitmap and "range" not in found:
        raise ValueError(f"{kind.name} needs a range")
    if "netmask" in found and "bitmask" in found:
        raise ValueError("netmask and bitmask exclude each other")
    if kind.is_bitmap:
        low, high = found["range"]
        step = 1 << (32 - found["netmask"]) if "netmask" in found else 1
        if (high - low + 1) // step > _BITMAP:
            raise ValueError(f"a bitmap holds {_BITMAP} elements at most")
    if "size" in kind.options:
        found["size"] = max(found.get("size", 8), 4)
    if "hashsize" in kind.options:
        found["hashsize"] = max(1 << (found.get("hashsize", 1024) - 1).bit_length(), 64)
        found.setdefault("maxelem", 65536)
    return found


def _mark(word: str) -> tuple[int, int]:
    found = _MARK.fullmatch(word)
    if found is None:
        raise ValueError("expected a mark such as 0x1 or 0x1/0xff")
    return int(found[1], 16), int(found[2] or "ffffffff", 16)


def _priority(word: str) -> int:
    found = _PRIORITY.fullmatch(word)
    if found is None:
        raise ValueError("expected MAJOR:MINOR, such as 1:10")
    return int(found[1], 16) << 16 | int(found[2], 16)


_COUNT = (1 << 64) - 2
ENTRY: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "timeout": ("timeout", lambda word: number(word, 0, LONGEST)),
    "packets": ("packets", lambda word: number(word, 0, _COUNT)),
    "bytes": ("octets", lambda word: number(word, 0, _COUNT)),
    "comment": ("comment", str),
    "skbmark": ("mark", _mark),
    "skbprio": ("priority", _priority),
    "skbqueue": ("queue", lambda word: number(word, 0, 0xFFFF)),
}
"""Options of `add` with a value: the Entry's field, and how the word is read."""
NEEDS = {"timeout": "timeout", "packets": "counters", "bytes": "counters", "comment": "comment",
         "skbmark": "skbinfo", "skbprio": "skbinfo", "skbqueue": "skbinfo"}  # fmt: skip
"""What a set must be created with for each of them."""


def timed(entry: Entry, default: int | None, given: bool) -> Entry:
    """The entry with the seconds that it stays: its own, or else the set's."""
    seconds = entry.timeout if given else default
    return entry._replace(timeout=float(seconds) if seconds else None)


Held = tuple[Element, Entry]


def in_place_of(old: Held, new: Held, head: Head, given: Collection[str]) -> Held:
    """What comes of one that is added where another stands. It stays as it is, but for a MAC that
    it learns, with which the time begins that was kept for then, and counters stay that were not
    given."""
    (before, had), (element, entry) = old, new
    if "packets" not in given:
        entry = entry._replace(packets=had.packets)
    if "bytes" not in given:
        entry = entry._replace(octets=had.octets)
    learns = head.kind.name == "bitmap:ip,mac" and element[-1] is not None
    if learns and before[-1] is None and entry.timeout == head.timeout:
        entry = entry._replace(timeout=had.timeout)
    return (element if learns else before), entry
