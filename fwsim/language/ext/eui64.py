"""eui64: the source address ends with the EUI-64 of the sender's Ethernet address.

Semantics: net/ipv6/netfilter/ip6t_eui64.c; text: libip6t_eui64.c.
"""

from fwsim.language.ext._body import if_given
from fwsim.language.options import Context, Match, Options
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.pred import Pred, is_in


def _is_own(facts: Facts) -> int:
    mac = bytes.fromhex((facts.packet.mac_src or "00" * 6).replace(":", ""))
    eui64 = bytes((mac[0] ^ 2, *mac[1:3], 0xFF, 0xFE, *mac[3:]))
    return int(facts.packet.src & (1 << 64) - 1 == int.from_bytes(eui64, "big"))


_OWN = Field("source ends with its sender's EUI-64", 1, "flag", _is_own)
_SENDER_GIVEN = Field(
    "sender's Ethernet address given", 1, "flag", lambda f: int(f.packet.mac_src is not None)
)


def _matches(_: Options, c: Context) -> Pred:
    why = "its source ends with its sender's EUI-64"
    return if_given(c, is_in(_OWN, 1), "eui64", why, _SENDER_GIVEN)


MATCH = Match(
    "eui64",
    _matches,
    families=(6,),
    hooks=("PREROUTING", "INPUT", "FORWARD"),
)
EXAMPLES6 = """
-m eui64 ; =
-m eui64 ; = ; filter FORWARD
-p tcp -m eui64 -m eui64 -j DROP ; = ; raw PREROUTING
-m eui64 ; error ; filter OUTPUT
-m eui64 ; error ; mangle POSTROUTING
-m eui64 --eui64 ; error
"""
