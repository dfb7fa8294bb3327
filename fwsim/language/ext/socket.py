"""socket: a socket of this host would take the packet.

Semantics: net/netfilter/xt_socket.c: only TCP, UDP and the errors about them have one; listeners
on any address are left out, unless --nowildcard. Which sockets are there, no place tells in full,
and neither which mark --restore-skmark would give. Text: libxt_socket.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.model import fields as F
from fwsim.model.facts import Facts
from fwsim.model.packet import TCP, UDP
from fwsim.model.pred import Pred, all_of, is_in

_NAMES = ("transparent", "nowildcard", "restore-skmark")


def _seeks(facts: Facts) -> int:
    packet = facts.packet
    about = packet.inner if packet.is_icmp_error else packet
    return int(about is not None and about.proto in (TCP, UDP))


_SEEKS_SOCKET = F.Field("seeks_socket", 1, "flag", _seeks)


def _matches(o: Options, c: Context) -> Pred:
    which = "transparent socket" if "transparent" in o else "socket"
    bound = "" if "nowildcard" in o else " that is bound to its address"
    mark = ", whose mark it then has" if "restore-skmark" in o else ""
    name = " ".join(("socket", *(name for name in _NAMES if name in o)))
    return all_of(is_in(_SEEKS_SOCKET, 1), fact(c, name, f"a {which}{bound} takes it{mark}"))


MATCH = Match(
    "socket",
    _matches,
    options=tuple(Option(name) for name in _NAMES),
    hooks=("PREROUTING", "INPUT"),
    listing=lambda o, _, numeric: " ".join(("socket", *(f"--{n}" for n in _NAMES if n in o))),
    unlist=Unlist("socket", tuple(Shown(name, f"--{name}", "") for name in _NAMES)),
)
EXAMPLES = """
-m socket ; =
-m socket --transparent ; = ; raw PREROUTING
-m socket --restore-skmark --nowildcard ; -m socket --nowildcard --restore-skmark ; \
mangle PREROUTING
-m socket --no --trans ; -m socket --transparent --nowildcard
-m socket ! --transparent ; error
-m socket --transparent --transparent ; error
-m socket --transparent=1 ; error
-m socket ; error ; filter OUTPUT
-m socket ; error ; filter FORWARD
"""
