"""NOTRACK: the older spelling of CT's --notrack.

Semantics: iptables 1.8.9 loads it as revision 2 of xt_CT and remembers the spelling; text:
libxt_CT.c. Listings have CT in the target's column.
"""

from fwsim.language.options import Target, Unlist
from fwsim.model.actions import Template

TARGET = Target(
    "NOTRACK",
    lambda o, c: (Template(notrack=True),),
    tables=("raw",),
    listing=lambda o, c, numeric: "NOTRACK",
    unlist=Unlist("NOTRACK"),
    listed_as="CT",
)
EXAMPLES = """
-j NOTRACK ; = ; raw PREROUTING
-p tcp --dport 80 -j NOTRACK ; -p tcp -m tcp --dport 80 -j NOTRACK ; raw OUTPUT
-j NOTRACK ; error ; filter INPUT
-j NOTRACK --notrack ; error ; raw OUTPUT
-j NOTRACK --zone 5 ; error ; raw OUTPUT
"""
