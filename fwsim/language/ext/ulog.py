"""ULOG: what NFLOG replaced; Linux has not known it since 3.17, but rules that have it are about.

Text: libipt_ULOG.c.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Text, UInt
from fwsim.language.values import quoted
from fwsim.model.actions import Aside

_DEFAULTS = {"ulog-nlgroup": 1, "ulog-cprange": 0, "ulog-qthreshold": 1}


def _numbers(o: Options) -> dict[str, int]:
    return {name: o.get(name, usual) & 0xFFFFFFFF for name, usual in _DEFAULTS.items()}


def _save(o: Options, _: Context) -> str:
    words = ["--ulog-prefix", quoted(o["ulog-prefix"])] if "ulog-prefix" in o else []
    for name, value in _numbers(o).items():
        if o.get(name, _DEFAULTS[name]) != _DEFAULTS[name]:
            words += [f"--{name}", str(value)]
    return " ".join(words)


def _list(o: Options, _: Context, numeric: bool) -> str:
    group, size, threshold = _numbers(o).values()
    prefix = f' prefix "{o["ulog-prefix"]}"' if "ulog-prefix" in o else ""
    return f"ULOG copy_range {size} nlgroup {group}{prefix} queue_threshold {threshold}"


def _check(o: Options, _: Context) -> None:
    if "\n" in o.get("ulog-prefix", ""):
        raise ValueError("the prefix may not hold a line's end")


TARGET = Target(
    "ULOG",
    lambda o, _: (Aside(f"a copy to netlink group {o.get('ulog-nlgroup', 1)}"),),
    options=(
        Option("ulog-prefix", Text(longest=31, shortest=1)),
        Option("ulog-nlgroup", UInt(1, 32)),
        Option("ulog-cprange", UInt(0, 2**64 - 1)),
        Option("ulog-qthreshold", UInt(1, 50)),
    ),
    families=(4,),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "ULOG",
        (
            Shown("ulog-cprange", "copy_range "),
            Shown("ulog-nlgroup", "nlgroup "),
            Shown("ulog-prefix", 'prefix "', ".+?", '"'),
            Shown("ulog-qthreshold", "queue_threshold "),
        ),
    ),
)
_LONG = "x" * 31
EXAMPLES = f"""
-j ULOG ; = ; filter INPUT unloaded
-j ULOG --ulog-qthreshold 50 --ulog-cprange 0x40 --ulog-nlgroup 32 --ulog-prefix "a b" ; \
-j ULOG --ulog-prefix "a b" --ulog-nlgroup 32 --ulog-cprange 64 --ulog-qthreshold 50 ; \
mangle OUTPUT unloaded
-j ULOG --ulog-nlgroup 1 --ulog-cprange 0 --ulog-qthreshold 1 ; -j ULOG ; nat OUTPUT unloaded
-j ULOG --ulog-cprange 4294967301 ; -j ULOG --ulog-cprange 5 ; filter INPUT unloaded
-j ULOG --ulog-prefix {_LONG}yz ; -j ULOG --ulog-prefix {_LONG} ; filter INPUT unloaded
-j ULOG --ulog-nlgroup 0 ; error ; filter INPUT unloaded
-j ULOG --ulog-nlgroup 33 ; error ; filter INPUT unloaded
-j ULOG --ulog-qthreshold 51 ; error ; filter INPUT unloaded
-j ULOG --ulog-prefix "" ; error ; filter INPUT unloaded
-j ULOG --ulog-cprange x ; error ; filter INPUT unloaded
-j ULOG --nflog-group 1 ; error ; filter INPUT unloaded
"""
