"""connbytes: how much a connection has carried so far, this packet included.

Semantics: net/netfilter/xt_connbytes.c, which asks nothing of a connection that is not counted
(net.netfilter.nf_conntrack_acct was off when it began): the match fails, negated or not. Loading
the rule turns counting on. Text: libxt_connbytes.c, which keeps a negation as a range that ends
before it begins, so that one of a single number is lost.
"""

from functools import cache

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.types import OneOf, UIntRange
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.pred import Pred, all_of, is_in, negate
from fwsim.model.tuples import NamedTuple

_TOP = 2**64 - 1
_DIRECTIONS = {"original": (0,), "reply": (1,), "both": (0, 1)}
_MODES = ("packets", "bytes", "avgpkt")


class _Count(NamedTuple):
    """FROM, FROM: or FROM:TO."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(from, to)"""
        low, high = UIntRange(_TOP).read(words, context)
        if ":" not in words[0]:
            high = _TOP
        if high < low:
            raise ValueError(f"the range ends before it begins; write {high}:{low}")
        return low, high

    def write(self, value: tuple[int, int], family: int) -> str:
        """100, or 100:200; an end of 0 is not written, though 0 alone is 0 and more"""
        return f"{value[0]}:{value[1]}" if 0 < value[1] < _TOP else str(value[0])


def _counted(facts: Facts) -> int:
    return int(facts.connection is not None and facts.connection.counters is not None)


_COUNTED = Field("connection is counted", 1, "flag", _counted)


@cache
def _carried(mode: str, direction: str) -> Field:
    def project(facts: Facts) -> int:
        counters = facts.connection.counters if facts.connection else None
        if counters is None:
            return 0
        packets, octets = (sum(counters[d][n] for d in _DIRECTIONS[direction]) for n in (0, 1))
        if mode == "avgpkt":
            return octets // packets if packets else 0
        return packets if mode == "packets" else octets

    return Field(f"connection's {mode}, {direction}", 64, project=project)


def _negated(o: Options) -> bool:
    low, high = o["connbytes"]
    return o.negated("connbytes") and low < high


def _matches(o: Options, _: Context) -> Pred:
    field = _carried(o["connbytes-mode"], o["connbytes-dir"])
    return all_of(is_in(_COUNTED, 1), negate(is_in(field, o["connbytes"]), _negated(o)))


def _words(o: Options, *titles: str) -> str:
    count = _Count().write(o["connbytes"], 4)
    values = (count, o["connbytes-mode"], o["connbytes-dir"])
    told = (f"{title} {value}" for title, value in zip(titles, values, strict=True))
    return "! " * _negated(o) + " ".join(told)


MATCH = Match(
    "connbytes",
    _matches,
    options=(
        Option("connbytes", _Count(), negatable=True, required=True),
        Option("connbytes-dir", OneOf(tuple(_DIRECTIONS)), required=True),
        Option("connbytes-mode", OneOf(_MODES), required=True),
    ),
    save=lambda o, _: _words(o, "--connbytes", "--connbytes-mode", "--connbytes-dir"),
    listing=lambda o, _, numeric: _words(o, "connbytes", "connbytes mode", "connbytes direction"),
    unlist=Unlist(
        "",
        (
            Shown("connbytes", "connbytes ", "[0-9:]+"),
            Shown("connbytes-mode", "connbytes mode "),
            Shown("connbytes-dir", "connbytes direction "),
        ),
    ),
)
EXAMPLES = """
-m connbytes --connbytes 10000:100000 --connbytes-mode bytes --connbytes-dir both ; =
-m connbytes ! --connbytes 10:100 --connbytes-dir original --connbytes-mode packets ; \
-m connbytes ! --connbytes 10:100 --connbytes-mode packets --connbytes-dir original
-m connbytes --connbytes 10: --connbytes-mode avgpkt --connbytes-dir reply ; \
-m connbytes --connbytes 10 --connbytes-mode avgpkt --connbytes-dir reply ; mangle FORWARD
-m connbytes ! --connbytes 10 --connbytes-mode bytes --connbytes-dir both ; = ; raw OUTPUT
-m connbytes --connbytes :0x10 --connbytes-mode bytes --connbytes-dir both ; \
-m connbytes --connbytes 0:16 --connbytes-mode bytes --connbytes-dir both
-m connbytes ! --connbytes 5:5 --connbytes-mode bytes --connbytes-dir both ; \
-m connbytes --connbytes 5:5 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 0:0 --connbytes-mode bytes --connbytes-dir both ; \
-m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes : --connbytes-mode bytes --connbytes-dir both ; \
-m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 9:18446744073709551615 --connbytes-mode bytes --connbytes-dir both ; \
-m connbytes --connbytes 9 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 9:18446744073709551616 --connbytes-mode bytes --connbytes-dir both ; error
-m connbytes --connbytes 5:3 --connbytes-dir reply --connbytes-mode avgpkt ; error
-m connbytes --connbytes 1:2:3 --connbytes-dir reply --connbytes-mode avgpkt ; error
-m connbytes --connbytes x --connbytes-dir reply --connbytes-mode avgpkt ; error
-m connbytes --connbytes 5: --connbytes-dir rep --connbytes-mode avgpkt ; error
-m connbytes --connbytes 5: --connbytes-dir reply --connbytes-mode packet ; error
-m connbytes --connbytes 5: --connbytes-dir reply ; error
-m connbytes --connbytes 5: --connbytes-mode bytes ; error
-m connbytes --connbytes-dir reply --connbytes-mode bytes ; error
-m connbytes --connbytes 5: ! --connbytes-dir reply --connbytes-mode bytes ; error
"""
