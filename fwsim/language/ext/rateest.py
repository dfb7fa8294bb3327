"""rateest: compare estimated rates, which -j RATEEST measures.

Semantics: net/netfilter/xt_rateest.c, xt_RATEEST.c; text: libxt_rateest.c, libxt_RATEEST.c. Rates
of bytes are kept in bytes a second, and written in bits.
"""

import operator
from collections.abc import Callable, Hashable
from types import MappingProxyType

from fwsim.language.ext._estimator import (
    SCOPE,
    Estimator,
    Estimators,
    Timing,
    rates,
    renewed,
    timing,
)
from fwsim.language.ext._memory import with_item
from fwsim.language.ext._ratewords import RATES, SECOND, Time
from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist, fact
from fwsim.language.types import Kin, Text
from fwsim.model.actions import Remember
from fwsim.model.facts import Facts
from fwsim.model.jiffies import jiffies
from fwsim.model.pred import Pred, negate

_U32 = 0xFFFFFFFF
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "lt": operator.lt, "gt": operator.gt, "eq": operator.eq
}  # fmt: skip
_WORDS = {"lt": "below", "gt": "above", "eq": "equal to"}


# -- the match ------------------------------------------------------------------------------------


def _mode(o: Options) -> tuple[str, bool]:
    """lt, gt or eq, the last one given; whether `!` stood before any."""
    modes = [name for name in o if name.removeprefix("rateest-") in _COMPARE]
    negated = any(o.negated(name) for name in modes)
    return modes[-1].removeprefix("rateest-") if modes else "", negated


def _kinds(o: Options) -> list[str]:
    return [kind for kind in RATES if f"rateest-{kind}1" in o or f"rateest-{kind}2" in o]


def _given(o: Options, kind: str, which: int) -> int:
    return int(o.get(f"rateest-{kind}{which}", 0))


def _matches(o: Options, c: Context) -> Pred:
    mode, negated = _mode(o)
    names = [o[name] for name in ("rateest1", "rateest2") if name in o]
    timings = {k.options["rateest-name"]: _timing(k.options) for k in reversed(_targets(c))}

    def step(facts: Facts, memory: Estimators | None) -> tuple[bool | None, Estimators | None]:
        if any(name not in timings for name in names):
            return None, memory
        known, now = memory or {}, jiffies(facts)
        seen = [rates(renewed(known.get(n, Estimator()), timings[n], now)) for n in names]
        return all(_compared(o, kind, seen) for kind in _kinds(o)), memory

    kinds = " and ".join({"bps": "bytes", "pps": "packets"}[kind] for kind in _kinds(o))
    limit = names[1] if len(names) > 1 else _limits(o)
    why = f"the rate of {names[0]} in {kinds} is {_WORDS[mode]} {limit}"
    return negate(fact(c, f"rateest {names[0]}", why, step, SCOPE), negated)


def _targets(c: Context) -> list[Kin]:
    return [kin for kin in c.kin.get(SCOPE, ()) if kin.name == "RATEEST"]


def _limits(o: Options) -> str:
    return " and ".join(RATES[k].write(_given(o, k, 2), 4) + f"{' pps' * (k == 'pps')}"
                        for k in _kinds(o))  # fmt: skip


def _compared(o: Options, kind: str, seen: list[tuple[int, int]]) -> bool:
    """One of the comparisons: with a number, or with the other estimator's rate."""
    values = [one[kind == "bps"] & _U32 for one in seen]
    if "rateest-delta" in o:
        values = [max(0, _given(o, kind, n) - value) for n, value in enumerate(values, 1)]
    if len(values) == 1:
        values.append(_given(o, kind, 2))
    return _COMPARE[_mode(o)[0]](*values)


def _check(o: Options, _: Context) -> None:
    if not _mode(o)[0] or not _kinds(o):
        raise ValueError("it needs --rateest-bps or --rateest-pps, and --rateest-lt, -gt or -eq")


def _compares(o: Options, prefix: str = "") -> str:
    mode, negated = _mode(o)
    return f"{'! ' if negated else ''}{prefix}{mode}"


def _save(o: Options, _: Context) -> str:
    delta, two = "rateest-delta" in o, "rateest2" in o
    compares = _compares(o, "--rateest-")
    words = ["--rateest-delta"] if delta else []
    words.append(f"--rateest{'1' if two else ''} {o['rateest1']}")
    for kind in _kinds(o):
        first, second = (RATES[kind].write(_given(o, kind, n), 4) for n in (1, 2))
        if delta:
            words.append(f"--rateest-{kind}1 {first} {compares} --rateest-{kind}2 {second}")
        else:
            words.append(f"{compares} --rateest-{kind}{'' if two else ' ' + second}")
    return " ".join([*words, f"--rateest2 {o['rateest2']}" if two else ""]).rstrip()


