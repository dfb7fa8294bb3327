"""tcp: ports, flags and options of TCP.

Semantics: net/netfilter/xt_tcpudp.c (tcp_mt), which never matches a later fragment, and drops at
once a truncated header, or (IPv4) a fragment that would overwrite the flags; text: libxt_tcp.c.
"""

from fwsim.language.ext._head import CUT_OFF, WHOLE, by_nft
from fwsim.language.ext._ports import (
    SHOWN,
    asked_pair,
    list_ports,
    port_options,
    ports_end,
    save_ports,
)
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt
from fwsim.model import fields as F
from fwsim.model.names import PROTOCOLS, TCP_FLAGS
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in, masked
from fwsim.model.tuples import NamedTuple

_TCP = PROTOCOLS["tcp"]
_NAMES = {**{n: bit for n, bit in TCP_FLAGS.items() if bit < 0x40}, "ALL": 0x3F, "NONE": 0}
_SYN = (0x17, 0x02)  # FIN,SYN,RST,ACK SYN


class TcpFlags(NamedTuple):
    """Two words: the flags to look at, and those of them that must be set."""

    arity: int = 2

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(mask, set)"""
        return self._one(words[0]), self._one(words[1])

    @staticmethod
    def _one(word: str) -> int:
        value = 0
        for name in filter(None, word.upper().split(",")):
            if name not in _NAMES:
                raise ValueError(f"expected flags out of {', '.join(_NAMES)}")
            value |= _NAMES[name]
        return value

    def write(self, value: tuple[int, int], family: int) -> str:
        """FIN,SYN,RST,ACK SYN"""
        return " ".join(map(_flag_names, value))


def _flag_names(value: int) -> str:
    return ",".join(name for name, bit in TCP_FLAGS.items() if value & bit) or "NONE"


def _flags(o: Options) -> tuple[int, int, bool] | None:
    """Mask, set bits, negated; --syn is short for one such pair. None if that asks nothing."""
    mask, bits = o.get("tcp-flags", _SYN if "syn" in o else (0, 0))
    negated = o.negated("tcp-flags") or o.negated("syn")
    return (mask, bits, negated) if mask or negated else None


def _matches(o: Options, c: Context) -> Meaning:
    asked: list[Pred] = [*asked_pair(o, c)]
    for name in ("tcp-flags", "syn"):
        if name in o:
            mask, bits = o["tcp-flags"] if name == "tcp-flags" else _SYN
            asked.append(o.sense(name, masked(F.TCP_FLAGS, bits, mask)))
    if c.nft and asked and "tcp-option" not in o:
        return by_nft(14 if _flags(o) else ports_end(o), *asked)
    if "tcp-option" in o:
        bit = 1 << o["tcp-option"]
        asked.append(o.sense("tcp-option", masked(F.TCP_OPTIONS, bit, bit)))
    overwrite = is_in(F.FRAG, 1) if c.family == 4 else FALSE  # ip6_tables counts in bytes
    return Meaning(all_of(WHOLE, *asked), any_of(overwrite, CUT_OFF))


def _check(o: Options, _: Context) -> None:
    if "syn" in o and "tcp-flags" in o:
        raise ValueError("--syn is --tcp-flags FIN,SYN,RST,ACK SYN: give one of the two")


def _save(o: Options, _: Context) -> str:
    text = save_ports(o)
    if "tcp-option" in o:
        text += f"{o.sign('tcp-option', ' !')} --tcp-option {o['tcp-option']}"
    if flags := _flags(o):
        mask, bits, negated = flags
        text += f"{' !' if negated else ''} --tcp-flags {_flag_names(mask)} {_flag_names(bits)}"
    return text.strip()


def _list(o: Options, _: Context, numeric: bool) -> str:
    text = "tcp" + list_ports(o, numeric, _TCP)
    if "tcp-option" in o:
        text += f" option={o.sign('tcp-option', '!')}{o['tcp-option']}"
    if flags := _flags(o):
        mask, bits, negated = flags
        shown = "0x{:02X}".format if numeric else _flag_names
        text += f" flags:{'!' if negated else ''}{shown(mask)}/{shown(bits)}"
    return text


def _shown_flags(text: str, _: Context) -> list[str]:
    """The words for `0x17/0x02` or `FIN,SYN,RST,ACK/SYN`."""
    words = text.split("/")
    return ["--tcp-flags", *(_flag_names(int(w, 16)) if w[:2] == "0x" else w for w in words)]


MATCH = Match(
    "tcp",
    _matches,
    options=(
        *port_options(resolved=False),
        Option("tcp-option", UInt(1, 255), negatable=True),
        Option("tcp-flags", TcpFlags(), negatable=True),
        Option("syn", negatable=True),
    ),
    protos=(_TCP,),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "tcp",
        (*SHOWN, Shown("tcp-option", "option="), Shown("tcp-flags", "flags:", words=_shown_flags)),
    ),
    regular=("sport", "dport", "tcp-option"),
)
EXAMPLES = """
-p tcp --dport 80 ; -p tcp -m tcp --dport 80
-p tcp -m tcp ; =
-p 6 --dport ssh ; -p tcp -m tcp --dport 22
-p tcp ! --sport 1024: ; -p tcp -m tcp ! --sport 1024:65535
-p tcp --dport :80 ; -p tcp -m tcp --dport 0:80
-p tcp --dport 0x50 ; -p tcp -m tcp --dport 80
-p tcp --destination-port 010 ; -p tcp -m tcp --dport 8
-p tcp ! --dport : ; -p tcp -m tcp
-p tcp --syn ; -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp ! --syn ; -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp ! --tcp-flags ALL NONE ; -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE
-p tcp --tcp-flags syn,ack, SYN,FIN ; -p tcp -m tcp --tcp-flags SYN,ACK FIN,SYN
-p tcp --tcp-flags NONE NONE ; -p tcp -m tcp
-p tcp --tcp-option 8 ; -p tcp -m tcp --tcp-option 8
-p tcp ! --tcp-option 0x8 --sport 5 ; -p tcp -m tcp --sport 5 ! --tcp-option 8
-p tcp --dport 70000 ; error
-p tcp --dport 90:80 ; error
-p tcp --dport 080 ; error
-p tcp --dport nosuchservice ; error
-p tcp --dport ; error
-p tcp --dport "" ; error
-p tcp --tcp-option 0 ; error
-p tcp --tcp-flags SYN ; error
-p tcp --tcp-flags ECE ECE ; error
-p tcp --syn --tcp-flags SYN SYN ; error
-p tcp --dport 80 --dport 81 ; error
--dport 80 ; error
-m tcp ; error
-p udp -m tcp --dport 80 ; error
! -p tcp -m tcp --dport 80 ; error
! -p tcp --dport 80 ; error
"""
