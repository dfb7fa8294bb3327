"""SNAT: give the connection another source.

Semantics: net/netfilter/xt_nat.c (revisions 0 and 1, which know no base port); text: libxt_NAT.c.
"""

from fwsim.language.ext._nat import addresses_option, flags, nat_target

TARGET = nat_target(
    "SNAT",
    (
        addresses_option("to-source", base="lost"),
        *flags("random", "random-fully", "persistent"),
    ),
    hooks=("POSTROUTING", "INPUT"),
    title="to:",
)
EXAMPLES4 = """
-j SNAT --to-source 192.0.2.1 ; = ; nat POSTROUTING
-j SNAT --to-source 192.0.2.1-192.0.2.9 ; = ; nat INPUT
-j SNAT --to-source 192.0.2.9-192.0.2.1 ; = ; nat POSTROUTING
-p tcp -j SNAT --to-source 192.0.2.1:80 ; = ; nat POSTROUTING
-j SNAT --pers --random-f --to :: ; error ; nat INPUT
-j SNAT --pers --to 1.1.1.1 ; -j SNAT --to-source 1.1.1.1 --persistent ; nat INPUT
-p udp -j SNAT --to-source :1-5 --random --random-fully --persistent ; = ; nat INPUT
-p 132 -j SNAT --to 1.1.1.1:0x10-32 ; -p sctp -j SNAT --to-source 1.1.1.1:16-32 ; nat INPUT
-p tcp -j SNAT --to-source :10-20/5 ; -p tcp -j SNAT --to-source :10-20/0 ; nat POSTROUTING lost
-j SNAT ; error ; nat POSTROUTING
-j SNAT --to-source 192.0.2.1:80 ; error ; nat POSTROUTING
-j SNAT --to-source 192.0.2 ; error ; nat POSTROUTING
-j SNAT --to-source [192.0.2.1]:80 ; error ; nat POSTROUTING
-j SNAT --to-source fd00::1 ; error ; nat POSTROUTING
-p tcp -j SNAT --to-source 192.0.2.1:80:90 ; error ; nat POSTROUTING
-p tcp -j SNAT --to-source 192.0.2.1:90-80 ; error ; nat POSTROUTING
-p tcp -j SNAT --to-source 192.0.2.1:80-http ; error ; nat POSTROUTING
-p tcp -j SNAT --to-source 192.0.2.1: ; error ; nat POSTROUTING
-j SNAT --to-source 192.0.2.1 --to-source 192.0.2.2 ; error ; nat POSTROUTING
-j SNAT --to-source 192.0.2.1 ; error ; nat PREROUTING
-j SNAT --to-source 192.0.2.1 ; error ; filter INPUT
"""
EXAMPLES6 = """
-j SNAT --to-source 2001:DB8::1 ; -j SNAT --to-source 2001:db8::1 ; nat POSTROUTING
-p tcp -j SNAT --to-source [2001:db8::1]:80 ; = ; nat POSTROUTING
-p tcp -j SNAT --to-source [2001:db8::1-2001:db8::9]:1-9 --random ; = ; nat POSTROUTING
-j SNAT --to-source [2001:db8::1] ; -j SNAT --to-source 2001:db8::1 ; nat POSTROUTING
-p udp -j SNAT --to-source :53 ; = ; nat POSTROUTING
-p udp -j SNAT --to-source []:53 ; -p udp -j SNAT --to-source :53 ; nat POSTROUTING
-p ipv6-icmp -j SNAT --to-source [2001:db8::1]:80 ; error ; nat POSTROUTING
-j SNAT --to-source [2001:db8::1 ; error ; nat POSTROUTING
-j SNAT --to-source 192.0.2.1 ; error ; nat POSTROUTING
"""
