"""TRACE: have the kernel log every rule that the packet meets from here on; it goes on.

Semantics: net/netfilter/xt_TRACE.c; text: libxt_TRACE.c.
"""

from fwsim.language.options import Target
from fwsim.model.actions import Aside

TARGET = Target("TRACE", lambda o, _: (Aside("trace it in the kernel's log"),), tables=("raw",))
EXAMPLES = """
-j TRACE ; = ; raw PREROUTING
-p udp -j TRACE ; = ; raw OUTPUT
-j TRACE --all ; error ; raw OUTPUT
-j TRACE ; error
-j TRACE ; error ; mangle PREROUTING
"""
