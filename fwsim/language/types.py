"""The types that options give to words, each with its two directions.

As libxtables' option types (include/xtables.h, XTTYPE_*): a type reads the words of one option into
a value and writes the value back as iptables-save does. `read` raises ValueError with what was
expected; the reader adds the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from fwsim.model.names import TCP_FLAGS, address_text, address_value, family_of


class Type(Protocol):
    """How an option's words become a value and how the value is written."""

    @property
    def arity(self) -> int:
        """How many words the option takes."""
        ...

    def read(self, words: list[str], family: int) -> Any:
        """The value of these words; ValueError saying what was expected."""
        ...

    def write(self, value: Any, family: int) -> str:
        """The value as iptables-save writes it."""
        ...


class Flag(NamedTuple):
    """An option without a value."""

    arity: int = 0

    def read(self, words: list[str], family: int) -> bool:
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

    def read(self, words: list[str], family: int) -> int:
        """A number within bounds."""
        value = number(words[0])
        if not self.low <= value <= self.high:
            raise ValueError(f"expected a number from {self.low} to {self.high}")
        return value

    def write(self, value: int, family: int) -> str:
        """Decimal, or hexadecimal if so declared."""
        return hex(value) if self.hexadecimal else str(value)


class Masked(NamedTuple):
    """value or value/mask, 32 bits; a full mask is not written."""

    arity: int = 1

    def read(self, words: list[str], family: int) -> tuple[int, int]:
        """(value, mask)"""
        value, slash, mask = words[0].partition("/")
        pair = (number(value), number(mask) if slash else 0xFFFFFFFF)
        if max(pair) > 0xFFFFFFFF:
            raise ValueError("expected a 32-bit value, or value/mask, such as 0x1/0xff")
        return pair

    def write(self, value: tuple[int, int], family: int) -> str:
        """0x1, or 0x1/0xff"""
        return hex(value[0]) + ("" if value[1] == 0xFFFFFFFF else f"/{value[1]:#x}")


class Port(NamedTuple):
    """A port or a range FIRST:LAST with either end left out; always a pair."""

    arity: int = 1

    def read(self, words: list[str], family: int) -> tuple[int, int]:
        """(first, last)"""
        first, colon, last = words[0].partition(":")
        low = port(first) if first or not colon else 0
        high = (port(last) if last else 65535) if colon else low
        if low > high:
            raise ValueError(f"the range ends before it begins; write {last}:{first}")
        return low, high

    def write(self, value: tuple[int, int], family: int) -> str:
        """80, or 8000:8010"""
        return str(value[0]) if value[0] == value[1] else f"{value[0]}:{value[1]}"


class PortList(NamedTuple):
    """Up to fifteen ports, a range counting as two, separated by commas (xt_multiport.h)."""

    arity: int = 1

    def read(self, words: list[str], family: int) -> tuple[tuple[int, int], ...]:
        """Spans in the order written."""
        spans = tuple(Port().read([part], family) for part in words[0].split(","))
        if sum(2 if ":" in part else 1 for part in words[0].split(",")) > 15:
            raise ValueError("expected at most 15 ports, where a range counts as two")
        return spans

    def write(self, value: tuple[tuple[int, int], ...], family: int) -> str:
        """80,443,8000:8010"""
        return ",".join(Port().write(span, family) for span in value)


class Names(NamedTuple):
    """One or several names of a fixed set, separated by commas, written in the set's order.

    `table` maps each name to its bit; several bits become their union."""

    table: Mapping[str, int]
    many: bool = True
    arity: int = 1

    def read(self, words: list[str], family: int) -> int:
        """The union of the names' bits."""
        value = 0
        for name in words[0].split(",") if self.many else words:
            if name.upper() not in self.table:
                raise ValueError(f"expected {' or '.join(self.table)}")
            value |= self.table[name.upper()]
        return value

    def write(self, value: int, family: int) -> str:
        """Names joined by commas."""
        return ",".join(name for name, bit in self.table.items() if value & bit)


class Text(NamedTuple):
    """A text of at most `longest` bytes, quoted as xtables_save_string quotes."""

    longest: int = 255
    arity: int = 1

    def read(self, words: list[str], family: int) -> str:
        """The text itself."""
        if len(words[0].encode("utf-8", "surrogateescape")) > self.longest:
            raise ValueError(f"expected at most {self.longest} bytes")
        return words[0]

    def write(self, value: str, family: int) -> str:
        """Bare where only letters, digits, - and _ stand in it, else quoted."""
        return quoted(value)


class Interface(NamedTuple):
    """An interface's name, at most 15 bytes; a last + stands for any ending."""

    arity: int = 1

    def read(self, words: list[str], family: int) -> str:
        """The name as written."""
        name = words[0]
        if not name or len(name.encode("utf-8", "surrogateescape")) > 15:
            raise ValueError("expected an interface name of 1 to 15 bytes")
        return name

    def write(self, value: str, family: int) -> str:
        """The name as written."""
        return value


