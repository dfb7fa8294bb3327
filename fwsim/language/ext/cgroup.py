"""cgroup: the control group of the process whose socket the packet belongs to.

Semantics: net/netfilter/xt_cgroup.c: a packet without a socket never matches. On the way in only
TCP and UDP may have one yet (early demux). Which group it is, no place tells; nor which paths
exist, of which the kernel refuses others. Text: libxt_cgroup.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import Text, UInt
from fwsim.model import fields as F
from fwsim.model.names import KERNEL_SOCKET, PROCESS, PROTOCOLS
from fwsim.model.pred import Pred, all_of, any_of, is_in

_EARLY = tuple(PROTOCOLS[name] for name in ("tcp", "udp"))


def _matches(o: Options, c: Context) -> Pred:
    ((option, value),) = o.items()
    sent = is_in(F.SENDER, KERNEL_SOCKET, PROCESS)
    early = all_of(is_in(F.IN, (1, F.IN.top)), is_in(F.OUT, 0), is_in(F.PROTO, *_EARLY))
    socket = any_of(sent, all_of(early, fact(c, "cgroup socket", "a socket here already has it")))
    why = f"the socket's process is in cgroup {value}"
    return all_of(socket, o.sense(option, fact(c, f"cgroup {value}", why)))


def _list(o: Options, _: Context, numeric: bool) -> str:
    ((option, value),) = o.items()
    return f"cgroup {o.sign(option)}{value}"


MATCH = Match(
    "cgroup",
    _matches,
    options=(
        Option("path", Text(longest=511), negatable=True, choice="cgroup"),
        Option("cgroup", UInt(), negatable=True, choice="cgroup"),
    ),
    hooks=("INPUT", "OUTPUT", "POSTROUTING"),
    listing=_list,
    unlist=Unlist("cgroup", (Shown("cgroup", "", r"\d+"), Shown("path", ""))),
)
EXAMPLES = """
-m cgroup --cgroup 5 ; =
-m cgroup ! --cgroup 0x10 ; -m cgroup ! --cgroup 16 ; filter OUTPUT
-m cgroup --path / ; -m cgroup --path "/" ; mangle POSTROUTING
-m cgroup ! --path / ; -m cgroup ! --path "/"
-m cgroup --cgroup 4294967296 ; error
-m cgroup --cgroup x ; error
-m cgroup --cgroup 1 --path / ; error
-m cgroup --cgroup 1 --cgroup 1 ; error
-m cgroup ; error
-m cgroup --cgroup 1 ; error ; filter FORWARD
-m cgroup --cgroup 1 ; error ; raw PREROUTING
"""
