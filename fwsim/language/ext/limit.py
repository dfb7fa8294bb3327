"""limit: a bucket of tokens, filled at a rate, one for each packet.

Semantics: net/netfilter/xt_limit.c, 32-bit arithmetic included; text: libxt_limit.c. iptables-nft
writes it as nf_tables' own limit (iptables/nft.c add_nft_limit), which counts in nanoseconds and
further (net/netfilter/nft_limit.c). A dump that does not say by which program it was made is taken
for iptables-legacy's. The bucket is full at first: how full a running host's is, no dump tells.
"""

from fwsim.language.ext._rate import DAY, Rate, RateWord, credits_a_jiffy, rate_text
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import UInt
from fwsim.model.facts import Facts
from fwsim.model.jiffies import HZ, jiffies
from fwsim.model.pred import Pred, Step

_SCALE, _U32, _SECOND = 10_000, 0xFFFFFFFF, 10**9
_DEFAULT = Rate(_SCALE * 60 * 60 // 3, 60 * 60)
_BURST = 5
_A_JIFFY = credits_a_jiffy(32, DAY)
_Bucket = tuple[int, int]  # credit, and the time at which it was counted


def _asked(o: Options) -> tuple[int, int]:
    """What a packet costs in time, and the burst."""
    return o.get("limit", _DEFAULT).period, o.get("limit-burst", _BURST)


def _credit(period: int) -> int:
    """The same in credit (user2credits)."""
    if period > _U32 // (HZ * _A_JIFFY):
        return period // _SCALE * HZ * _A_JIFFY & _U32
    return period * HZ * _A_JIFFY // _SCALE


def _in_jiffies(period: int, burst: int) -> Step:
    cost, cap = _credit(period), _credit(period * burst & _U32)

    def step(facts: Facts, bucket: _Bucket | None) -> tuple[bool, _Bucket]:
        now = jiffies(facts)
        credit, since = bucket or (cap, now)
        credit = min(credit + (now - since) * _A_JIFFY & _U32, cap)
        return _taken(credit, cost, now)

    return step


def _in_nanoseconds(period: int, burst: int) -> Step:
    """nf_tables' own: so many in the unit in which the rate is written."""
    seconds = rate_text(period, _SCALE)[1]
    cost = seconds * _SECOND // (seconds * _SCALE // period)

    def step(facts: Facts, bucket: _Bucket | None) -> tuple[bool, _Bucket]:
        now = round(facts.now * _SECOND)
        credit, since = bucket or (cost * burst, now)
        return _taken(min(credit + now - since, cost * burst), cost, now)

    return step


def _taken(credit: int, cost: int, now: int) -> tuple[bool, _Bucket]:
    allowed = credit >= cost
    return allowed, (credit - cost if allowed else credit, now)


def _matches(o: Options, c: Context) -> Pred:
    period, burst = _asked(o)
    rate = rate_text(period, _SCALE)[0]
    step = (_in_nanoseconds if c.nft else _in_jiffies)(period, burst)
    why = f"a token is left of {rate}, burst {burst}"
    return fact(c, f"limit {rate} burst {burst}", why, step, once=False)


def _check(o: Options, c: Context) -> None:
    period, burst = _asked(o)
    if c.nft and burst:
        return
    if not burst or _credit(period * burst & _U32) < _credit(period):
        raise ValueError("the kernel cannot count so far: give a faster rate or a smaller burst")


def _save(o: Options, _: Context) -> str:
    period, burst = _asked(o)
    text = f"--limit {rate_text(period, _SCALE)[0]}"
    return text if burst == _BURST else f"{text} --limit-burst {burst}"


def _list(o: Options, _: Context, numeric: bool) -> str:
    period, burst = _asked(o)
    return f"limit: avg {rate_text(period, _SCALE)[0]} burst {burst}"


MATCH = Match(
    "limit",
    _matches,
    options=(Option("limit", RateWord(_SCALE, 32)), Option("limit-burst", UInt(0, 10_000))),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist("limit:", (Shown("limit", "avg "), Shown("limit-burst", "burst "))),
)
EXAMPLES = """
-m limit ; -m limit --limit 3/hour
-m limit --limit 5 ; -m limit --limit 5/sec
-m limit --limit 5/S --limit-burst 0x10 ; -m limit --limit 5/sec --limit-burst 16
-m limit --limit 5/s --limit-burst 5 ; -m limit --limit 5/sec
-m limit --limit-burst 7 --limit 90/minute ; -m limit --limit 90/min --limit-burst 7
-m limit --limit 60/min ; -m limit --limit 1/sec
-m limit --limit 61/m ; -m limit --limit 61/min
-m limit --limit 23/hour ; =
-m limit --limit 10000/s --limit-burst 10000 ; -m limit --limit 10000/sec --limit-burst 10000
-m limit --limit 9999/s ; -m limit --limit 10000/sec
-m limit --limit 3000/s ; -m limit --limit 3333/sec
-m limit --limit " +5x/s" ; -m limit --limit 5/sec
-m limit --limit 4294967301/s ; -m limit --limit 5/sec
-m limit --limit 1/d --limit-burst 49 ; -m limit --limit 1/day --limit-burst 49
-m limit --limit 1/h --limit-burst 1193 ; -m limit --limit 1/hour --limit-burst 1193
-m limit --limit 1/h --limit-burst 1194 ; error
-m limit --limit 1/day ; error
-m limit --limit 10001/s ; error
-m limit --limit -1/s ; error
-m limit --limit 0/s ; error
-m limit --limit 0x5/s ; error
-m limit --limit "" ; error
-m limit --limit 5/ ; error
-m limit --limit 5/seconds ; error
-m limit --limit 5/m/s ; error
-m limit --limit 5/s --limit-burst 0 ; error
-m limit --limit 5/s --limit-burst 10001 ; error
-m limit --limit 5/s --limit 6/s ; error
-m limit ! --limit 5/s ; error
"""
