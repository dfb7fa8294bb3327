"""SECMARK: give the packet a security mark, which only security modules look at.

Semantics: net/netfilter/xt_SECMARK.c, which also asks the security policy whether there is such a
context: only the host can tell. Text: libxt_SECMARK.c, which writes the context without quotes.
"""

from fwsim.language.options import Option, Shown, Target, Unlist
from fwsim.language.types import Text
from fwsim.model.actions import Aside

TARGET = Target(
    "SECMARK",
    lambda o, _: (Aside(f"security mark {o['selctx']}"),),
    options=(Option("selctx", Text(longest=255, bare=True), required=True),),
    tables=("mangle", "security"),
    listing=lambda o, _, numeric: f"SECMARK selctx {o['selctx']}",
    unlist=Unlist("SECMARK", (Shown("selctx", "selctx "),)),
)
EXAMPLES = """
-j SECMARK --selctx system_u:object_r:http_packet_t:s0 ; = ; mangle INPUT unloaded
-j SECMARK --selctx "a b" ; -j SECMARK --selctx a b ; security OUTPUT unloaded lost
-j SECMARK ; error ; mangle INPUT
-j SECMARK --selctx ; error ; mangle INPUT
-j SECMARK --selctx x --selctx y ; error ; mangle INPUT
-j SECMARK --selctx system_u:object_r:http_packet_t:s0 ; error
"""
