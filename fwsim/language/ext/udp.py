"""udp: the ports of UDP.

Semantics: net/netfilter/xt_tcpudp.c (udp_mt), which never matches a later fragment and drops at
once a truncated header; text: libxt_udp.c. Unlike in tcp, a range may end before it begins (it
then matches nothing), and a port past 65535 loses its higher bits.
"""

from fwsim.language.ext._head import CUT_OFF, WHOLE, by_nft
from fwsim.language.ext._ports import (
    SHOWN,
    asked_pair,
    list_ports,
    port_options,
    ports_end,
    save_ports,
)
from fwsim.language.options import Context, Match, Meaning, Options, Unlist
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import all_of

_UDP = PROTOCOLS["udp"]


def _matches(o: Options, c: Context) -> Meaning:
    asked = tuple(asked_pair(o, c))
    if c.nft and asked:
        return by_nft(ports_end(o), *asked)
    return Meaning(all_of(WHOLE, *asked), CUT_OFF)


MATCH = Match(
    "udp",
    _matches,
    options=port_options(),
    protos=(_UDP,),
    save=lambda o, _: save_ports(o).strip(),
    listing=lambda o, _, numeric: "udp" + list_ports(o, numeric, _UDP),
    unlist=Unlist("udp", SHOWN),
    regular=("sport", "dport"),
)
EXAMPLES = """
-p udp --dport 53 ; -p udp -m udp --dport 53
-p udp -m udp ; =
-p udp --dport domain ! --sport 5: ; -p udp -m udp ! --sport 5:65535 --dport 53
-p udp --source-port 080 ; -p udp -m udp --sport 80
-p udp ! --dport 0:65535 ; -p udp -m udp
-p udp --dport 90:80 ; -p udp -m udp --dport 90:80
-p udp --dport 70000 ; -p udp -m udp --dport 4464
-p 0x11 --dport=1 ; -p udp -m udp --dport 1
-p udp --dport 4294967295 ; error
-p udp --dport 0x50 ; error
-p udp --dport 1:2:3 ; error
-p udp --syn ; error
-m udp --dport 80 ; error
"""
