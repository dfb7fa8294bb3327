"""rt: the IPv6 routing header: its type, the segments left, and the addresses of type 0.

Semantics: net/ipv6/netfilter/ip6t_rt.c; text: libip6t_rt.c, which reads the options that need type
0 only behind it.
"""

from fwsim.language.ext._exthdr import Header
from fwsim.language.ext._spans import list_number, list_span, save_spans, within
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt, UIntRange
from fwsim.language.values import address
from fwsim.model.chain import Found
from fwsim.model.exthdr import ROUTING, octets
from fwsim.model.names import address_text
from fwsim.model.pred import Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple

_MOST = 16
_HEADER = Header(ROUTING, 4, "routing header")
_TYPE = _HEADER.number("type", 2, 1)
_LEFT = _HEADER.number("segments left", 3, 1)
_RESERVED = _HEADER.number("reserved bytes", 4, 4, "hex")
_LENGTH = _HEADER.length()


class _Addresses(NamedTuple):
    """Up to 16 IPv6 addresses, separated by commas."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, ...]:
        """The addresses as numbers."""
        parts = words[0].split(",")
        if len(parts) > _MOST:
            raise ValueError(f"expected {_MOST} addresses at most")
        return tuple(address(part, 6) for part in parts)

    def write(self, value: tuple[int, ...], family: int) -> str:
        """fd00::1,fd00::2"""
        return ",".join(address_text(one, 128) for one in value)


def _matches(o: Options, _: Context) -> Meaning:
    asked: list[Pred] = []
    for name, field in (("rt-segsleft", _LEFT), ("rt-len", _LENGTH), ("rt-type", _TYPE)):
        if name in o:
            span = o[name] if isinstance(o[name], tuple) else (o[name],) * 2
            asked.append(o.sense(name, within(field, span)))
    if "rt-0-res" in o:
        asked.append(is_in(_RESERVED, 0))
    if "rt-0-addrs" in o:
        asked.append(_visits(o["rt-0-addrs"], strict="rt-0-not-strict" not in o))
    return _HEADER.meaning(all_of(*asked))


def _visits(wanted: tuple[int, ...], strict: bool) -> Pred:
    """The header's addresses are these, or, not strict, these are among them in this order."""

    def read(found: Found) -> int:
        body = found.data[8 : octets(ROUTING, found.data)]
        there = [int.from_bytes(body[n : n + 16], "big") for n in range(0, len(body) - 15, 16)]
        if strict:
            return int(tuple(there) == wanted)
        rest = iter(there)
        return int(all(one in rest for one in wanted))

    return is_in(_HEADER.field("addresses are those", 1, read, "flag"), 1)


def _check(o: Options, _: Context) -> None:
    names = list(o)
    for name in ("rt-0-res", "rt-0-addrs"):
        before = names[: names.index(name)] if name in o else ["rt-type"]
        if "rt-type" not in before or (name in o and (o["rt-type"] or o.negated("rt-type"))):
            raise ValueError(f"--{name} needs --rt-type 0 before it")
    if "rt-0-not-strict" in o and "rt-0-addrs" not in names[: names.index("rt-0-not-strict")]:
        raise ValueError("--rt-0-not-strict needs --rt-0-addrs before it")


def signed(value: int) -> str:
    """As C prints 32 bits by %d."""
    return str(value - (value >> 31 << 32))


def _shown_type(text: str, _: Context) -> list[str]:
    return ["--rt-type", str(int(text) & 0xFFFFFFFF)]


def _list(o: Options, _: Context, numeric: bool) -> str:
    text = list_number(" type", o, "rt-type", signed) + list_span(" segsleft", o, "rt-segsleft")
    text += list_number(" length", o, "rt-len") + " reserved" * ("rt-0-res" in o)
    if "rt-0-addrs" in o:
        text += f" 0-addrs {_Addresses().write(o['rt-0-addrs'], 6)}"
    return "rt" + text + " 0-not-strict" * ("rt-0-not-strict" in o)


_OPTIONS = (
    Option("rt-type", UInt(), negatable=True),
    Option("rt-segsleft", UIntRange(), negatable=True),
    Option("rt-len", UInt(), negatable=True),
    Option("rt-0-res"),
    Option("rt-0-addrs", _Addresses()),
    Option("rt-0-not-strict"),
)
MATCH = Match(
    "rt",
    _matches,
    options=_OPTIONS,
    families=(6,),
    check=_check,
    save=lambda o, _: save_spans(o, _OPTIONS).strip(),
    listing=_list,
    unlist=Unlist(
        "rt",
        (
            Shown("rt-type", "type:", r"-?\d+", words=_shown_type),
            Shown("rt-segsleft", "segslefts?:"),
            Shown("rt-len", "length:"),
            Shown("rt-0-res", "reserved", ""),
            Shown("rt-0-addrs", "0-addrs "),
            Shown("rt-0-not-strict", "0-not-strict", ""),
        ),
    ),
)
EXAMPLES6 = """
-m rt ; =
-m rt --rt-type 0 ; =
-m rt ! --rt-type 0x2 --rt-segsleft 1:3 ; -m rt ! --rt-type 2 --rt-segsleft 1:3
-m rt ! --rt-len 24 --rt-segsleft :5 ; -m rt --rt-segsleft 0:5 ! --rt-len 24
-m rt ! --rt-segsleft : ; -m rt
-m rt ! --rt-segsleft 5 --rt-type 4294967295 ; -m rt --rt-type 4294967295 ! --rt-segsleft 5
-m rt --rt-type 0 --rt-0-res ; =
-m rt --rt-type 0 --rt-0-addrs FD00::1,fd00::2 ; -m rt --rt-type 0 --rt-0-addrs fd00::1,fd00::2
-m rt --rt-type 0 --rt-0-addrs ::1 --rt-0-not-strict ; =
-m rt --rt-type 0 --rt-0-addrs ::,::,::,::,::,::,::,::,::,::,::,::,::,::,::,:: ; =
-m rt --rt-type 0 --rt-0-addrs ::,::,::,::,::,::,::,::,::,::,::,::,::,::,::,::,:: ; error
-m rt --rt-type 0 --rt-0-addrs ::1, ; error
-m rt --rt-type 0 --rt-0-addrs 10.0.0.1 ; error
-m rt --rt-type 0 ! --rt-0-addrs ::1 ; error
-m rt --rt-type 1 --rt-0-addrs ::1 ; error
-m rt ! --rt-type 0 --rt-0-res ; error
-m rt --rt-0-res --rt-type 0 ; error
-m rt --rt-0-addrs ::1 --rt-type 0 ; error
-m rt --rt-type 0 --rt-0-not-strict ; error
-m rt --rt-type 0 --rt-0-not-strict --rt-0-addrs ::1 ; error
-m rt --rt-type 0:1 ; error
-m rt --rt-segsleft 4294967296 ; error
-m rt --rt-len ; error
"""
