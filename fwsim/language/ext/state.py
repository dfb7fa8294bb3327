"""state: the older spelling of conntrack's --ctstate, without SNAT and DNAT.

Semantics: iptables 1.8.9 loads it as revision 3 of xt_conntrack and remembers the spelling; text:
libxt_conntrack.c.
"""

from fwsim.language.ext.conntrack import STATE_BITS, has_state
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.types import Names
from fwsim.model.names import STATES

_STATES = Names({name: bit for name, bit in STATE_BITS.items() if name in STATES})


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"{o.sign('state')}state {_STATES.write(o['state'], 4)}"


MATCH = Match(
    "state",
    lambda o, _: o.sense("state", has_state(o["state"])),
    options=(Option("state", _STATES, negatable=True, required=True),),
    listing=_list,
    unlist=Unlist("", (Shown("state", "state "),)),
)
EXAMPLES = """
-m state --state ESTABLISHED,RELATED ; -m state --state RELATED,ESTABLISHED
-m state ! --state INVALID ; =
-m state --state new,UNTR ; -m state --state NEW,UNTRACKED
-m state --state UNTRACKED,RELATED,INVALID,ESTABLISHED,NEW ; \
-m state --state INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED
-m state ; error
-m state --state SNAT ; error
-m state --state NEW,,INVALID ; error
-m state --state ; error
--state NEW ; error
"""
