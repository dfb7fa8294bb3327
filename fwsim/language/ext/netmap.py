"""NETMAP: put another network before the host bits of the destination, or in INPUT and POSTROUTING
of the source.

Semantics: net/netfilter/xt_NETMAP.c; text: libipt_NETMAP.c, libip6t_NETMAP.c, where a mask that is
no prefix counts as a full one.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import AddressMask, HostMask
from fwsim.language.values import bits_of
from fwsim.model.actions import Nat, NatRange


def _network(o: Options) -> tuple[int, int]:
    address, mask = o["to"]
    return address & mask, mask


def _map(o: Options, c: Context) -> tuple[Nat]:
    low, mask = _network(o)
    high = low | ((1 << bits_of(c.family)) - 1 & ~mask)
    return (Nat("netmap", NatRange(addresses=(low, high))),)


def _text(o: Options, c: Context) -> str:
    return AddressMask().write(_network(o), c.family)


TARGET = Target(
    "NETMAP",
    _map,
    options=(Option("to", HostMask(), required=True),),
    tables=("nat",),
    hooks=("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    save=lambda o, c: f"--to {_text(o, c)}",
    listing=lambda o, c, numeric: f"to:{_text(o, c)}",
    unlist=Unlist("", (Shown("to", "to:"),)),
)
EXAMPLES4 = """
-j NETMAP --to 10.0.0.0/24 ; = ; nat PREROUTING
-j NETMAP --to 10.0.0.77/24 ; -j NETMAP --to 10.0.0.0/24 ; nat POSTROUTING
-j NETMAP --to 10.1 ; -j NETMAP --to 10.0.0.1/32 ; nat INPUT
-j NETMAP --to 10.0.0.0/255.255.0.0 ; -j NETMAP --to 10.0.0.0/16 ; nat OUTPUT
-j NETMAP --to 10.0.0.5/255.0.255.0 ; -j NETMAP --to 10.0.0.5/32 ; nat OUTPUT
-j NETMAP --to 10.0.0.5/0 ; -j NETMAP --to 0.0.0.0/0 ; nat OUTPUT
-j NETMAP --to 10.0.0.0/x ; error ; nat PREROUTING
-j NETMAP --to fd00::/64 ; error ; nat PREROUTING
-j NETMAP --to "" ; error ; nat PREROUTING
-j NETMAP ; error ; nat PREROUTING
-j NETMAP --to 10.0.0.0/24 ; error ; mangle PREROUTING
-j NETMAP --to 10.0.0.0/24 ; error ; filter INPUT
"""
EXAMPLES6 = """
-j NETMAP --to fd00::/64 ; = ; nat PREROUTING
-j NETMAP --to fd00:1:2:3:4:ffff:ffff:ffff/97 ; \
-j NETMAP --to fd00:1:2:3:4:ffff:8000:0/97 ; nat POSTROUTING
-j NETMAP --to fd00::77 ; -j NETMAP --to fd00::77/128 ; nat INPUT
-j NETMAP --to fd00::/ffff:0:ffff:: ; -j NETMAP --to fd00::/128 ; nat OUTPUT
-j NETMAP --to fd00::/129 ; error ; nat OUTPUT
-j NETMAP --to fd00::/64 ; error ; filter INPUT
"""
