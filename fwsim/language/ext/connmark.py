"""connmark: the connection's mark, read by -m connmark and written by -j CONNMARK.

Semantics: net/netfilter/xt_connmark.c: nothing matches, and nothing is done, where there is no
connection; text: libxt_connmark.c, libxt_CONNMARK.c (revision 2, with shifts). The options are read
from left to right into one record, where the last one wins: --mask 5 before --set-mark is lost.
"""

from fwsim.language.ext._mark import (
    FULL,
    SET_OPTIONS,
    SHOWN,
    SPELLINGS,
    assignment,
    list_assignment,
)
from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Masked, UInt
from fwsim.model import fields as F
from fwsim.model.actions import Action, Assign, Copy
from fwsim.model.pred import Pred, all_of, is_in, masked
from fwsim.model.tuples import NamedTuple


class _Record(NamedTuple):
    """`mode` is set, save or restore; `shift` counts to the left."""

    mode: str = ""
    mark: int = 0
    ctmask: int = FULL
    nfmask: int = FULL
    shift: int = 0


def _record(o: Options) -> _Record:
    found = _Record()
    for name, value in o.items():
        if name in SPELLINGS:
            clear, flip = assignment(name, value)
            found = found._replace(mode="set", mark=flip, ctmask=clear)
        elif name in ("save-mark", "restore-mark"):
            found = found._replace(mode=name.partition("-")[0])
        elif name == "mask":
            found = found._replace(ctmask=value, nfmask=value)
        elif name == "ctmask":
            found = found._replace(ctmask=value)
        elif name == "nfmask":
            found = found._replace(nfmask=value)
        else:
            found = found._replace(shift=-value if name == "right-shift-mark" else value)
    return found


def _act(o: Options, _: Context) -> tuple[Action, ...]:
    mode, mark, ctmask, nfmask, shift = _record(o)
    if mode == "save":
        return (Copy(F.MARK, F.CT_MARK, ctmask, nfmask, shift),)
    if mode == "restore":
        return (Copy(F.CT_MARK, F.MARK, nfmask, ctmask, shift),)
    moved = (Copy(F.CT_MARK, F.CT_MARK, FULL, FULL, shift),) if shift else ()
    return (Assign(F.CT_MARK, ctmask, mark), *moved)


def _save(o: Options, _: Context) -> str:
    mode, mark, ctmask, nfmask, shift = _record(o)
    shifted = f" --{_shift_text(shift)}" if shift else ""
    if mode == "set":
        return f"--set-xmark {mark:#x}/{ctmask:#x}{shifted}"
    return f"--{mode}-mark --nfmask {nfmask:#x} --ctmask {ctmask:#x}{shifted}"


def _shift_text(shift: int) -> str:
    return f"{'left' if shift > 0 else 'right'}-shift-mark {abs(shift)}"


def _list_target(o: Options, _: Context, numeric: bool) -> str:
    mode, mark, ctmask, nfmask, shift = _record(o)
    text = list_assignment(ctmask, mark) if mode == "set" else mode
    if mode != "set" and nfmask == ctmask:
        text += f" mask {ctmask:#x}" if ctmask != FULL else ""
    elif mode == "save":
        text += f" nfmask {nfmask:#x} ctmask ~{ctmask:#x}"
    elif mode == "restore":
        text += f" ctmask {ctmask:#x} nfmask ~{nfmask:#x}"
    return f"CONNMARK {text}" + (f" {_shift_text(shift)}" if shift else "")


def _check(o: Options, _: Context) -> None:
    if "mask" in o and ("ctmask" in o or "nfmask" in o):
        raise ValueError("--mask is --ctmask and --nfmask at once: give either it or them")


def _matches(o: Options, _: Context) -> Pred:
    return all_of(is_in(F.CT_KNOWN, 1), o.sense("mark", masked(F.CT_MARK, *o["mark"])))


def _list_match(o: Options, _: Context, numeric: bool) -> str:
    return f"connmark match {o.sign('mark', '!')} {Masked().write(o['mark'], 4)}"


