"""What MARK and CONNMARK share: five spellings of one assignment of bits."""

from fwsim.language.options import Option, Shown
from fwsim.language.types import Masked, UInt

FULL = 0xFFFFFFFF
SET_OPTIONS = (
    Option("set-xmark", Masked(), choice="mark"),
    Option("set-mark", Masked(), choice="mark"),
    Option("and-mark", UInt(hexadecimal=True), choice="mark"),
    Option("or-mark", UInt(hexadecimal=True), choice="mark"),
    Option("xor-mark", UInt(hexadecimal=True), choice="mark"),
)
SHOWN = (
    Shown("set-xmark", "x?set "),
    *(Shown(f"{name}-mark", f"{name} ") for name in ("and", "or", "xor")),
)
SPELLINGS = frozenset(option.name for option in SET_OPTIONS)


def assignment(name: str, given: int | tuple[int, int]) -> tuple[int, int]:
    """(clear, flip): the bits to take away, then those to turn over."""
    value, mask = given if isinstance(given, tuple) else (given, FULL)
    return {
        "set-xmark": (mask, value),
        "set-mark": (mask | value, value),
        "and-mark": (~value & FULL, 0),
        "or-mark": (value, value),
        "xor-mark": (0, value),
    }[name]


def list_assignment(clear: int, flip: int) -> str:
    """As iptables -L tells them apart: `and 0xff`, `or 0x4`, `xor`, `set`, `xset 0x1/0xff`."""
    if flip == 0:
        return f"and {~clear & FULL:#x}"
    if clear == flip:
        return f"or {flip:#x}"
    if clear == 0:
        return f"xor {flip:#x}"
    return f"set {flip:#x}" if clear == FULL else f"xset {flip:#x}/{clear:#x}"
