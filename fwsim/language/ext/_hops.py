"""What ttl and hl share: the hops a packet may still make, matched and set.

Semantics: net/netfilter/xt_hl.c, xt_HL.c, where a sum stays at 255 and a difference at 0; text:
libipt_ttl.c, libip6t_hl.c, libipt_TTL.c, libip6t_HL.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.model import fields as F
from fwsim.model.actions import Rewrite
from fwsim.model.facts import Facts
from fwsim.model.packet import Packet
from fwsim.model.pred import Pred, is_in

_SIGNS = {"eq": "==", "lt": "<", "gt": ">"}
_VERBS = {"set": "set to", "dec": "decrement by", "inc": "increment by"}


def hops_match(name: str, family: int) -> Match:
    """The match of that name: NAME-eq, NAME-lt, NAME-gt."""

    def matches(o: Options, _: Context) -> Pred:
        (option,) = o
        value = o[option]
        spans = {"eq": (value, value), "lt": (0, value - 1), "gt": (value + 1, 255)}
        return o.sense(option, is_in(F.TTL, spans[option[-2:]]))

    def listed(o: Options, _: Context, numeric: bool) -> str:
        (option,) = o
        sign = "!=" if o.negated(option) else _SIGNS[option[-2:]]
        return f"{name.upper()} match {name.upper()} {sign} {o[option]}"

    options = (
        Option(f"{name}-eq", UInt(0, 255), negatable=True, aliases=(name,), choice="hops"),
        Option(f"{name}-lt", UInt(0, 255), choice="hops"),
        Option(f"{name}-gt", UInt(0, 255), choice="hops"),
    )
    unlist = Unlist(
        f"{name.upper()} match {name.upper()}",
        (Shown(f"{name}-eq", "==? "), Shown(f"{name}-lt", "< "), Shown(f"{name}-gt", "> ")),
    )
    return Match(name, matches, options, families=(family,), listing=listed, unlist=unlist)


def hops_target(name: str, family: int) -> Target:
    """The target of that name in capitals: NAME-set, NAME-dec, NAME-inc."""

    def changes(o: Options, _: Context) -> tuple[Rewrite]:
        (option,) = o
        value = o[option]

        def change(facts: Facts) -> Packet:
            old = facts.packet.ttl
            new = {"set": value, "dec": max(0, old - value), "inc": min(255, old + value)}
            return facts.packet.but(ttl=new[option[-3:]])

        return (Rewrite(f"{name.upper()} {_VERBS[option[-3:]]} {value}", change, (F.TTL,)),)

    def listed(o: Options, _: Context, numeric: bool) -> str:
        (option,) = o
        return f"{name.upper()} {_VERBS[option[-3:]]} {o[option]}"

    options = (
        Option(f"{name}-set", UInt(0, 255), choice="hops"),
        Option(f"{name}-dec", UInt(1, 255), choice="hops"),
        Option(f"{name}-inc", UInt(1, 255), choice="hops"),
    )
    upper = name.upper()
    return Target(upper, changes, options, families=(family,), tables=("mangle",), listing=listed)


def hops_examples(name: str) -> str:
    """The EXAMPLES of either."""
    return _EXAMPLES.replace("ttl", name).replace("TTL", name.upper())


_EXAMPLES = """
-m ttl --ttl-eq 5 ; =
-m ttl --ttl 0x40 ; -m ttl --ttl-eq 64
-m ttl ! --ttl 5 ; -m ttl ! --ttl-eq 5
-m ttl --ttl-lt 0 ; =
-m ttl --ttl-lt 9 ; = ; raw PREROUTING
-m ttl --ttl-gt 255 ; =
-m ttl --ttl-g 1 ; -m ttl --ttl-gt 1
-m ttl ! --ttl-lt 5 ; error
-m ttl ! --ttl-gt 5 ; error
-m ttl --ttl-gt 5 --ttl-lt 9 ; error
-m ttl --ttl-eq 5 --ttl 5 ; error
-m ttl --ttl-eq 256 ; error
-m ttl --ttl-eq ; error
-m ttl ; error
-j TTL --ttl-set 0 ; = ; mangle PREROUTING
-j TTL --ttl-set 0x40 ; -j TTL --ttl-set 64 ; mangle POSTROUTING
-j TTL --ttl-dec 1 ; = ; mangle FORWARD
-j TTL --ttl-inc 255 ; = ; mangle OUTPUT
-j TTL --ttl-inc 1 --ttl-dec 1 ; error ; mangle PREROUTING
-j TTL --ttl-inc 0 ; error ; mangle PREROUTING
-j TTL --ttl-dec 0 ; error ; mangle PREROUTING
-j TTL --ttl-set 256 ; error ; mangle PREROUTING
-j TTL ! --ttl-set 5 ; error ; mangle PREROUTING
-j TTL ; error ; mangle PREROUTING
-j TTL --ttl-set 5 ; error
"""
