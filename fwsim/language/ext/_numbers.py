"""Numbers as C's own functions read them, where iptables uses those: the beginning of a text that
is one."""

import re

_INTEGER = re.compile(r"[ \t-\r]*([+-]?[0-9]+)")
_DECIMAL = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_HEXADECIMAL = r"0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
_FLOAT = re.compile(rf"[ \t-\r]*([+-]?(?:({_HEXADECIMAL})|{_DECIMAL}))")


def c_integer(text: str, bits: int) -> int:
    """What atoi (32 bits) and atoll (64) make of a text; 0 where no number begins it."""
    found = _INTEGER.match(text)
    value = min(max(int(found[1]), -(1 << 63)), (1 << 63) - 1) if found else 0
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def c_double(text: str) -> tuple[float, str]:
    """What strtod makes of a text, and what is left of it. ValueError where no number begins it."""
    found = _FLOAT.match(text)
    if found is None:
        raise ValueError("expected a number, such as 0.5")
    value = float.fromhex(found[1]) if found[2] else float(found[1])
    return value, text[found.end() :]
