"""NFLOG: hand a copy of the packet to a process that listens; the packet goes on.

Semantics: net/netfilter/xt_NFLOG.c; text: libxt_NFLOG.c.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Text, UInt
from fwsim.language.values import quoted, unquoted
from fwsim.model.actions import Aside

_NUMBERS = ("nflog-group", "nflog-size", "nflog-range", "nflog-threshold")


def _shown(o: Options, dashes: str) -> str:
    words = []
    if "nflog-prefix" in o:
        words += [f"{dashes}nflog-prefix", quoted(o["nflog-prefix"])]
    for name in _NUMBERS:
        if o.get(name) or (name == "nflog-size" and name in o):
            words += [f"{dashes}{name}", str(o[name])]
    return " ".join(words)


def _prefix(text: str, _: Context) -> list[str]:
    return ["--nflog-prefix", unquoted(text)]


def _check(o: Options, _: Context) -> None:
    if "nflog-range" in o and "nflog-size" in o:
        raise ValueError("--nflog-range and --nflog-size exclude each other")
    if "\n" in o.get("nflog-prefix", ""):
        raise ValueError("the prefix may not hold a line's end")


TARGET = Target(
    "NFLOG",
    lambda o, _: (Aside(f"a copy to nflog group {o.get('nflog-group', 0)}"),),
    options=(
        Option("nflog-prefix", Text(longest=63, shortest=1)),
        Option("nflog-group", UInt(0, 0xFFFF)),
        Option("nflog-size", UInt()),
        Option("nflog-range", UInt()),
        Option("nflog-threshold", UInt(0, 0xFFFF)),
    ),
    check=_check,
    save=lambda o, _: _shown(o, "--"),
    listing=lambda o, _, numeric: _shown(o, ""),
    unlist=Unlist(
        "(?=nflog-)",
        (
            Shown("nflog-prefix", "nflog-prefix ", r'"(?:\\.|[^"\\])*"|\S+', words=_prefix),
            *(Shown(name, f"{name} ") for name in _NUMBERS),
        ),
    ),
)
_LONG = "x" * 63
EXAMPLES = f"""
-j NFLOG ; =
-j NFLOG --nflog-prefix "a b" --nflog-group 5 ; =
-j NFLOG --nflog-group 65535 --nflog-prefix "a'b\\"c" ; \
-j NFLOG --nflog-prefix "a\\'b\\"c" --nflog-group 65535
-j NFLOG --nflog-threshold 2 --nflog-size 64 ; -j NFLOG --nflog-size 64 --nflog-threshold 2 ; \
raw OUTPUT
-j NFLOG --nflog-size 0 ; = ; nat OUTPUT
-j NFLOG --nflog-range 7 ; =
-j NFLOG --nflog-range 0 --nflog-group 0 --nflog-threshold 0 ; -j NFLOG
-j NFLOG --nflog-prefix {_LONG}yz ; -j NFLOG --nflog-prefix {_LONG}
-j NFLOG --nflog-range 7 --nflog-size 7 ; error
-j NFLOG --nflog-prefix "" ; error
-j NFLOG --nflog-group 65536 ; error
-j NFLOG --nflog-threshold 65536 ; error
-j NFLOG --nflog-size 4294967296 ; error
-j NFLOG ! --nflog-group 1 ; error
"""
