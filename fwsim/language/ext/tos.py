"""tos: the byte that is TOS in IPv4 and the traffic class in IPv6, read by -m tos and written by
-j TOS.

Semantics: net/netfilter/xt_dscp.c (tos_mt), xt_DSCP.c (tos_tg), which clears the mask's bits and
flips the value's. Text: libxt_tos.c, libxt_TOS.c: a name stands for value/0x3f.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.language.values import number
from fwsim.model import fields as F
from fwsim.model.actions import Assign
from fwsim.model.pred import Pred, masked
from fwsim.model.tuples import NamedTuple

_NAMES = {
    "Minimize-Delay": 0x10, "Maximize-Throughput": 0x08, "Maximize-Reliability": 0x04,
    "Minimize-Cost": 0x02, "Normal-Service": 0x00,
}  # fmt: skip
_BY_NAME = 0x3F


class _TosMask(NamedTuple):
    """XTTYPE_TOSMASK: value or value/mask, eight bits each, or a name."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(value, mask)"""
        for name, bits in _NAMES.items():
            if name.lower() == words[0].lower():
                return bits, _BY_NAME
        value, slash, mask = words[0].partition("/")
        try:
            return number(value, 0, 0xFF), number(mask, 0, 0xFF) if slash else 0xFF
        except ValueError:
            raise ValueError(f"expected VALUE[/MASK] up to 0xff, or {', '.join(_NAMES)}") from None

    def write(self, value: tuple[int, int], family: int) -> str:
        """0x10/0xff"""
        return "/".join(f"0x{part:02x}" for part in value)


_TYPE = _TosMask()


def _matches(o: Options, _: Context) -> Pred:
    return o.sense("tos", masked(F.TOS, *o["tos"]))


def _assignment(o: Options) -> tuple[int, int]:
    """(flip, clear) of whichever spelling was given."""
    ((option, value),) = o.items()
    if option == "set-tos":
        return value[0], value[1]
    return {"and": (0, value ^ 0xFF), "or": (value, value), "xor": (value, 0)}[option[:-4]]


def _assign(o: Options, _: Context) -> tuple[Assign]:
    flip, clear = _assignment(o)
    return (Assign(F.TOS, clear, flip),)


def _name(value: int, mask: int) -> str | None:
    return next((n for n, bits in _NAMES.items() if (bits, _BY_NAME) == (value, mask)), None)


def _list_match(o: Options, _: Context, numeric: bool) -> str:
    name = None if numeric else _name(*o["tos"])
    return f"tos match{o.sign('tos', '!')}" + (f" {name}" if name else _TYPE.write(o["tos"], 4))


def _list_target(o: Options, _: Context, numeric: bool) -> str:
    flip, clear = _assignment(o)
    plain = f"TOS set {_TYPE.write((flip, clear), 4)}"
    if numeric:
        return plain
    if name := _name(flip, clear):
        return f" TOS set{name}"  # so it is printed
    if flip == 0:
        return f"TOS and 0x{clear ^ 0xFF:02x}"
    if flip == clear:
        return f"TOS or 0x{flip:02x}"
    return f"TOS xor 0x{flip:02x}" if clear == 0 else plain


MATCH = Match(
    "tos",
    _matches,
    options=(Option("tos", _TYPE, negatable=True, required=True),),
    listing=_list_match,
    unlist=Unlist("tos match", (Shown("tos", ""),)),
)
TARGET = Target(
    "TOS",
    _assign,
    options=(
        Option("set-tos", _TYPE, choice="tos"),
        Option("and-tos", UInt(0, 0xFF), choice="tos"),
        Option("or-tos", UInt(0, 0xFF), choice="tos"),
        Option("xor-tos", UInt(0, 0xFF), choice="tos"),
    ),
    tables=("mangle",),
    save=lambda o, _: f"--set-tos {_TYPE.write(_assignment(o), 4)}",
    listing=_list_target,
    unlist=Unlist(
        "TOS",
        (
            Shown("set-tos", "set ?"),
            *(Shown(f"{name}-tos", f"{name} ") for name in ("and", "or", "xor")),
        ),
    ),
)
EXAMPLES = """
-m tos --tos 0x10 ; -m tos --tos 0x10/0xff
-m tos ! --tos 0x10/0x1c ; =
-m tos --tos 5/3 ; -m tos --tos 0x05/0x03
-m tos --tos Minimize-Delay ; -m tos --tos 0x10/0x3f
-m tos --tos MAXIMIZE-throughput ; -m tos --tos 0x08/0x3f
-m tos ! --tos Maximize-Reliability ; -m tos ! --tos 0x04/0x3f ; mangle OUTPUT
-m tos --tos Minimize-Cost ; -m tos --tos 0x02/0x3f
-m tos --tos Normal-Service ; -m tos --tos 0x00/0x3f
-m tos --tos Minimize ; error
-m tos --tos 256 ; error
-m tos --tos 1/256 ; error
-m tos --tos 1/ ; error
-m tos --tos 0x10z ; error
-m tos ; error
-j TOS --set-tos 0x10 ; -j TOS --set-tos 0x10/0xff ; mangle PREROUTING
-j TOS --set-tos 3/0xf ; -j TOS --set-tos 0x03/0x0f ; mangle INPUT
-j TOS --set-tos Minimize-Delay ; -j TOS --set-tos 0x10/0x3f ; mangle FORWARD
-j TOS --set-tos 0/0x3f ; -j TOS --set-tos 0x00/0x3f ; mangle FORWARD
-j TOS --set-tos 0/0 ; -j TOS --set-tos 0x00/0x00 ; mangle OUTPUT
-j TOS --and-tos 0xf0 ; -j TOS --set-tos 0x00/0x0f ; mangle POSTROUTING
-j TOS --or-tos 3 ; -j TOS --set-tos 0x03/0x03 ; mangle POSTROUTING
-j TOS --xor-tos 3 ; -j TOS --set-tos 0x03/0x00 ; mangle POSTROUTING
-j TOS --xor-tos 256 ; error ; mangle POSTROUTING
-j TOS --or-tos 1 --and-tos 1 ; error ; mangle POSTROUTING
-j TOS --set-tos 1/ ; error ; mangle POSTROUTING
-j TOS ; error ; mangle POSTROUTING
-j TOS --set-tos 1 ; error
"""
