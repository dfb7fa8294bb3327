"""The words of hashlimit that say how much: packets or bytes for a time, and bursts of them.

Bytes are counted in chunks of 16 and kept as what a chunk costs, so that not every number comes
back as it was given. Text: libxt_hashlimit.c (parse_bytes, print_bytes, parse_burst).
"""

import re

from fwsim.language.ext._numbers import c_integer
from fwsim.language.ext._rate import DAY, RateWord, credits_a_jiffy, rate_text
from fwsim.language.options import Context, Options
from fwsim.language.values import address_mask, bits_of, prefix_length
from fwsim.model.jiffies import HZ
from fwsim.model.tuples import NamedTuple

MODES = {"srcip": "source", "srcport": "source port", "dstip": "destination",
          "dstport": "destination port"}  # fmt: skip
SCALE = 1_000_000
_U32, U64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
A_JIFFY, A_JIFFY_BYTES = credits_a_jiffy(64, DAY), credits_a_jiffy(32, 1)
SECOND = A_JIFFY_BYTES * HZ  # the credit of a second, for bytes
_FACTORS = {"m": 1 << 20, "k": 1 << 10}
_CHUNK = 4  # 2 to its power
MOST_PACKETS = 1_000_000
BURST, COLLECT = 5, 1000  # packets, milliseconds: what holds where nothing is given
_COUNT = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)(.?)")


class Amount(NamedTuple):
    """A rate: the time that a packet costs in microseconds, or what a chunk of bytes costs;
    `seconds` is the unit given, or for bytes how long an idle entry stays."""

    average: int
    seconds: int
    octets: bool = False


class AmountWord(NamedTuple):
    """N/UNIT packets, or Nb/s, Nkb/s, Nmb/s bytes."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> Amount:
        """The amount; as parse_bytes or else parse_rate take it."""
        text = words[0]
        unit, count = text.find("b/s"), c_integer(text, 64)
        if unit < 1 or not count:
            return Amount(*RateWord(SCALE, 64).read(words, context))
        octets = count * _FACTORS.get(text[unit - 1], 1) & U64
        chunks = (octets >> _CHUNK & _U32) + 1 & _U32
        if not chunks:
            raise ValueError("this is too fast")
        return Amount(_U32 // chunks, 15, octets=True)

    def write(self, value: Amount, family: int) -> str:
        """5/min, or 12kb/s."""
        return amount_text(value)[0]


class BurstWord(NamedTuple):
    """Packets, or bytes with k or m behind; any other letter says nothing."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """How many."""
        found = _COUNT.match(words[0])
        if found is None:
            raise ValueError("expected a number, with k or m behind it for bytes")
        digits, unit = found.groups()
        base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
        try:
            value = int(digits, base)
        except ValueError:
            raise ValueError(f"{digits} is no octal number") from None
        if not 1 <= value <= (U64 if unit else MOST_PACKETS):
            raise ValueError(f"expected a number from 1 to {MOST_PACKETS}")
        return value * _FACTORS.get(unit, 1) & U64

    def write(self, value: int, family: int) -> str:
        """A plain number."""
        return str(value)


class Modes(NamedTuple):
    """srcip, dstip, srcport, dstport, separated by commas or bars."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[str, ...]:
        """Those named, in the order in which they are written."""
        given = [word for word in words[0].replace("|", ",").split(",") if word]
        if not set(given) <= set(MODES):
            raise ValueError(f"expected modes out of {', '.join(MODES)}")
        return tuple(mode for mode in MODES if mode in given)

    def write(self, value: tuple[str, ...], family: int) -> str:
        """srcip,dstport"""
        return ",".join(value)


class Length(NamedTuple):
    """A prefix length, or a mask that is one."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The length."""
        length = prefix_length(address_mask(words[0], context.family), bits_of(context.family))
        if length is None:
            raise ValueError("expected a mask without holes")
        return length

    def write(self, value: int, family: int) -> str:
        """The length."""
        return str(value)


