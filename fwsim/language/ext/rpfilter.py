"""rpfilter: an answer to the packet's source would go back the way it came.

Semantics: net/ipv4/netfilter/ipt_rpfilter.c, net/ipv6/netfilter/ip6t_rpfilter.c
(fwsim.machine.rpf); text: libxt_rpfilter.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.model import fields as F
from fwsim.model.pred import Pred, is_in, negate

_NAMES = ("loose", "validmark", "accept-local", "invert")


def _matches(o: Options, _: Context) -> Pred:
    field = F.RPF["loose" in o, "validmark" in o, "accept-local" in o]
    return negate(is_in(field, 1), "invert" in o)


MATCH = Match(
    "rpfilter",
    _matches,
    options=tuple(Option(name) for name in _NAMES),
    tables=("raw", "mangle"),
    hooks=("PREROUTING",),
    listing=lambda o, _, numeric: " ".join(("rpfilter", *(name for name in _NAMES if name in o))),
    unlist=Unlist("rpfilter", tuple(Shown(name, name, "") for name in _NAMES)),
)
EXAMPLES = """
-m rpfilter ; = ; raw PREROUTING
-m rpfilter --invert --loose ; -m rpfilter --loose --invert ; mangle PREROUTING
-m rpfilter --accept-local --validmark ; -m rpfilter --validmark --accept-local ; raw PREROUTING
-m rpfilter --inv ; -m rpfilter --invert ; raw PREROUTING
-m rpfilter ! --loose ; error ; raw PREROUTING
-m rpfilter --loose --loose ; error ; raw PREROUTING
-m rpfilter --loose=1 ; error ; raw PREROUTING
-m rpfilter ; error
-m rpfilter ; error ; raw OUTPUT
-m rpfilter ; error ; mangle FORWARD
-m rpfilter ; error ; nat PREROUTING
"""