def _list(o: Options, _: Context, numeric: bool) -> str:
    delta, two, compares = "rateest-delta" in o, "rateest2" in o, _compares(o)

    def shown(kind: str, which: int) -> str:
        value = _given(o, kind, which)
        return f" {value if numeric else RATES[kind].write(value, 4)}"

    text = f"rateest match {o['rateest1']}{' delta' if delta else ''}"
    for kind in _kinds(o):
        text += f" {kind}{shown(kind, 1) if delta else ''}"
        if not two:
            ends = (shown(kind, 2), f" {compares}")
            text += "".join(ends if kind == "bps" else reversed(ends))
    if two:
        text += f" {compares} {o['rateest2']}"
        text += "".join(f" {kind}{shown(kind, 2) if delta else ''}" for kind in _kinds(o))
    return text


# -- the target -----------------------------------------------------------------------------------


def _timing(o: Options) -> Timing:
    return timing(o["rateest-interval"], o["rateest-ewmalog"])


def _remembers(o: Options, c: Context) -> tuple[Remember]:
    name = o["rateest-name"]
    first = next((k.options for k in _targets(c) if k.options["rateest-name"] == name), o)
    clock = _timing(first)

    def step(facts: Facts, memory: Estimators | None) -> Estimators:
        known: Estimators = memory or MappingProxyType({})
        one = renewed(known.get(name, Estimator()), clock, jiffies(facts))
        octets = one.octets + facts["length"]
        return with_item(known, name, one._replace(packets=one.packets + 1, octets=octets))

    return (Remember(f"rate estimator {name}", step, SCOPE),)


def _shares(o: Options, family: int) -> tuple[Hashable, ...]:
    return (SCOPE,)


def _told(o: Options, prefix: str) -> str:
    steps, weight = _timing(o)
    interval = (SECOND << steps) // 4
    times = (Time().write(t & _U32, 4) for t in (interval, interval << weight))
    return "{0}name {1} {0}interval {2} {0}ewmalog {3}".format(prefix, o["rateest-name"], *times)


