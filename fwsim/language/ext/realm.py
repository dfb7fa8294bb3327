"""realm: the routing realms of the packet's route, its source's in the upper sixteen bits.

Semantics: net/netfilter/xt_realm.c (fwsim.machine.routefacts); text: libipt_realm.c.
"""

from fwsim.language.ext._named import NamedMask
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.model import fields as F
from fwsim.model.pred import Pred, masked

_TYPE = NamedMask({"cosmos": 0})


def _matches(o: Options, _: Context) -> Pred:
    return o.sense("realm", masked(F.REALM, *o["realm"]))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"{o.sign('realm')}realm {_TYPE.listed(o['realm'], numeric)}"


MATCH = Match(
    "realm",
    _matches,
    options=(Option("realm", _TYPE, negatable=True, required=True),),
    families=(4,),
    hooks=("INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    listing=_list,
    unlist=Unlist("(?=(?:! )?realm )", (Shown("realm", "realm "),)),
)
EXAMPLES = """
-m realm --realm 16 ; -m realm --realm 0x10
-m realm ! --realm 5/0xff ; -m realm ! --realm 0x5/0xff ; filter FORWARD
-m realm --realm 0 ; -m realm --realm cosmos ; filter OUTPUT
-m realm --realm cosmos ; = ; mangle POSTROUTING
-m realm --realm 0/0xff ; -m realm --realm 0x0/0xff
-m realm --realm 5/0xffffffff ; -m realm --realm 0x5
-m realm --realm nosuch ; error
-m realm --realm 1/z ; error
-m realm --realm 4294967296 ; error
-m realm --realm 1 --realm 2 ; error
-m realm ; error
-m realm --realm 1 ; error ; mangle PREROUTING
"""
