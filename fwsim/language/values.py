"""Single words into values and back: numbers, ports, addresses, masks, protocols, quoted text.

As libxtables reads and prints them (libxtables/xtables.c, xtoptions.c), its corners included. Every
reader raises ValueError saying what was expected. Host names are not resolved: a ruleset must not
mean something else tomorrow.
"""

from __future__ import annotations

import re
from contextlib import suppress

from fwsim.model.errors import PacketError
from fwsim.model.names import address_text, address_value, family_of
from fwsim.model.packet import proto_number

_DECIMAL = re.compile(r"[ \t-\r]*\+?([0-9]+)")
_NUMBER = re.compile(r"[ \t-\r]*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")


def bits_of(family: int) -> int:
    """How wide an address of that family is."""
    return 32 if family == 4 else 128


def number(text: str, low: int = 0, high: int = 0xFFFFFFFF) -> int:
    """A number as strtoul with base 0 reads it (0x10, 010; blanks and a + may stand before it),
    from `low` to `high`."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError("expected a number, such as 1 or 0x1")
    digits = found[1]
    value = int(digits, 8 if digits[0] == "0" and digits.isdecimal() else 0)
    if not low <= value <= high:
        raise ValueError(f"expected a number from {low} to {high}")
    return value


def port(text: str, service_of: str | None = None) -> int:
    """A port by number or by the name of a service (of that protocol, if one is given), as
    xtables_parse_port reads it."""
    try:
        return number(text, 0, 65535)
    except ValueError:
        return _service(text, service_of)


def resolved_port(text: str) -> int:
    """A port as getaddrinfo reads it, which XTTYPE_PORT and XTTYPE_PORTRC use: always decimal,
    and a number past 65535 quietly loses its higher bits (a C int that turns negative is none)."""
    if found := _DECIMAL.fullmatch(text):
        value = int(found[1]) & 0xFFFFFFFF if len(found[1]) < 20 else 0xFFFFFFFF
        if value < 0x80000000:
            return value & 0xFFFF
    return _service(text, None)


def _service(text: str, protocol: str | None) -> int:
    from socket import getservbyname

    try:
        return getservbyname(text, protocol) if protocol else getservbyname(text)
    except (OSError, UnicodeError, ValueError):
        known = "expected a port from 0 to 65535, or a service such as ssh"
        if "," in text or re.fullmatch("[0-9]+-[0-9]+", text):
            known += "; several are for -m multiport --dports, a range is FIRST:LAST"
        raise ValueError(known) from None


def service_text(value: int, protocol: str) -> str:
    """The port's service name, as listings without -n show it; its number if it has none."""
    from socket import getservbyport

    try:
        return getservbyport(value, protocol)
    except OSError:
        return str(value)


def protocol(text: str) -> int:
    """A protocol by number or name; `all` is 0."""
    try:
        return number(text, 0, 255)
    except ValueError:
        pass
    try:
        return 0 if text.lower() == "all" else proto_number(_PROTOCOL_ALIASES.get(text, text))
    except PacketError as err:
        raise ValueError(str(err)) from None


_PROTOCOL_ALIASES = {"mh": "mobility-header", "ipv6-mh": "mobility-header"}


def address(text: str, family: int) -> int:
    """An address in its standard form."""
    try:
        return address_value(text, family)
    except ValueError:
        raise _no_address(text, family) from None


def network(text: str, family: int) -> int:
    """An address as -s and -d take it: `10.1` is 10.1.0.0, its bytes are numbers in any base."""
    parts = text.split(".")
    if family == 6 or len(parts) > 4 or ":" in text:
        return _mapped(text, family)
    try:
        octets = [number(part, 0, 255) for part in parts]
    except ValueError:
        raise _no_address(text, family) from None
    return int.from_bytes(bytes([*octets, 0, 0, 0][:4]), "big")


def host(text: str, family: int) -> int:
    """An address as getaddrinfo takes it: in IPv4 `10.1` is 10.0.0.1."""
    if family == 6:
        return address(text, family)
    try:
        return address_value(text, family)  # what is usual takes no import
    except ValueError:
        pass
    from socket import inet_aton

    try:
        return int.from_bytes(inet_aton(text), "big")
    except (OSError, UnicodeError):
        return _mapped(text, family)


def _mapped(text: str, family: int) -> int:
    """An address; in IPv4 also one that IPv6 holds, `::ffff:10.0.0.1`, as getaddrinfo takes it."""
    if family == 4 and ":" in text:
        with suppress(ValueError):
            value = address_value(text, 6)
            if value >> 32 == 0xFFFF:
                return value & 0xFFFFFFFF
    return address(text, family)


def _no_address(text: str, family: int) -> ValueError:
    other = family_of(text)
    if other not in (None, family):
        return ValueError(f"this is an IPv{other} address in IPv{family} rules")
    kind = "172.18.0.3" if family == 4 else "fd00::3"
    return ValueError(f"expected an IPv{family} address such as {kind}; no name is resolved")


def address_mask(text: str, family: int) -> int:
    """A mask by its length or written as an address."""
    bits = bits_of(family)
    if "." in text or ":" in text:
        return address(text, family)
    try:
        length = number(text, 0, bits)
    except ValueError:
        raise ValueError(f"expected a prefix length from 0 to {bits} behind the /") from None
    return (1 << bits) - (1 << (bits - length))


def prefix_mask(text: str, family: int) -> int:
    """A mask as libxtables reads those of prefixes: by its length or written as an address; one
    that is no prefix becomes the full mask."""
    bits = bits_of(family)
    try:
        mask = address_mask(text, family)
    except ValueError:
        mask = host(text, family)
    return (1 << bits) - 1 if prefix_length(mask, bits) is None else mask


def prefix_length(mask: int, bits: int) -> int | None:
    """The length of the prefix that a mask stands for; None if it is no prefix."""
    free = (1 << bits) - 1 - mask
    return bits - free.bit_length() if free & (free + 1) == 0 else None


def mask_text(mask: int, bits: int) -> str:
    """A mask as its length where it is a prefix, else as an address."""
    length = prefix_length(mask, bits)
    return str(length) if length is not None else address_text(mask, bits)


_BARE = frozenset("_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def quoted(text: str) -> str:
    """As xtables_save_string writes: bare if plain, else in double quotes, with escapes."""
    if text and set(text) <= _BARE:
        return text
    return '"' + "".join(f"\\{c}" if c in "\"\\'" else c for c in text) + '"'


def unquoted(text: str) -> str:
    """What `quoted` made of a text, back."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
