"""IDLETIMER: start a timer anew that tells userspace when no packet came for a while.

Semantics: net/netfilter/xt_IDLETIMER.c, whose timers are files in sysfs by their labels; text:
libxt_IDLETIMER.c, which writes the label without quotes.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Text, UInt
from fwsim.model.actions import Aside

_TAKEN = frozenset({"", ".", "..", "power", "subsystem", "uevent"})


def _check(o: Options, _: Context) -> None:
    if o["label"] in _TAKEN or "/" in o["label"]:
        raise ValueError(f"a timer's file cannot be named {o['label']!r}")


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"timeout:{o['timeout']} label:{o['label']}{' alarm' if 'alarm' in o else ''}"


TARGET = Target(
    "IDLETIMER",
    lambda o, _: (Aside(f"timer {o['label']} starts anew"),),
    options=(
        Option("timeout", UInt(1, 2147482), required=True),
        Option("label", Text(longest=27, bare=True), required=True),
        Option("alarm"),
    ),
    check=_check,
    listing=_list,
    unlist=Unlist(
        "(?=timeout:)",
        (Shown("timeout", "timeout:"), Shown("label", "label:"), Shown("alarm", "alarm", "")),
    ),
)
EXAMPLES = """
-j IDLETIMER --timeout 5 --label ab-1 ; =
-j IDLETIMER --label 0x5 --timeout 0x10 ; -j IDLETIMER --timeout 16 --label 0x5 ; mangle PREROUTING
-j IDLETIMER --timeout 2147482 --label abcdefghijklmnopqrstuvwxyz123 ; \
-j IDLETIMER --timeout 2147482 --label abcdefghijklmnopqrstuvwxyz1
-j IDLETIMER --timeout 5 --label alarming --alarm ; = ; raw OUTPUT
-j IDLETIMER --timeout 0 --label x ; error
-j IDLETIMER --timeout 2147483 --label x ; error
-j IDLETIMER --timeout 5 --label "" ; error
-j IDLETIMER --timeout 5 --label a/b ; error
-j IDLETIMER --timeout 5 --label power ; error
-j IDLETIMER --timeout 5 --label .. ; error
-j IDLETIMER --timeout 5 ; error
-j IDLETIMER --label x ; error
"""