class Interval(NamedTuple):
    """Seconds, as many as C's atoi reads."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Above 0."""
        seconds = c_integer(words[0], 32)
        if seconds <= 0:
            raise ValueError("expected a number of seconds above 0")
        return seconds

    def write(self, value: int, family: int) -> str:
        """The number."""
        return str(value)


def chunk_octets(cost: int) -> int:
    """Bytes for a second where a chunk costs so much (cost_to_bytes)."""
    return ((_U32 // cost if cost else _U32) - 1) << _CHUNK


def amount_text(amount: Amount) -> tuple[str, int]:
    """The rate as iptables writes it, and the seconds of its unit (packets only)."""
    if not amount.octets:
        return rate_text(amount.average, SCALE)
    octets = chunk_octets(amount.average)
    for unit, factor in _FACTORS.items():
        whole = octets & _U32 & ~(factor - 1)  # the mask has 32 bits there
        if octets >= factor and _U32 // ((whole >> _CHUNK) + 1) == amount.average:
            return f"{octets // factor}{unit}b/s", 0
    return f"{octets}b/s", 0


def octets_text(octets: int) -> str:
    """A burst in bytes as iptables writes it: in the largest unit that it fills."""
    for unit, factor in _FACTORS.items():
        if octets >= factor:
            return f"{octets // factor}{unit}b"
    return f"{octets}b"


def credit_for(time: int) -> int:
    """What so many microseconds are worth (user2credits)."""
    return time * (HZ * A_JIFFY // SCALE) & U64


def chunk_cost(average: int) -> int:
    """What a chunk of bytes costs (user2credits_byte)."""
    return average * SECOND >> 32


class Asked(NamedTuple):
    """What the options come to: `amount` as the kernel gets it; `burst` in packets, or in seconds
    of the rate for bytes (0: none given); `expire` in milliseconds, `interval` in seconds."""

    above: bool
    amount: Amount
    burst: int
    expire: int
    interval: int


def asked_of(o: Options) -> Asked:
    name = "hashlimit-above" if "hashlimit-above" in o else "hashlimit-upto"
    amount: Amount = o[name]
    above = (name == "hashlimit-above") != o.negated(name)
    burst, expire = o.get("hashlimit-burst", BURST), amount.seconds * 1000
    interval = o.get("hashlimit-rate-interval", 0)
    if amount.octets:
        unit = chunk_octets(amount.average)
        given = "hashlimit-burst" in o
        burst = (burst & 0xFFFFFFFF) // unit + (burst % unit > 0) if given else 0
        expire = 60_000 if given else expire
    if "hashlimit-rate-match" in o:
        interval = interval or (1 if amount.octets else amount.seconds)
        if not amount.octets:
            amount = amount._replace(average=amount.average // amount.seconds)
    return Asked(above, amount, burst, o.get("hashlimit-htable-expire", expire), interval)


def check(o: Options, _: Context) -> None:
    name = "hashlimit-above" if "hashlimit-above" in o else "hashlimit-upto"
    if o[name].octets and o.get("hashlimit-burst", 1 << 64) < chunk_octets(o[name].average):
        raise ValueError(f"the burst must be {chunk_octets(o[name].average)}b at least")
    if o[name].octets and "hashlimit-burst" in o and not chunk_octets(o[name].average):
        raise ValueError("so slow a rate has no burst")
    asked = asked_of(o)
    average, octets = asked.amount.average, asked.amount.octets
    if not octets and asked.burst > MOST_PACKETS:
        raise ValueError(f"the burst is {MOST_PACKETS} packets at most")
    if "hashlimit-rate-match" in o:
        countable = 0 < average <= 0xFFFFFFFF
    elif octets:
        countable = chunk_cost(average) > 0
    else:
        countable = credit_for(average * asked.burst) >= credit_for(average)
    if not countable:
        raise ValueError("the kernel cannot count so far: give another rate or burst")
    if not asked.expire or not o.get("hashlimit-htable-gcinterval", COLLECT):
        raise ValueError("times must be above 0")
