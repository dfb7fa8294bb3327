"""SYNPROXY: answer SYNs in the server's place, and pass on only who proves to be there.

Semantics: net/netfilter/xt_SYNPROXY.c, nf_synproxy_core.c. A SYN is answered by the host itself; an
ACK is dropped, unless it carries the cookie of such an answer, which nobody but that host can tell:
what follows then (the host opens its own connection to the server) is not modelled. Other segments
go on. The options say what the answer offers. Text: libxt_SYNPROXY.c.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.model.actions import Synproxy
from fwsim.model.names import PROTOCOLS

_KEPT = {"wscale": 0xFF, "mss": 0xFFFF}  # what the kernel's record has room for


def _offer(o: Options) -> Synproxy:
    mss, wscale = (o[n] & _KEPT[n] if n in o else None for n in ("mss", "wscale"))
    return Synproxy(mss, wscale, "timestamp" in o, "sack-perm" in o, "ecn" in o)


def _parts(o: Options) -> list[str]:
    names = (option.name for option in TARGET.options if option.name in o)
    return [f"{name} {o[name] & _KEPT[name]}" if name in _KEPT else name for name in names]


def _save(o: Options, _: Context) -> str:
    return " ".join(f"--{part}" for part in _parts(o))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return "".join(f"{part} " for part in ("SYNPROXY", *_parts(o)))


TARGET = Target(
    "SYNPROXY",
    lambda o, _: (_offer(o),),
    options=(
        Option("sack-perm"),
        Option("timestamp"),
        Option("wscale", UInt()),
        Option("mss", UInt()),
        Option("ecn"),
    ),
    protos=(PROTOCOLS["tcp"],),
    hooks=("INPUT", "FORWARD"),
    save=_save,
    listing=_list,
    unlist=Unlist(
        "SYNPROXY",
        (
            *(Shown(name, name, "") for name in ("sack-perm", "timestamp", "ecn")),
            *(Shown(name, f"{name} ") for name in _KEPT),
        ),
    ),
)
EXAMPLES = """
-p tcp -j SYNPROXY ; =
-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460 --ecn ; = ; filter FORWARD
-p tcp -j SYNPROXY --mss 0x5b4 --sack-perm ; -p tcp -j SYNPROXY --sack-perm --mss 1460
-p tcp -j SYNPROXY --wscale 263 --mss 65537 ; -p tcp -j SYNPROXY --wscale 7 --mss 1
-p tcp -j SYNPROXY --ecn ; = ; mangle INPUT
-p tcp -j SYNPROXY ; = ; security FORWARD
-p tcp -j SYNPROXY --mss 4294967296 ; error
-p tcp -j SYNPROXY --wscale x ; error
-p tcp -j SYNPROXY ; error ; filter OUTPUT
-p tcp -j SYNPROXY ; error ; mangle PREROUTING
-p udp -j SYNPROXY ; error
! -p tcp -j SYNPROXY ; error
-j SYNPROXY ; error
"""
