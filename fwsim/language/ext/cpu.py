"""cpu: which processor deals with the packet.

Semantics: net/netfilter/xt_cpu.c; text: libxt_cpu.c. No place tells that, so it is unknown.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import UInt
from fwsim.model.pred import Pred


def _matches(o: Options, c: Context) -> Pred:
    return o.sense("cpu", fact(c, f"cpu {o['cpu']}", f"processor {o['cpu']} deals with it"))


MATCH = Match(
    "cpu",
    _matches,
    options=(Option("cpu", UInt(), negatable=True, required=True),),
    listing=lambda o, _, numeric: f"cpu {o.sign('cpu')}{o['cpu']}",
    unlist=Unlist("cpu", (Shown("cpu", ""),)),
)
EXAMPLES = """
-m cpu --cpu 0 ; =
-m cpu ! --cpu 0x10 ; -m cpu ! --cpu 16 ; raw OUTPUT
-m cpu --cpu 4294967295 ; =
-m cpu --cpu 4294967296 ; error
-m cpu --cpu -1 ; error
-m cpu --cpu x ; error
-m cpu --cpu 1 --cpu 2 ; error
-m cpu ; error
"""
