"""The types that options give to words, each with its two directions.

As libxtables' option types (include/xtables.h, XTTYPE_*): a type reads the words of one option into
a value and writes the value back as iptables-save does. `read` raises ValueError with what was
expected; the reader adds the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fwsim.language.context import Context as Context
from fwsim.language.context import Kin as Kin
from fwsim.language.context import Type as Type
from fwsim.language.values import (
    address_mask,
    bits_of,
    host,
    mask_text,
    network,
    number,
    port,
    prefix_mask,
    protocol,
    quoted,
    resolved_port,
)
from fwsim.model.names import address_text
from fwsim.model.tuples import NamedTuple


class Flag(NamedTuple):
    """An option without a value."""

    arity: int = 0

    def read(self, words: list[str], context: Context) -> bool:
        """Always True: it was given."""
        return True

    def write(self, value: bool, family: int) -> str:
        """Nothing stands behind a flag."""
        return ""


class UInt(NamedTuple):
    """A number from `low` to `high`, in any base that C reads (0x… and 0… too)."""

    low: int = 0
    high: int = 0xFFFFFFFF
    hexadecimal: bool = False
    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """A number within bounds."""
        return number(words[0], self.low, self.high)

    def write(self, value: int, family: int) -> str:
        """Decimal, or hexadecimal if so declared."""
        return hex(value) if self.hexadecimal else str(value)


class UIntRange(NamedTuple):
    """A number or a range FIRST:LAST with either end left out; always a pair (XTTYPE_UINT*RC)."""

    high: int = 0xFFFFFFFF
    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(first, last); nothing keeps the last from being smaller."""
        first, colon, last = words[0].partition(":")
        low = number(first, 0, self.high) if first else 0
        if not colon:
            return low, low
        return low, number(last, 0, self.high) if last else self.high

    def write(self, value: tuple[int, int], family: int) -> str:
        """5, or 5:9"""
        return ":".join(map(str, dict.fromkeys(value)))


class Masked(NamedTuple):
    """value or value/mask, 32 bits; a full mask is not written."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(value, mask)"""
        value, slash, mask = words[0].partition("/")
        return number(value), number(mask) if slash else 0xFFFFFFFF

    def write(self, value: tuple[int, int], family: int) -> str:
        """0x1, or 0x1/0xff"""
        return hex(value[0]) + ("" if value[1] == 0xFFFFFFFF else f"/{value[1]:#x}")


class Ports(NamedTuple):
    """A port or a range FIRST:LAST with either end left out; always a pair. As libxt_tcp reads it
    (`service` is whose names it takes), or with `resolved` as XTTYPE_PORTRC does."""

    resolved: bool = False
    service: str = "tcp"
    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(first, last)"""
        first, colon, last = words[0].partition(":")
        low = self._one(first, 0 if colon or self.resolved else None)
        high = self._one(last, 65535) if colon else low
        if low > high and not self.resolved:
            raise ValueError(f"the range ends before it begins; write {last}:{first}")
        return low, high

    def _one(self, text: str, default: int | None) -> int:
        if not text and default is not None:
            return default
        return resolved_port(text) if self.resolved else port(text, self.service)

    def write(self, value: tuple[int, int], family: int) -> str:
        """80, or 8000:8010"""
        return ":".join(map(str, dict.fromkeys(value)))


class Names(NamedTuple):
    """Names of a fixed set, in any case, cut short if you like, separated by commas.

    `table` maps each name to its bits; several names become their union. They are written in the
    table's order; a name without bits stands for the empty union."""

    table: Mapping[str, int]
    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The union of the names' bits."""
        value = 0
        for word in words[0].split(","):
            value |= self.table[begun(word, self.table)]
        return value

    def write(self, value: int, family: int) -> str:
        """Names joined by commas."""
        return ",".join(name for name, bits in self.table.items() if value & bits or value == bits)


