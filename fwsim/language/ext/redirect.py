"""REDIRECT: send the connection to the host itself.

Semantics: net/netfilter/xt_REDIRECT.c; text: libxt_NAT.c.
"""

from fwsim.language.ext._nat import flags, nat_target, ports_option

TARGET = nat_target(
    "REDIRECT",
    (ports_option(base="refused"), *flags("random")),
    hooks=("PREROUTING", "OUTPUT"),
    title="redir ports ",
)
EXAMPLES = """
-p tcp -j REDIRECT --to-ports 3128 ; = ; nat PREROUTING
-p udp -j REDIRECT --to-ports 1-9 --random ; = ; nat OUTPUT
-p tcp -j REDIRECT --to-port https ; -p tcp -j REDIRECT --to-ports 443 ; nat PREROUTING
-j REDIRECT ; = ; nat PREROUTING
-p tcp -j REDIRECT --to-ports 10-20/5 ; error ; nat PREROUTING
-j REDIRECT --to-ports 80 ; error ; nat PREROUTING
-p tcp -j REDIRECT --to-ports 70000 ; error ; nat PREROUTING
-j REDIRECT --random-fully ; error ; nat PREROUTING
-j REDIRECT ; error ; nat INPUT
-j REDIRECT ; error ; mangle PREROUTING
"""
