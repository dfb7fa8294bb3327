"""CONNSECMARK: copy the security mark between packet and connection, which only security modules
look at.

Semantics: net/netfilter/xt_CONNSECMARK.c; text: libxt_CONNSECMARK.c.
"""

from fwsim.language.options import Option, Shown, Target, Unlist
from fwsim.model.actions import Aside

TARGET = Target(
    "CONNSECMARK",
    lambda o, _: (Aside(f"security mark: {next(iter(o))}"),),
    options=(Option("save", choice="way"), Option("restore", choice="way")),
    tables=("mangle", "security"),
    listing=lambda o, _, numeric: f"CONNSECMARK {next(iter(o))}",
    unlist=Unlist("CONNSECMARK", tuple(Shown(name, name, "") for name in ("save", "restore"))),
)
EXAMPLES = """
-j CONNSECMARK --save ; = ; mangle PREROUTING
-j CONNSECMARK --rest ; -j CONNSECMARK --restore ; security OUTPUT
-j CONNSECMARK --save --restore ; error ; security OUTPUT
-j CONNSECMARK --save --save ; error ; security OUTPUT
-j CONNSECMARK ; error ; security OUTPUT
-j CONNSECMARK --save ; error
"""
