"""The words of rateest and RATEEST: rates of bytes and packets, and times, with their units.

Text: libxt_rateest.c (rateest_get_rate), libxt_RATEEST.c (RATEEST_get_time).
"""

from collections.abc import Mapping

from fwsim.language.ext._numbers import c_double
from fwsim.language.options import Context
from fwsim.language.types import Type, UInt
from fwsim.model.tuples import NamedTuple

SECOND = 1_000_000
_PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BITS = {f"{p}bit": n for p, n in _PREFIXES.items()} | {
    f"{p}ibit": 1024**n for n, p in enumerate("kmgt", 1)
}
_UNITS = {**_BITS, **{u.replace("bit", "bps"): 8 * n for u, n in _BITS.items()}}
_TIMES = {"s": 10**6, "sec": 10**6, "secs": 10**6, "ms": 1000, "msec": 1000, "msecs": 1000,
          "us": 1, "usec": 1, "usecs": 1, "": 1}  # fmt: skip


class Octets(NamedTuple):
    """A rate in bits a second, or in bit, kbit, Mibit, Bps, KBps … ; may be left out."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Bytes a second."""
        value, unit = c_double(words[0]) if words else (0.0, "")
        if (unit or "bit").lower() not in _UNITS or value < 0:
            raise ValueError("expected a rate, such as 8kbit or 1KBps")
        return int(value * _UNITS[(unit or "bit").lower()] / 8) & 0xFFFFFFFF

    def write(self, value: int, family: int) -> str:
        """In bits."""
        bits = value * 8.0
        if bits >= 1e9:
            return f"{bits / 1e6:.0f}Mbit"
        return f"{bits / 1e3:.0f}Kbit" if bits >= 1e6 else f"{bits:.0f}bit"


class Packets(NamedTuple):
    """Packets a second; may be left out."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The number."""
        return UInt().read(words, context) if words else 0

    def write(self, value: int, family: int) -> str:
        """The number."""
        return str(value)


RATES: Mapping[str, Type] = {"bps": Octets(), "pps": Packets()}


class Time(NamedTuple):
    """A time in microseconds, or with s, ms or us behind it."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Microseconds."""
        value, unit = c_double(words[0])
        if unit.lower() not in _TIMES or value < 0:
            raise ValueError("expected a time, such as 250ms or 1.5s")
        return int(value * _TIMES[unit.lower()])

    def write(self, value: int, family: int) -> str:
        """In the largest unit that it fills."""
        if value >= SECOND:
            return f"{value / SECOND:.1f}s"
        return f"{value / 1000:.1f}ms" if value >= 1000 else f"{value}us"
