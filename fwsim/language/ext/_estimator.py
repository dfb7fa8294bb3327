"""RATEEST's estimators: averages of packets and bytes a second, renewed at fixed intervals.

Semantics: net/core/gen_estimator.c, in fixed point as there. When an estimator's intervals begin is
not to be known of a running host: here with simulated time.
"""

from collections.abc import Mapping
from math import log

from fwsim.model.jiffies import HZ
from fwsim.model.tuples import NamedTuple

SCOPE = ("rateest",)
_FRACTION = 8  # bits of the averages behind the point


class Timing(NamedTuple):
    """An interval is a quarter of a second times 2^interval; a new one weighs 1/2^weight."""

    interval: int
    weight: int


class Estimator(NamedTuple):
    """What came in all, what had come when the last interval ended, the averages, and how many
    intervals have ended."""

    packets: int = 0
    octets: int = 0
    packets_before: int = 0
    octets_before: int = 0
    packet_rate: int = 0
    octet_rate: int = 0
    intervals: int = 0


Estimators = Mapping[str, Estimator]


def timing(interval: int, constant: int) -> Timing:
    """How an estimator counts with such an interval and time constant, in microseconds. ValueError
    where iptables knows none that fits."""
    steps = next((n for n in range(6) if interval <= 250_000 << n), None)
    if steps is None:
        raise ValueError("--rateest-interval is 8 s at most")
    for weight in range(1, 32):
        if interval / -log(1 - 1 / (1 << weight)) > constant:
            break
    else:
        weight = 32
    if not 1 <= weight - 1 < 31:
        raise ValueError("--rateest-ewmalog must be longer than the interval, but not so much")
    return Timing(steps, weight - 1)


def renewed(one: Estimator, timing: Timing, now: int) -> Estimator:
    """The estimator after the intervals that have ended by now."""
    ended = now // (HZ // 4 << timing.interval)
    while one.intervals < ended:
        later = _interval(one, timing)
        if later[:-1] == one[:-1]:
            return one._replace(intervals=ended)
        one = later
    return one


def _interval(one: Estimator, timing: Timing) -> Estimator:
    return one._replace(
        packets_before=one.packets,
        octets_before=one.octets,
        packet_rate=_average(one.packet_rate, one.packets - one.packets_before, timing),
        octet_rate=_average(one.octet_rate, one.octets - one.octets_before, timing),
        intervals=one.intervals + 1,
    )


def _average(rate: int, came: int, timing: Timing) -> int:
    new = came << _FRACTION + 2 - timing.interval if timing.interval <= 10 else 0
    return rate + (new >> timing.weight) - (rate >> timing.weight)


def rates(one: Estimator) -> tuple[int, int]:
    """Packets and bytes a second."""
    return one.packet_rate >> _FRACTION, one.octet_rate >> _FRACTION