class TcpFlags(NamedTuple):
    """Two words: the flags to look at, and those of them that must be set."""

    arity: int = 2

    def read(self, words: list[str], family: int) -> tuple[int, int]:
        """(mask, set)"""
        return self._one(words[0]), self._one(words[1])

    @staticmethod
    def _one(word: str) -> int:
        known = {**{name: bit for name, bit in TCP_FLAGS.items() if bit < 0x40}, "ALL": 0x3F, "NONE": 0}
        value = 0
        for name in word.split(","):
            if name.upper() not in known:
                raise ValueError(f"expected flags out of {', '.join(known)}")
            value |= known[name.upper()]
        return value

    def write(self, value: tuple[int, int], family: int) -> str:
        """FIN,SYN,RST,ACK SYN"""
        return " ".join(
            ",".join(n for n, bit in TCP_FLAGS.items() if part & bit) or "NONE" for part in value
        )


class AddressRange(NamedTuple):
    """An address, or FIRST-LAST; always a pair of integers."""

    arity: int = 1

    def read(self, words: list[str], family: int) -> tuple[int, int]:
        """(first, last)"""
        first, dash, last = words[0].partition("-")
        low = address(first, family)
        high = address(last, family) if dash else low
        if low > high:
            raise ValueError(f"the range ends before it begins; write {last}-{first}")
        return low, high

    def write(self, value: tuple[int, int], family: int) -> str:
        """10.0.0.1, or 10.0.0.1-10.0.0.9"""
        bits = 32 if family == 4 else 128
        return "-".join(address_text(v, bits) for v in dict.fromkeys(value))


class AddressMask(NamedTuple):
    """ADDRESS, ADDRESS/LENGTH or ADDRESS/MASK; a pair (address & mask, mask)."""

    arity: int = 1

    def read(self, words: list[str], family: int) -> tuple[int, int]:
        """(address, mask), the address without the bits that the mask leaves out"""
        text, slash, mask_text = words[0].partition("/")
        mask = address_mask(mask_text, family) if slash else (1 << bits_of(family)) - 1
        return address(text, family, short=True) & mask, mask

    def write(self, value: tuple[int, int], family: int) -> str:
        """172.18.0.0/16"""
        bits = bits_of(family)
        return f"{address_text(value[0], bits)}/{mask_text(value[1], bits)}"


def bits_of(family: int) -> int:
    """How wide an address of that family is."""
    return 32 if family == 4 else 128


def number(text: str) -> int:
    """A number as strtoul with base 0 reads it. ValueError saying what was expected."""
    try:
        if len(text) > 1 and text[0] == "0" and text.isdecimal():
            return int(text, 8)
        if not text[:1].isdecimal() or "_" in text or not text.isascii():
            raise ValueError
        return int(text, 0)
    except ValueError:
        raise ValueError("expected a number, such as 1 or 0x1") from None


def port(text: str) -> int:
    """A port by number or service name. ValueError saying what was expected."""
    if text.isascii() and text.isdecimal():
        if int(text) > 65535:
            raise ValueError("expected a port from 0 to 65535")
        return int(text)
    from socket import getservbyname

    try:
        return getservbyname(text)
    except (OSError, UnicodeError):
        raise ValueError("expected a port from 0 to 65535, or a service name such as ssh") from None


def address(text: str, family: int, short: bool = False) -> int:
    """An address of the family; with `short`, `10.1` means 10.1.0.0 as iptables reads networks."""
    other = family_of(text)
    if other not in (None, family):
        raise ValueError(f"this is an IPv{other} address in IPv{family} rules")
    if short and family == 4 and other is None and text.replace(".", "").isdecimal():
        text = ".".join([*text.split("."), "0", "0", "0"][:4])
    try:
        return address_value(text, family)
    except ValueError:
        kind = "172.18.0.3" if family == 4 else "fd00::3"
        raise ValueError(
            f"expected an IPv{family} address such as {kind}; fwsim resolves no host names"
        ) from None


def address_mask(text: str, family: int) -> int:
    """A mask by its length or written as an address."""
    bits = bits_of(family)
    if text.isascii() and text.isdecimal():
        if int(text) > bits:
            raise ValueError(f"expected a prefix length from 0 to {bits}")
        return (1 << bits) - (1 << (bits - int(text)))
    return address(text, family)


def mask_text(mask: int, bits: int) -> str:
    """A mask as its length where it is a prefix, else as an address."""
    host = (1 << bits) - 1 - mask
    return str(bits - host.bit_length()) if host & (host + 1) == 0 else address_text(mask, bits)


_BARE = frozenset("_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def quoted(text: str) -> str:
    """As xtables_save_string writes: bare if plain, else in double quotes, with escapes."""
    if text and set(text) <= _BARE:
        return text
    return '"' + "".join(f"\\{c}" if c in "\"\\'" else c for c in text) + '"'
