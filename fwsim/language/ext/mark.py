"""mark: the packet's mark, read by -m mark and written by -j MARK.

Semantics: net/netfilter/xt_mark.c; text: libxt_mark.c, libxt_MARK.c.
"""

from fwsim.language.ext._mark import SET_OPTIONS, SHOWN, assignment, list_assignment
from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Masked
from fwsim.model import fields as F
from fwsim.model.actions import Assign
from fwsim.model.pred import Pred, masked


def _matches(o: Options, _: Context) -> Pred:
    return o.sense("mark", masked(F.MARK, *o["mark"]))


def _assignment(o: Options) -> tuple[int, int]:
    ((name, value),) = o.items()
    return assignment(name, value)


def _assign(o: Options, _: Context) -> tuple[Assign]:
    return (Assign(F.MARK, *_assignment(o)),)


def _save(o: Options, _: Context) -> str:
    clear, flip = _assignment(o)
    return f"--set-xmark {flip:#x}/{clear:#x}"


def _list_match(o: Options, _: Context, numeric: bool) -> str:
    return f"mark match {o.sign('mark')}{Masked().write(o['mark'], 4)}"


def _list_target(o: Options, _: Context, numeric: bool) -> str:
    return f"MARK {list_assignment(*_assignment(o))}"


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
    options=SET_OPTIONS,
    save=_save,
    listing=_list_target,
    unlist=Unlist("MARK", SHOWN),
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
-j MARK --xor-mark 0 ; -j MARK --set-xmark 0x0/0x0 ; mangle PREROUTING
-j MARK ; error ; mangle PREROUTING
"""