class OneOf(NamedTuple):
    """One of these words, in full; with `fold` in any case, and written as it is here."""

    words: tuple[str, ...]
    fold: bool = False
    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The word."""
        for word in self.words:
            if word == words[0] or (self.fold and word.lower() == words[0].lower()):
                return word
        raise ValueError(f"expected {' or '.join(self.words)}")

    def write(self, value: str, family: int) -> str:
        """The word."""
        return value


def begun(word: str, names: Mapping[str, Any]) -> str:
    """The first of the names that begins so, whatever the case (strncasecmp)."""
    for name in names if word else ():
        if name.lower().startswith(word.lower()):
            return name
    raise ValueError(f"expected {' or '.join(names)}")


class Text(NamedTuple):
    """A text, cut to `longest` bytes where it is longer (XTTYPE_STRING with XTOPT_PUT). `bare`: it
    is written without quotes, whatever stands in it."""

    longest: int = 255
    shortest: int = 0
    bare: bool = False
    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The text itself."""
        raw = words[0].encode("utf-8", "surrogateescape")
        if len(raw) < self.shortest:
            raise ValueError(f"expected a text of at least {self.shortest} byte")
        return raw[: self.longest].decode("utf-8", "surrogateescape")

    def write(self, value: str, family: int) -> str:
        """Bare where only letters, digits, - and _ stand in it, else quoted."""
        return value if self.bare else quoted(value)


class Interface(NamedTuple):
    """An interface's name, at most 15 bytes; a last + stands for any ending. Where it may be
    `empty`, that is any name."""

    empty: bool = False
    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The name as written."""
        name = words[0]
        if not (name or self.empty) or len(name.encode("utf-8", "surrogateescape")) > 15:
            raise ValueError("expected an interface name of 1 to 15 bytes")
        return name

    def write(self, value: str, family: int) -> str:
        """The name as written."""
        return value


class AddressMask(NamedTuple):
    """What -s and -d take: ADDRESS, ADDRESS/LENGTH or ADDRESS/MASK; (address & mask, mask)."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(address, mask), the address without the bits that the mask leaves out"""
        text, slash, mask_word = words[0].rpartition("/")
        if not slash:
            return network(words[0], context.family), (1 << bits_of(context.family)) - 1
        try:
            mask = address_mask(mask_word, context.family)
        except ValueError:
            network(text, context.family)  # if both are wrong, the address is what to tell
            raise
        return network(text, context.family) & mask if mask else 0, mask

    def write(self, value: tuple[int, int], family: int) -> str:
        """172.18.0.0/16"""
        bits = bits_of(family)
        return f"{address_text(value[0], bits)}/{mask_text(value[1], bits)}"


class HostMask(NamedTuple):
    """XTTYPE_HOSTMASK: as AddressMask, but the address keeps its bits, and a mask that is no
    prefix counts as a full one; a full mask is not written."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(address, mask)"""
        text, slash, mask = words[0].partition("/")
        full = (1 << bits_of(context.family)) - 1
        return host(text, context.family), prefix_mask(mask, context.family) if slash else full

    def write(self, value: tuple[int, int], family: int) -> str:
        """172.18.0.3/16"""
        bits = bits_of(family)
        mask = mask_text(value[1], bits)
        return address_text(value[0], bits) + ("" if mask == str(bits) else f"/{mask}")


class PrefixMask(NamedTuple):
    """XTTYPE_PLENMASK: a mask by its length or written as an address; one that is no prefix counts
    as a full one. Written as its length."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The mask."""
        return prefix_mask(words[0], context.family)

    def write(self, value: int, family: int) -> str:
        """24"""
        return mask_text(value, bits_of(family))


class Host(NamedTuple):
    """XTTYPE_HOST: one address, as getaddrinfo takes it."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The address."""
        return host(words[0], context.family)

    def write(self, value: int, family: int) -> str:
        """172.18.0.3"""
        return address_text(value, bits_of(family))


class ProtocolNumber(NamedTuple):
    """A protocol by name or number (XTTYPE_PROTOCOL), written as its number."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Its number, 0 to 255."""
        return protocol(words[0])

    def write(self, value: int, family: int) -> str:
        """6"""
        return str(value)
