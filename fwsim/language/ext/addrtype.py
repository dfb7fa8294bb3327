"""addrtype: what kind of address the source or destination is, by the host's own routes.

Semantics: net/netfilter/xt_addrtype.c. IPv4 looks the address up (inet_dev_addr_type) and asks
whether its kind is among those named. IPv6 first tells UNSPEC, UNICAST and MULTICAST from the
address itself, and all that are named must hold; only then is it looked up, for LOCAL, ANYCAST and
UNREACHABLE. Text: libxt_addrtype.c.
"""

from collections.abc import Iterator

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.types import Names
from fwsim.model import fields as F
from fwsim.model.names import ROUTE_TYPES
from fwsim.model.pred import Pred, all_of, any_of, is_in, negate, prefix

_BITS = {name: 1 << number for number, name in enumerate(ROUTE_TYPES)}
_TYPES = Names(_BITS)
_LIMITS = ("limit-iface-in", "limit-iface-out")
_LOOKED_UP = {
    "src-type": (F.SRC_TYPE, F.SRC_TYPE_IN, F.SRC_TYPE_OUT),
    "dst-type": (F.DST_TYPE, F.DST_TYPE_IN, F.DST_TYPE_OUT),
}
_ADDRESS = {"src-type": F.SRC[6], "dst-type": F.DST[6]}
_BY_ROUTE_6 = _BITS["LOCAL"] | _BITS["ANYCAST"] | _BITS["UNREACHABLE"]
_NOT_IN_6 = _BITS["BLACKHOLE"] | _BITS["BROADCAST"]


def _kinds(bits: int) -> Iterator[int]:
    return (number for number in range(len(ROUTE_TYPES)) if bits >> number & 1)


def _is_of(o: Options, name: str, family: int) -> Pred:
    bits = o[name]
    whole, inward, outward = _LOOKED_UP[name]
    field = inward if _LIMITS[0] in o else outward if _LIMITS[1] in o else whole
    if family == 4:
        return is_in(field, *_kinds(bits))
    asked = list(_by_address(bits, _ADDRESS[name]))
    if bits & _BY_ROUTE_6:
        asked.append(is_in(field, *_kinds(bits & _BY_ROUTE_6)))
    return all_of(*asked)


def _by_address(bits: int, address: F.Field) -> Iterator[Pred]:
    """ipv6_addr_type: v4-mapped addresses are neither unicast nor multicast."""
    multicast = prefix(address, 0xFF << 120, 8)
    if bits & _BITS["MULTICAST"]:
        yield multicast
    if bits & _BITS["UNICAST"]:
        mapped = prefix(address, 0xFFFF << 32, 96)
        yield negate(any_of(multicast, is_in(address, 0), mapped))
    if bits & _BITS["UNSPEC"]:
        yield is_in(address, 0)


def _matches(o: Options, c: Context) -> Pred:
    return all_of(*(o.sense(n, _is_of(o, n, c.family)) for n in _LOOKED_UP if n in o))


def _check(o: Options, c: Context) -> None:
    if not any(name in o for name in _LOOKED_UP):
        raise ValueError("--src-type or --dst-type is needed")
    if all(name in o for name in _LIMITS):
        raise ValueError("--limit-iface-in and --limit-iface-out exclude each other")
    asked = o.get("src-type", 0) | o.get("dst-type", 0)
    if c.family == 6 and (asked & _NOT_IN_6 or asked >= _BITS["PROHIBIT"]):
        raise ValueError("in IPv6 the kernel knows no such type")


def _hooks(o: Options) -> tuple[str, ...]:
    if _LIMITS[0] in o:
        return ("PREROUTING", "INPUT", "FORWARD")
    return ("FORWARD", "OUTPUT", "POSTROUTING") if _LIMITS[1] in o else ()


def _list(o: Options, _: Context, numeric: bool) -> str:
    text = "ADDRTYPE match"
    for name in _LOOKED_UP:
        if name in o:
            text += f" {name} {o.sign(name, '!')}{_TYPES.write(o[name], 4)}"
    return text + "".join(f" {name.replace('iface-', '')}" for name in _LIMITS if name in o)


MATCH = Match(
    "addrtype",
    _matches,
    options=(
        Option("src-type", _TYPES, negatable=True),
        Option("dst-type", _TYPES, negatable=True),
        Option("limit-iface-in"),
        Option("limit-iface-out"),
    ),
    hooks=_hooks,
    check=_check,
    listing=_list,
    unlist=Unlist(
        "ADDRTYPE match",
        (
            *(Shown(name, f"{name} ") for name in _LOOKED_UP),
            *(Shown(name, name.replace("iface-", ""), "") for name in _LIMITS),
        ),
    ),
)
EXAMPLES = """
-m addrtype --dst-type LOCAL ; =
-m addrtype ! --dst-type local,UNI ; -m addrtype ! --dst-type UNICAST,LOCAL
-m addrtype --dst-type L --src-type mul ; -m addrtype --src-type MULTICAST --dst-type LOCAL
-m addrtype --src-type U ; -m addrtype --src-type UNSPEC
-m addrtype --limit-iface-in --dst-type LOCAL ; -m addrtype --dst-type LOCAL --limit-iface-in
-m addrtype --dst-type LOCAL --limit-iface-out ; = ; mangle POSTROUTING
-m addrtype ! --src-type ANYCAST,UNREACHABLE --limit-iface-in ; = ; filter FORWARD
-m addrtype --dst-type LOCAL --limit-iface-out ; error
-m addrtype --dst-type LOCAL --limit-iface-in ; error ; filter OUTPUT
-m addrtype --dst-type LOCAL --limit-iface-out --limit-iface-in ; error ; filter FORWARD
-m addrtype --limit-iface-in ; error
-m addrtype --dst-type ; error
-m addrtype --dst-type LOCAL, ; error
-m addrtype --dst-type HOME ; error
-m addrtype ; error
"""
EXAMPLES4 = """
-m addrtype --src-type XRES,NAT ; -m addrtype --src-type NAT,XRESOLVE
-m addrtype --src-type PROHIBIT,THROW ; =
-m addrtype ! --dst-type BROADCAST,BLACKHOLE ; =
"""
EXAMPLES6 = """
-m addrtype --src-type BROADCAST ; error
-m addrtype --dst-type BLACKHOLE ; error
-m addrtype --dst-type PROHIBIT ; error
"""
