"""AUDIT: a record for the audit daemon; the packet goes on, whatever --type says.

Semantics: net/netfilter/xt_AUDIT.c; text: libxt_AUDIT.c.
"""

from fwsim.language.options import Option, Shown, Target, Unlist
from fwsim.language.types import OneOf
from fwsim.model.actions import Aside

_TYPES = ("accept", "drop", "reject")


TARGET = Target(
    "AUDIT",
    lambda o, _: (Aside(f"audit record: {o['type']}"),),
    options=(Option("type", OneOf(_TYPES, fold=True), required=True),),
    listing=lambda o, _, numeric: f"AUDIT {o['type']}",
    unlist=Unlist("AUDIT", (Shown("type", ""),)),
)
EXAMPLES = """
-j AUDIT --type accept ; =
-j AUDIT --type DROP ; -j AUDIT --type drop ; nat POSTROUTING
-j AUDIT --type Reject ; -j AUDIT --type reject ; raw OUTPUT
-j AUDIT --type rej ; error
-j AUDIT --type "" ; error
-j AUDIT --type accept --type drop ; error
-j AUDIT ; error
"""
