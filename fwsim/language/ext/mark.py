"""mark: the packet's mark, read by -m mark and written by -j MARK.

Semantics: net/netfilter/xt_mark.c; text: libxt_mark.c, libxt_MARK.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Masked, UInt
from fwsim.model import fields as F
from fwsim.model.actions import Assign
from fwsim.model.pred import Pred, masked

FULL = 0xFFFFFFFF


def _matches(o: Options, _: Context) -> Pred:
    return o.sense("mark", masked(F.MARK, *o["mark"]))


def _assignment(o: Options) -> tuple[int, int]:
    """(clear, flip) of whichever spelling was given; all five are one assignment."""
    (name,) = o
    value, mask = o[name] if name in ("set-mark", "set-xmark") else (o[name], FULL)
    return {
        "set-xmark": (mask, value),
        "set-mark": (mask | value, value),
        "and-mark": (~value & FULL, 0),
        "or-mark": (value, value),
        "xor-mark": (0, value),
    }[name]


def _assign(o: Options, _: Context) -> tuple[Assign]:
    clear, flip = _assignment(o)
    return (Assign(F.MARK, clear, flip),)


def _save(o: Options, _: Context) -> str:
    clear, flip = _assignment(o)
    return f"--set-xmark {flip:#x}/{clear:#x}"


def _list_match(o: Options, _: Context, numeric: bool) -> str:
    negated = "! " if o.negated("mark") else ""
    return f"mark match {negated}{Masked().write(o['mark'], 4)}"


def _list_target(o: Options, _: Context, numeric: bool) -> str:
    clear, flip = _assignment(o)
    if clear == 0:
        return f"MARK xor {flip:#x}"
    if flip == 0:
        return f"MARK and {~clear & FULL:#x}"
    if clear == flip:
        return f"MARK or {flip:#x}"
    return f"MARK set {flip:#x}" if clear == FULL else f"MARK xset {flip:#x}/{clear:#x}"


MATCH = Match(
    "mark",
    _matches,
    options=(Option("mark", Masked(), negatable=True, required=True),),
    listing=_list_match,
    unlist=Unlist("mark match", (Shown("mark", ""),)),
)
TARGET = Target(
    "MARK",
    _assign,
    options=(
        Option("set-xmark", Masked(), choice="mark"),
        Option("set-mark", Masked(), choice="mark"),
        Option("and-mark", UInt(hexadecimal=True), choice="mark"),
        Option("or-mark", UInt(hexadecimal=True), choice="mark"),
        Option("xor-mark", UInt(hexadecimal=True), choice="mark"),
    ),
    save=_save,
    listing=_list_target,
    unlist=Unlist(
        "MARK",
        (
            Shown("set-xmark", "x?set "),
            *(Shown(f"{name}-mark", f"{name} ") for name in ("and", "or", "xor")),
        ),
    ),
    regular=("set-xmark",),
)
EXAMPLES = """
-m mark --mark 1 ; -m mark --mark 0x1
-m mark ! --mark 0x1/0xff ; =
-m mark ; error
-m mark --mark z ; error
-j MARK --set-xmark 0x1/0xff ; = ; mangle PREROUTING
-j MARK --set-mark 0x1/0xfe ; -j MARK --set-xmark 0x1/0xff ; mangle PREROUTING
-j MARK --and-mark 0xff ; -j MARK --set-xmark 0x0/0xffffff00 ; mangle PREROUTING
-j MARK --or-mark 0x4 ; -j MARK --set-xmark 0x4/0x4 ; mangle PREROUTING
-j MARK --xor-mark 0x4 ; -j MARK --set-xmark 0x4/0x0 ; mangle PREROUTING
-j MARK ; error ; mangle PREROUTING
"""
