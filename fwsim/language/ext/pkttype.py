"""pkttype: to whom the frame that brought the packet was addressed.

Semantics: net/netfilter/xt_pkttype.c; what the host sends itself, and a bridge's frames to others,
count as unicast (br_netfilter_hooks.c setup_pre_routing). Text: libxt_pkttype.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.model import fields as F
from fwsim.model.names import PACKET_TYPES
from fwsim.model.pred import Pred, is_in
from fwsim.model.tuples import NamedTuple

_OTHER_NAMES = {"bcast": "broadcast", "mcast": "multicast", "host": "unicast"}


class _PacketType(NamedTuple):
    """A packet type by its whole name, in any case."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """Its canonical name."""
        name = words[0].lower()
        name = _OTHER_NAMES.get(name, name)
        if name not in PACKET_TYPES:
            raise ValueError(f"expected one of {', '.join((*PACKET_TYPES, *_OTHER_NAMES))}")
        return name

    def write(self, value: str, family: int) -> str:
        """The name."""
        return value


def _matches(o: Options, _: Context) -> Pred:
    return o.sense("pkt-type", is_in(F.PACKET_TYPE, PACKET_TYPES.index(o["pkt-type"])))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"PKTTYPE {o.sign('pkt-type', '!')}= {o['pkt-type']}"


MATCH = Match(
    "pkttype",
    _matches,
    options=(Option("pkt-type", _PacketType(), negatable=True, required=True),),
    listing=_list,
    unlist=Unlist("PKTTYPE", (Shown("pkt-type", "= "),)),
)
EXAMPLES = """
-m pkttype --pkt-type unicast ; =
-m pkttype ! --pkt-type broadcast ; = ; raw PREROUTING
-m pkttype --pkt-type MultiCast ; -m pkttype --pkt-type multicast
-m pkttype --pkt-type otherhost ; = ; filter OUTPUT
-m pkttype --pkt-type host ; -m pkttype --pkt-type unicast
-m pkttype --pkt-type BCAST ; -m pkttype --pkt-type broadcast ; mangle POSTROUTING
-m pkttype ! --pkt-type mcast ; -m pkttype ! --pkt-type multicast
-m pkttype --pkt-type uni ; error
-m pkttype --pkt-type 1 ; error
-m pkttype --pkt-type outgoing ; error
-m pkttype --pkt-type "" ; error
-m pkttype ; error
"""
