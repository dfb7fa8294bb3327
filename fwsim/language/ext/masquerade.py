"""MASQUERADE: give the connection the address of the device that it leaves by as its source.

Semantics: net/netfilter/xt_MASQUERADE.c; text: libxt_NAT.c.
"""

from fwsim.language.ext._nat import flags, nat_target, ports_option

TARGET = nat_target(
    "MASQUERADE",
    (ports_option(base="lost"), *flags("random", "random-fully")),
    hooks=("POSTROUTING",),
    title="masq ports: ",
)
EXAMPLES = """
-j MASQUERADE ; = ; nat POSTROUTING
-o eth0 -j MASQUERADE --random ; = ; nat POSTROUTING
-p tcp -j MASQUERADE --to-ports 1024-2048 --random-fully ; = ; nat POSTROUTING
-p udp -j MASQUERADE --to-ports 1024 ; = ; nat POSTROUTING
-p udp -j MASQUERADE --to-ports 10-20/5 ; -p udp -j MASQUERADE --to-ports 10-20/0 ; nat POSTROUTING lost
! -p udp -j MASQUERADE --to-ports 1024 ; = ; nat POSTROUTING
-j MASQUERADE --to-ports 1024 ; error ; nat POSTROUTING
-p tcp -j MASQUERADE --to-ports 1024:2048 ; error ; nat POSTROUTING
-j MASQUERADE --persistent ; error ; nat POSTROUTING
-j MASQUERADE ; error ; nat OUTPUT
-j MASQUERADE ; error ; filter FORWARD
"""  # noqa: E501 (an example is a line)
