"""length: the length of the whole IP packet in bytes, header included.

Semantics: net/netfilter/xt_length.c; text: libxt_length.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.types import UIntRange
from fwsim.model import fields as F
from fwsim.model.pred import Pred, is_in


def _matches(o: Options, _: Context) -> Pred:
    return o.sense("length", is_in(F.LENGTH, o["length"]))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"length {o.sign('length', '!')}{UIntRange().write(o['length'], 4)}"


MATCH = Match(
    "length",
    _matches,
    options=(Option("length", UIntRange(0xFFFF), negatable=True, required=True),),
    listing=_list,
    unlist=Unlist("length", (Shown("length", ""),)),
)
EXAMPLES = """
-m length --length 100 ; =
-m length ! --length 100:200 ; =
-m length --length 100: ; -m length --length 100:65535
-m length --length 70000 ; error
-m length ; error
"""
