"""What limit and hashlimit share: packets per second, minute, hour or day, kept as the time that
one packet costs.

Text: libxt_limit.c, libxt_hashlimit.c (parse_rate, print_rate); semantics: xt_limit.c.
"""

from fwsim.language.ext._numbers import c_integer
from fwsim.language.types import begun
from fwsim.model.jiffies import HZ
from fwsim.model.tuples import NamedTuple

DAY = 24 * 60 * 60
_WORDS = {"second": 1, "minute": 60, "hour": 60 * 60, "day": DAY}
_WRITTEN = (("day", DAY), ("hour", 60 * 60), ("min", 60), ("sec", 1))


class Rate(NamedTuple):
    """The time that a packet costs, in parts of a second (`scale` of the type); `seconds` is the
    unit it was given in."""

    period: int
    seconds: int


class RateWord(NamedTuple):
    """N or N/UNIT, where N is as much as C's atoi reads of it and UNIT may be cut short. `bits` is
    how wide that integer is."""

    scale: int
    bits: int
    arity: int = 1

    def read(self, words: list[str], context: object) -> Rate:
        """The rate; one that comes to no time at all is refused."""
        text, slash, unit = words[0].partition("/")
        seconds = _WORDS[begun(unit, _WORDS)] if slash else 1
        count = c_integer(text, self.bits) % (1 << self.bits)
        if not count:
            raise ValueError("expected a rate above 0, such as 5/minute")
        period = self.scale * seconds // count
        if not period:
            raise ValueError(f"this is too fast: at most {self.scale}/second can be counted")
        return Rate(period, seconds)

    def write(self, value: Rate, family: int) -> str:
        """5/min: in the unit that loses least."""
        return rate_text(value.period, self.scale)[0]


def rate_text(period: int, scale: int) -> tuple[str, int]:
    """The rate as print_rate writes it, and the seconds of the unit that it chose."""
    chosen = _WRITTEN[0]
    for unit in _WRITTEN[1:]:
        whole, rest = divmod(unit[1] * scale, period)
        if not whole or whole < rest:
            break
        chosen = unit
    return f"{chosen[1] * scale // period}/{chosen[0]}", chosen[1]


def credits_a_jiffy(bits: int, longest: int) -> int:
    """How much credit a tick brings: the largest power of two below what lets a day (`longest`
    seconds) fit into so many bits (CREDITS_PER_JIFFY)."""
    return 1 << ((((1 << bits) - 1) // (HZ * longest)).bit_length() - 1)
