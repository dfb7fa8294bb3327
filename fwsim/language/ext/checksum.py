"""CHECKSUM: write the checksum that the network card would otherwise fill in; whether the packet
gets through does not depend on it.

Semantics: net/netfilter/xt_CHECKSUM.c; text: libxt_CHECKSUM.c.
"""

from fwsim.language.options import Option, Shown, Target, Unlist
from fwsim.model.actions import Aside

TARGET = Target(
    "CHECKSUM",
    lambda o, _: (Aside("fill in the checksum"),),
    options=(Option("checksum-fill", required=True),),
    tables=("mangle",),
    listing=lambda o, _, numeric: "CHECKSUM fill",
    unlist=Unlist("CHECKSUM", (Shown("checksum-fill", "fill", ""),)),
)
EXAMPLES = """
-p udp -j CHECKSUM --checksum-fill ; = ; mangle POSTROUTING
-j CHECKSUM --checksum-f ; -j CHECKSUM --checksum-fill ; mangle INPUT
-j CHECKSUM ; error ; mangle POSTROUTING
-j CHECKSUM --checksum-fill --checksum-fill ; error ; mangle POSTROUTING
-j CHECKSUM --checksum-fill ; error
"""
