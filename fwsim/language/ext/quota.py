"""quota: matches until so many bytes have gone through.

Semantics: net/netfilter/xt_quota.c: a packet too long for what is left uses it up. Text:
libxt_quota.c. No dump tells what a running host has left: it is taken to be all.
"""

from fwsim.language.options import Context, Match, Option, Options, fact
from fwsim.language.types import UInt
from fwsim.model.facts import Facts
from fwsim.model.pred import Pred


def _matches(o: Options, c: Context) -> Pred:
    quota: int = o["quota"]

    def step(facts: Facts, left: int | None) -> tuple[bool, int]:
        rest = (quota if left is None else left) - facts["length"]
        return rest >= 0, max(rest, 0)

    return o.sense(
        "quota", fact(c, f"quota {quota}", f"its bytes are left of the quota of {quota}", step)
    )


MATCH = Match(
    "quota",
    _matches,
    options=(Option("quota", UInt(high=(1 << 64) - 1), negatable=True, required=True),),
    listing=lambda o, c, numeric: f"quota: {o['quota']} bytes",
)
EXAMPLES = """
-m quota --quota 0 ; =
-m quota ! --quota 0x10 ; -m quota ! --quota 16
-m quota --quota 18446744073709551615 ; =
-m quota --quota 18446744073709551616 ; error
-m quota --quota x ; error
-m quota --quota -1 ; error
-m quota --quota 1 --quota 2 ; error
-m quota --quota ; error
-m quota ; error
"""
