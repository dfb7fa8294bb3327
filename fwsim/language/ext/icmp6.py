"""icmp6: type and code of ICMPv6.

Semantics: net/ipv6/netfilter/ip6_tables.c (icmp6_match); no type stands for any. Text:
libip6t_icmp6.c.
"""

from fwsim.language.ext.icmp import IcmpType, asks, codes, unlist
from fwsim.language.options import Match, Option
from fwsim.model.names import PROTOCOLS

TYPE = IcmpType(
    codes(
        "destination-unreachable 1, no-route 1 0, communication-prohibited 1 1, beyond-scope 1 2, "
        "address-unreachable 1 3, port-unreachable 1 4, failed-policy 1 5, reject-route 1 6, "
        "packet-too-big 2, time-exceeded 3, ttl-exceeded 3, ttl-zero-during-transit 3 0, "
        "ttl-zero-during-reassembly 3 1, parameter-problem 4, bad-header 4 0, "
        "unknown-header-type 4 1, unknown-option 4 2, echo-request 128, ping 128, echo-reply 129, "
        "pong 129, router-solicitation 133, router-advertisement 134, neighbour-solicitation 135, "
        "neighbor-solicitation 135, neighbour-advertisement 136, neighbor-advertisement 136, "
        "redirect 137"
    )
)
_NAME = "icmpv6-type"

MATCH = Match(
    "icmp6",
    lambda o, _: asks(_NAME, o, any_type=None),
    options=(Option(_NAME, TYPE, negatable=True, required=True),),
    families=(6,),
    protos=(PROTOCOLS["ipv6-icmp"],),
    listing=lambda o, _, numeric: "ipv6-icmp" + TYPE.listed(o[_NAME], o.negated(_NAME), numeric),
    unlist=unlist("ipv6-icmp", _NAME),
)
EXAMPLES6 = """
-p ipv6-icmp --icmpv6-type 128 ; -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p icmpv6 -m icmpv6 --icmpv6-type ping ; -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p 58 -m ipv6-icmp --icmpv6-type port-unr ; -p ipv6-icmp -m icmp6 --icmpv6-type 1/4
-p ipv6-icmp ! --icmpv6-type neighbor-sol ; -p ipv6-icmp -m icmp6 ! --icmpv6-type 135
-p ipv6-icmp --icmpv6-type 255 ; -p ipv6-icmp -m icmp6 --icmpv6-type 255
-p ipv6-icmp --icmpv6-type 1/2:4 ; -p ipv6-icmp -m icmp6 --icmpv6-type 1/2
-p ipv6-icmp --icmpv6-type any ; error
-p ipv6-icmp --icmpv6-type neigh ; error
-p ipv6-icmp -m icmp6 ; error
-p tcp -m icmp6 --icmpv6-type 1 ; error
-p icmp --icmp-type 8 ; error
"""
