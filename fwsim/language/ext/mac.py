"""mac: the Ethernet address that the packet came from.

Semantics: net/netfilter/xt_mac.c: a packet that came by no Ethernet device (lo, say) never
matches, not even negated. Text: libxt_mac.c.
"""

import re
from typing import Any

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.model import fields as F
from fwsim.model.facts import Facts
from fwsim.model.pred import In, Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple

_OCTET = re.compile("[0-9a-f]{0,2}|[ \t-\r+-][0-9a-f]")  # as strtoul has it


class _Mac(NamedTuple):
    """XTTYPE_ETHERMAC: six hexadecimal numbers of up to two digits; none is 0."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """02:00:00:00:00:01"""
        parts = words[0].lower().split(":")
        if len(parts) != 6 or not all(map(_OCTET.fullmatch, parts)):
            raise ValueError("expected a MAC address such as 02:00:00:00:00:01")
        return ":".join(f"{int(part or '0', 16) & 0xFF:02x}" for part in parts)

    def write(self, value: str, family: int) -> str:
        """The same."""
        return value

    def spellings(self, family: int) -> tuple[str, ...]:
        """As iptables-save writes it."""
        return ("[0-9a-f]{2}(?::[0-9a-f]{2}){5}",)


def _matches(o: Options, c: Context) -> Pred:
    wanted = o["mac-source"]

    def step(facts: Facts, memory: Any) -> tuple[bool | None, Any]:
        seen = facts.packet.mac_src
        return (None if seen is None else seen == wanted), memory

    value = int(wanted.replace(":", ""), 16)
    told = In(F.MAC_SRC, ((value, value),))
    asked = fact(c, f"mac {wanted}", f"its source MAC is {wanted}", step, told=told)
    return all_of(is_in(F.FROM_ETHERNET, 1), o.sense("mac-source", asked))


MATCH = Match(
    "mac",
    _matches,
    options=(Option("mac-source", _Mac(), negatable=True, required=True),),
    hooks=("PREROUTING", "INPUT", "FORWARD"),
    listing=lambda o, _, numeric: f"MAC {o.sign('mac-source')}{o['mac-source']}",
    unlist=Unlist("MAC", (Shown("mac-source", ""),)),
)
EXAMPLES = """
-m mac --mac-source 02:00:00:00:0a:01 ; =
-m mac ! --mac-source 00:11:22:AA:bb:CC ; -m mac ! --mac-source 00:11:22:aa:bb:cc ; raw PREROUTING
-m mac --mac-source 0:1:2:a:b:c ; -m mac --mac-source 00:01:02:0a:0b:0c ; filter FORWARD
-m mac --mac-source 2::::: ; -m mac --mac-source 02:00:00:00:00:00
-m mac --mac-source 02:00:00:00:0a ; error
-m mac --mac-source 02:00:00:00:0a:01:02 ; error
-m mac --mac-source 02:00:00:00:0a:5g ; error
-m mac --mac-source 002:00:00:00:0a:01 ; error
-m mac --mac-source 020000000a01 ; error
-m mac --mac-source 02-00-00-00-0a-01 ; error
-m mac ; error
-m mac --mac-source 02:00:00:00:0a:01 ; error ; filter OUTPUT
-m mac --mac-source 02:00:00:00:0a:01 ; error ; mangle POSTROUTING
"""