MATCH = Match(
    "connmark",
    _matches,
    options=(Option("mark", Masked(), negatable=True, required=True),),
    listing=_list_match,
    unlist=Unlist("connmark match", (Shown("mark", ""),)),
)
TARGET = Target(
    "CONNMARK",
    _act,
    options=(
        *SET_OPTIONS,
        Option("save-mark", choice="mark"),
        Option("restore-mark", choice="mark"),
        Option("left-shift-mark", UInt(0, 31)),
        Option("right-shift-mark", UInt(0, 31)),
        Option("ctmask", UInt(hexadecimal=True)),
        Option("nfmask", UInt(hexadecimal=True)),
        Option("mask", UInt(hexadecimal=True)),
    ),
    check=_check,
    save=_save,
    listing=_list_target,
    unlist=Unlist(
        "CONNMARK",
        (
            *SHOWN,
            *(Shown(f"{mode}-mark", mode, "") for mode in ("save", "restore")),
            *(Shown(name, f"{name} ~?") for name in ("mask", "nfmask", "ctmask")),
            *(Shown(name, f"{name} ") for name in ("left-shift-mark", "right-shift-mark")),
        ),
    ),
)
EXAMPLES = """
-m connmark --mark 1 ; -m connmark --mark 0x1
-m connmark ! --mark 0x1/0xff ; =
-m connmark --mark 0x10/0xffffffff ; -m connmark --mark 0x10 ; mangle PREROUTING
-m connmark ; error
-m connmark --mark z ; error
-j CONNMARK --set-mark 1 ; -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --set-mark 0x1/0xfe ; -j CONNMARK --set-xmark 0x1/0xff
-j CONNMARK --set-xmark 0x1/0xff ; = ; mangle FORWARD
-j CONNMARK --and-mark 0xff ; -j CONNMARK --set-xmark 0x0/0xffffff00
-j CONNMARK --or-mark 0xff ; -j CONNMARK --set-xmark 0xff/0xff
-j CONNMARK --xor-mark 0xff ; -j CONNMARK --set-xmark 0xff/0x0 ; nat POSTROUTING
-j CONNMARK --set-xmark 0x0/0x0 ; =
-j CONNMARK --set-mark 1 --mask 5 ; -j CONNMARK --set-xmark 0x1/0x5
-j CONNMARK --mask 5 --set-mark 1 ; -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --set-mark 1 --ctmask 5 --nfmask 6 ; -j CONNMARK --set-xmark 0x1/0x5
-j CONNMARK --set-xmark 0x1/0xff --left-shift-mark 3 ; =
-j CONNMARK --save-mark ; -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-j CONNMARK --save-mark --mask 0xff ; -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff
-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xf0 --right-shift-mark 5 ; = ; raw PREROUTING
-j CONNMARK --save --r 5 --le 3 ; error
-j CONNMARK --save --ri 5 --lef 3 --mask 1 ; \
-j CONNMARK --save-mark --nfmask 0x1 --ctmask 0x1 --left-shift-mark 3
-j CONNMARK --save --left-shift-mark 3 --right-shift-mark 0 --mask 1 ; \
-j CONNMARK --save-mark --nfmask 0x1 --ctmask 0x1
-j CONNMARK --restore-mark --ctmask 0xf0 ; \
-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xf0
-j CONNMARK --restore-mark --mask 0xf0 ; -j CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0xf0
-j CONNMARK --restore-mark ; -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-j CONNMARK --restore-mark --left-shift-mark 31 --nfmask 1 --ctmask 2 ; \
-j CONNMARK --restore-mark --nfmask 0x1 --ctmask 0x2 --left-shift-mark 31
-j CONNMARK ; error
-j CONNMARK --mask 1 ; error
-j CONNMARK --set-mark 1 --save-mark ; error
-j CONNMARK --set-mark 1 --set-mark 2 ; error
-j CONNMARK --save-mark --ctmask 0xff --mask 5 ; error
-j CONNMARK --save-mark --left-shift-mark 32 ; error
-j CONNMARK --save-mark --right-shift-mark 33 ; error
-j CONNMARK ! --save-mark ; error
-j CONNMARK --set-mark 0x100000000 ; error
"""
