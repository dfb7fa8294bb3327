"""DNAT: send the connection elsewhere.

Semantics: net/netfilter/xt_nat.c (revision 2, with shifted port ranges); text: libxt_NAT.c.
"""

from fwsim.language.ext._nat import addresses_option, flags, nat_target

TARGET = nat_target(
    "DNAT",
    (addresses_option("to-destination", base="kept"), *flags("random", "persistent")),
    hooks=("PREROUTING", "OUTPUT"),
    title="to:",
)
EXAMPLES4 = """
-j DNAT --to-destination 172.18.0.3 ; = ; nat PREROUTING
-p tcp -j DNAT --to-destination 172.18.0.3:8080 ; = ; nat OUTPUT
-p tcp -j DNAT --to-destination 10.88.0.2:9000-9004/9000 ; = ; nat PREROUTING
-p 6 -j DNAT --to-d :9-9/http ; -p tcp -j DNAT --to-destination :9/80 ; nat OUTPUT lost
-p tcp -j DNAT --to-destination 10.88.0.2-10.88.0.5:9000-9004/80 ; = ; nat PREROUTING
-p udp -j DNAT --to-d :domain --random ; -p udp -j DNAT --to-destination :53 --random ; nat OUTPUT
-j DNAT --pers --to-d 1.1.1.1 ; -j DNAT --to-destination 1.1.1.1 --persistent ; nat OUTPUT
-p tcp -j DNAT --to-destination :http-alt ; -p tcp -j DNAT --to-destination :8080 ; nat PREROUTING
-p tcp -j DNAT --to-destination 80:90 ; -p tcp -j DNAT --to-destination :90 ; nat OUTPUT
-p icmp -j DNAT --to-destination 10.0.0.1:5 ; = ; nat PREROUTING
-j DNAT ; error ; nat PREROUTING
-j DNAT --to-destination : ; error ; nat PREROUTING
-j DNAT --to-destination 10.0.0.1:80 -p tcp ; error ; nat PREROUTING
-p tcp -j DNAT --to-destination 10.0.0.1:80/70 ; error ; nat PREROUTING
-p tcp -j DNAT --to-destination 10.0.0.1:80-90/0 ; error ; nat PREROUTING
-p tcp -j DNAT --to-destination 10.0.0.1:65536 ; error ; nat PREROUTING
-j DNAT --to-destination 10.0.0.1 --random-fully ; error ; nat PREROUTING
-j DNAT --to-destination 10.0.0.1 ; error ; nat POSTROUTING
-j DNAT --to-destination 10.0.0.1 ; error ; mangle PREROUTING
"""
EXAMPLES6 = """
-p tcp -j DNAT --to-destination [fd00::3]:8080 ; = ; nat PREROUTING
-p tcp -j DNAT --to-destination [fd00::3]:1-5/9 ; = ; nat OUTPUT
-j DNAT --to-destination fd00::3-fd00::9 ; = ; nat PREROUTING
-j DNAT --to-destination fd00 ; error ; nat PREROUTING
"""
