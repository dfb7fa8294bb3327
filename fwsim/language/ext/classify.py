"""CLASSIFY: the class that queueing puts the packet into (skb->priority).

Semantics: net/netfilter/xt_CLASSIFY.c; text: libxt_CLASSIFY.c, which reads hexadecimal numbers as
far as they go and keeps sixteen bits of each.
"""

import re

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.model import fields as F
from fwsim.model.actions import Assign
from fwsim.model.tuples import NamedTuple

_NUMBER = r"\s*([-+]?)(?:0[xX])?([0-9a-fA-F]+)"
_CLASS = re.compile(f"{_NUMBER}:{_NUMBER}")


class _Class(NamedTuple):
    """MAJOR:MINOR in hexadecimal."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Both in 32 bits."""
        found = _CLASS.match(words[0])
        if found is None:
            raise ValueError("expected MAJOR:MINOR, two hexadecimal numbers")
        major, minor = (int(found[n] + found[n + 1], 16) & 0xFFFF for n in (1, 3))
        return major << 16 | minor

    def write(self, value: int, family: int) -> str:
        """0001:0010"""
        return f"{value >> 16:04x}:{value & 0xFFFF:04x}"


def _list(o: Options, _: Context, numeric: bool) -> str:
    return "CLASSIFY set {:x}:{:x}".format(*divmod(o["set-class"], 0x10000))


TARGET = Target(
    "CLASSIFY",
    lambda o, _: (Assign(F.PRIORITY, F.PRIORITY.top, o["set-class"]),),
    options=(Option("set-class", _Class(), required=True),),
    hooks=("FORWARD", "OUTPUT", "POSTROUTING"),
    listing=_list,
    unlist=Unlist("CLASSIFY", (Shown("set-class", "set "),)),
)
EXAMPLES = """
-j CLASSIFY --set-class 0001:0010 ; = ; mangle POSTROUTING
-j CLASSIFY --set-class 1:ffff ; -j CLASSIFY --set-class 0001:ffff ; filter FORWARD
-j CLASSIFY --set-class 0x1:0XfF ; -j CLASSIFY --set-class 0001:00ff ; raw OUTPUT
-j CLASSIFY --set-class 1ffff:2abcdzz ; -j CLASSIFY --set-class ffff:abcd ; nat OUTPUT
-j CLASSIFY --set-class +1:-1 ; -j CLASSIFY --set-class 0001:ffff ; mangle OUTPUT
-j CLASSIFY --set-class 1 ; error ; mangle POSTROUTING
-j CLASSIFY --set-class :1 ; error ; mangle POSTROUTING
-j CLASSIFY --set-class 1: ; error ; mangle POSTROUTING
-j CLASSIFY --set-class x:1 ; error ; mangle POSTROUTING
-j CLASSIFY ; error ; mangle POSTROUTING
-j CLASSIFY --set-class 1:1 ; error
-j CLASSIFY --set-class 1:1 ; error ; mangle PREROUTING
"""
