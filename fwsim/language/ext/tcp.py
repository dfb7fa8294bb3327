"""tcp: ports, flags and options of TCP.

Semantics: net/netfilter/xt_tcpudp.c (tcp_mt), which never matches a later fragment, and drops at
once a fragment that would overwrite the flags, a truncated header or broken options; text:
libxt_tcp.c.
"""

from fwsim.language.options import Context, Match, Meaning, Option, Options
from fwsim.language.types import Port, TcpFlags, UInt
from fwsim.model import fields as F
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in, masked

_SYN = (0x17, 0x02)  # FIN,SYN,RST,ACK SYN


def _matches(o: Options, _: Context) -> Meaning:
    asked: list[Pred] = [is_in(F.FRAG, 0)]
    for name, field in (("sport", F.SPORT), ("dport", F.DPORT)):
        if name in o:
            asked.append(o.sense(name, is_in(field, o[name])))
    for name in ("tcp-flags", "syn"):
        if name in o:
            mask, bits = o["tcp-flags"] if name == "tcp-flags" else _SYN
            asked.append(o.sense(name, masked(F.TCP_FLAGS, bits, mask)))
    broken: Pred = FALSE
    if "tcp-option" in o:
        bit = 1 << o["tcp-option"]
        broken = all_of(*asked, is_in(F.TCP_OPTIONS_SOUND, 0))
        asked.append(o.sense("tcp-option", masked(F.TCP_OPTIONS, bit, bit)))
    overwrite = is_in(F.FRAG, 1)
    truncated = all_of(is_in(F.FRAG, 0), is_in(F.L4_HEADER, 0))
    return Meaning(all_of(*asked), any_of(overwrite, truncated, broken))


def _list(o: Options, _: Context, numeric: bool) -> str:
    from fwsim.language.listing import ports_text

    words = ["tcp"]
    for name, title in (("sport", "spt"), ("dport", "dpt")):
        if name in o:
            words.append(ports_text(title, o[name], o.negated(name), numeric, "tcp"))
    if "tcp-option" in o:
        words.append(f"option={'!' if o.negated('tcp-option') else ''}{o['tcp-option']}")
    if "tcp-flags" in o or "syn" in o:
        mask, bits = o["tcp-flags"] if "tcp-flags" in o else _SYN
        negated = "!" if o.negated("tcp-flags") or o.negated("syn") else ""
        words.append(f"flags:{negated}{_flag_text(mask, numeric)}/{_flag_text(bits, numeric)}")
    return " ".join(words)


def _flag_text(value: int, numeric: bool) -> str:
    return f"0x{value:02X}" if numeric else TcpFlags().write((value, value), 4).split()[0]


def _save(o: Options, c: Context) -> str:
    """--syn is written as the flags that it stands for."""
    from fwsim.language.options import Given, option_text

    given = dict(o.given)
    if "syn" in given:
        given["tcp-flags"] = Given(_SYN, given["syn"].negated)
    words = (option_text(p, given[p.name], c.family) for p in MATCH.options if p.name in given and p.name != "syn")
    return "".join(words).strip()


MATCH = Match(
    "tcp",
    _matches,
    options=(
        Option("sport", Port(), negatable=True, aliases=("source-port",)),
        Option("dport", Port(), negatable=True, aliases=("destination-port",)),
        Option("tcp-option", UInt(1, 255), negatable=True),
        Option("tcp-flags", TcpFlags(), negatable=True),
        Option("syn", negatable=True),
    ),
    protos=(PROTOCOLS["tcp"],),
    save=_save,
    listing=_list,
)
EXAMPLES = """
-p tcp --dport 80 ; -p tcp -m tcp --dport 80
-p tcp -m tcp ; -p tcp -m tcp
-p tcp ! --sport 1024: ; -p tcp -m tcp ! --sport 1024:65535
-p tcp --dport :80 ; -p tcp -m tcp --dport 0:80
-p tcp --syn ; -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp ! --tcp-flags ALL NONE ; -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE
-p tcp --tcp-option 8 ; -p tcp -m tcp --tcp-option 8
-p tcp --dport 70000 ; error
--dport 80 ; error
-p udp -m tcp --dport 80 ; error
"""