MATCH = Match(
    "rateest",
    _matches,
    options=(
        Option("rateest1", Text(15), required=True, aliases=("rateest",)),
        Option("rateest2", Text(15)),
        *(Option(f"rateest-{kind}1", word, optional=True) for kind, word in RATES.items()),
        *(
            Option(f"rateest-{kind}2", word, optional=True, aliases=(f"rateest-{kind}",))
            for kind, word in RATES.items()
        ),
        Option("rateest-delta"),
        *(Option(f"rateest-{mode}", negatable=True) for mode in _COMPARE),
    ),
    check=_check,
    shares=_shares,
    save=_save,
    listing=_list,
)
TARGET = Target(
    "RATEEST",
    _remembers,
    options=(
        Option("rateest-name", Text(15), required=True),
        Option("rateest-interval", Time(), required=True),
        Option("rateest-ewmalog", Time(), required=True),
    ),
    check=lambda o, _: _timing(o) and None,
    shares=_shares,
    save=lambda o, _: _told(o, "--rateest-"),
    listing=lambda o, _, numeric: _told(o, ""),
    unlist=Unlist(
        "",
        tuple(Shown(f"rateest-{name}", f"{name} ") for name in ("name", "interval", "ewmalog")),
    ),
)
EXAMPLES = """
-m rateest --rateest RE1 --rateest-lt --rateest-bps 8bit ; =
-m rateest --rateest1 RE1 --rateest-lt --rateest-bps2 8bit ; \
-m rateest --rateest RE1 --rateest-lt --rateest-bps 8bit
-m rateest --rateest RE1 --rateest-lt --rateest-bps1 8bit ; \
-m rateest --rateest RE1 --rateest-lt --rateest-bps 0bit
-m rateest --rateest RE1 --rateest-eq --rateest-pps 5 ; =
-m rateest --rateest RE1 ! --rateest-eq --rateest-pps 0x5 ; \
-m rateest --rateest RE1 ! --rateest-eq --rateest-pps 5
-m rateest --rateest RE1 --rateest-gt --rateest-bps 5kbit ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 5000bit
-m rateest --rateest RE1 --rateest-gt --rateest-bps 1000000 ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 1000Kbit
-m rateest --rateest RE1 --rateest-gt --rateest-bps 2gbit ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 2000Mbit
-m rateest --rateest RE1 --rateest-gt --rateest-bps 40Tbit ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 5265Mbit
-m rateest --rateest RE1 --rateest-gt --rateest-bps 999999bit ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 999992bit
-m rateest --rateest RE1 --rateest-gt --rateest-bps x ; error
-m rateest --rateest RE1 --rateest-gt --rateest-bps ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 0bit
-m rateest --rateest RE1 --rateest-gt --rateest-pps ; \
-m rateest --rateest RE1 --rateest-gt --rateest-pps 0
-m rateest --rateest RE1 --rateest-gt --rateest-pps 4294967296 ; error
-m rateest --rateest RE1 --rateest-gt ; error
-m rateest --rateest RE1 --rateest-pps 5 ; error
-m rateest --rateest-gt --rateest-pps 5 ; error
-m rateest ; error
-m rateest --rateest RE1 --rateest-gt --rateest-lt --rateest-pps 5 ; \
-m rateest --rateest RE1 --rateest-lt --rateest-pps 5
-m rateest --rateest RE1 --rateest-pps 5 --rateest-pps 6 --rateest-gt ; error
-m rateest --rateest RE1 --rateest RE2 --rateest-pps 5 --rateest-gt ; error
-m rateest ! --rateest RE1 --rateest-pps 5 --rateest-gt ; error
-m rateest --rateest RE1 ! --rateest-pps 5 --rateest-gt ; error
-m rateest --rateest-delta --rateest RE1 --rateest-bps1 8bit --rateest-lt --rateest-bps2 16bit ; =
-m rateest --rateest1 RE1 --rateest-lt --rateest-bps --rateest2 RE2 ; =
-m rateest --rateest-delta --rateest1 RE1 --rateest-pps1 0 --rateest-lt --rateest-pps2 42 \
--rateest2 RE2 ; =
-m rateest --rateest-name RE1 --rateest-lt --rateest-bps 8 ; error
-m rateest --rateest RE1 --rateest-lt --rateest-bps=8 ; error
-m rateest --rateest RE1 --rateest-lt --rateest-bps ! ; error
-j RATEEST --rateest-name A1 --rateest-interval 250.0ms --rateest-ewmalog 500.0ms ; =
-j RATEEST --rateest-name A4 --rateest-interval 251ms --rateest-ewmalog 2s ; \
-j RATEEST --rateest-name A4 --rateest-interval 500.0ms --rateest-ewmalog 4.0s
-j RATEEST --rateest-name A5 --rateest-interval 8s --rateest-ewmalog 20sec ; \
-j RATEEST --rateest-name A5 --rateest-interval 8.0s --rateest-ewmalog 16.0s
-j RATEEST --rateest-name A6 --rateest-interval 8001ms --rateest-ewmalog 20sec ; error
-j RATEEST --rateest-name A7 --rateest-interval 1s --rateest-ewmalog 1s ; error
-j RATEEST --rateest-name A8 --rateest-interval 1s --rateest-ewmalog 1.5s ; \
-j RATEEST --rateest-name A8 --rateest-interval 1.0s --rateest-ewmalog 2.0s
-j RATEEST --rateest-name A9 --rateest-interval 1s --rateest-ewmalog 1000s ; \
-j RATEEST --rateest-name A9 --rateest-interval 1.0s --rateest-ewmalog 512.0s
-j RATEEST --rateest-name B4 --rateest-interval x --rateest-ewmalog 4s ; error
-j RATEEST --rateest-name B5 --rateest-interval 1h --rateest-ewmalog 4s ; error
-j RATEEST --rateest-name B6 --rateest-interval 1s ; error
-j RATEEST --rateest-interval 1s --rateest-ewmalog 4s ; error
-j RATEEST --rateest-name 1234567890123456 --rateest-interval 1s --rateest-ewmalog 4s ; \
-j RATEEST --rateest-name 123456789012345 --rateest-interval 1.0s --rateest-ewmalog 4.0s
-j RATEEST ! --rateest-name C --rateest-interval 1s --rateest-ewmalog 4s ; error
-j RATEEST --rateest-name C2 --rateest-interval -1s --rateest-ewmalog 4s ; error
-j RATEEST --rateest-name C3 --rateest-interval 999us --rateest-ewmalog 2000us ; \
-j RATEEST --rateest-name C3 --rateest-interval 250.0ms --rateest-ewmalog 500.0ms
-j RATEEST --rateest-name E --rateest-interval 1s --rateest-ewmalog 0 ; error
-m rateest --rateest RE1 --rateest-gt --rateest-pps 5 --rateest-bps 16bit ; \
-m rateest --rateest RE1 --rateest-gt --rateest-bps 16bit --rateest-gt --rateest-pps 5 ; \
filter INPUT lost
-m rateest --rateest-delta --rateest1 RE1 --rateest-bps1 800bit --rateest-pps1 3 --rateest-gt \
--rateest-bps2 8kbit --rateest-pps2 4 --rateest2 RE2 ; \
-m rateest --rateest-delta --rateest1 RE1 --rateest-bps1 800bit --rateest-gt \
--rateest-bps2 8000bit --rateest-pps1 3 --rateest-gt --rateest-pps2 4 --rateest2 RE2 ; \
filter INPUT lost
-j RATEEST --rateest-name B2 --rateest-interval 100us --rateest-ewmalog 4000s ; \
-j RATEEST --rateest-name B2 --rateest-interval 250.0ms --rateest-ewmalog 536.9s ; filter INPUT lost
"""
