"""How the values of each type of option are spelled by iptables-save, as regular expressions.

`spellings` gives the forms of a type. A word that one of them matches in full reads to a value
whatever stands around it, is written back as it stands, and no other such word reads to the same
value. What has several forms is taken apart by them, so that one form stands for one shape of
line. A type of an extension's own has them by a method `spellings(family)`; a type without any
is one whose words are compared as they stand. That all this is true is tested on random words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fwsim.language.types import AddressMask, Interface, Masked, Ports, Text, Type, UInt

_OCTET = "(?:25[0-5]|(?:2[0-4]|1[0-9]|[1-9]|)[0-9])"
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
ADDRESS = {
    4: rf"{_OCTET}(?:\.{_OCTET}){{3}}",
    # Without a group that is 0, a :: can only stand for the one run of zeros. One that begins so
    # may be written with an IPv4 address at its end.
    6: rf"(?:(?!(?:[0-9a-f]*:){{7}}){_GROUP}(?::{_GROUP})*::(?:{_GROUP}(?::{_GROUP})*)?"
    rf"|{_GROUP}(?::{_GROUP}){{7}})",
}


def _network(length: int) -> str:
    """An IPv4 network of that length, longer than /8, as iptables-save writes it."""
    whole, bits = divmod(length - 1, 8)
    last = "|".join(str(octet) for octet in range(0, 256, 256 >> bits + 1))
    return rf"(?:{_OCTET}\.){{{whole}}}(?:{last})(?:\.0){{{3 - whole}}}/{length}"


_NETWORKS = {
    4: (
        rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.0/24", rf"{_OCTET}\.{_OCTET}\.0\.0/16",
        *map(_network, (25, 26, 27, 28, 29, 30, 23, 22, 21, 20, 19, 18, 17)),
    ),
    6: (rf"(?:{_GROUP}:){{1,4}}:/64",),
}  # fmt: skip
PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|0)"  # up to 64999
_PLAIN = "[A-Za-z0-9_-]"


def spellings(kind: Type, family: int) -> tuple[str, ...]:
    """The forms of a type's words in a dump of that family, quotes included."""
    known = _SPELLINGS.get(type(kind))
    if known is not None:
        return known(kind, family)
    own = getattr(kind, "spellings", None)
    return own(family) if own else ()


def _numbers(kind: UInt, family: int) -> tuple[str, ...]:
    """Those with fewer digits than the largest, so that all are small enough."""
    text = f"{kind.high:x}" if kind.hexadecimal else str(kind.high)
    if kind.low > 1 or len(text) < 2:
        return ()
    zero = "|0" if kind.low == 0 else ""
    digits, prefix = ("0-9a-f", "0x") if kind.hexadecimal else ("0-9", "")
    return (f"{prefix}(?:[1-{digits[2:]}][{digits}]{{0,{len(text) - 2}}}{zero})",)


def _texts(kind: Text, family: int) -> tuple[str, ...]:
    if kind.shortest > 1:
        return ()
    most = f"{{1,{kind.longest}}}"
    if kind.bare:
        return (_PLAIN + most,)
    return (f'"(?={_PLAIN}*[^A-Za-z0-9_"-])[ !#-&(-\\[\\]-~]{most}"', _PLAIN + most)


_NAME = "[A-Za-z0-9_.:@-]{1,14}"
_HEX = "0x(?:[1-9a-f][0-9a-f]{0,7}|0)"
_SPELLINGS: dict[type, Callable[[Any, int], tuple[str, ...]]] = {
    AddressMask: lambda _, family: (
        f"{ADDRESS[family]}/{32 if family == 4 else 128}",
        *_NETWORKS[family],
    ),
    Interface: lambda _, family: (_NAME, rf"{_NAME}\+"),
    Masked: lambda _, family: (f"{_HEX}/(?!0xffffffff){_HEX}", _HEX),
    Ports: lambda _, family: (PORT,),
    Text: _texts,
    UInt: _numbers,
}
