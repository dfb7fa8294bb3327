"""tcpmss: the maximum segment size that a TCP packet announces, read by -m tcpmss; -j TCPMSS lowers
it, or adds it to a packet that has none and no data.

Semantics: net/netfilter/xt_tcpmss.c, which drops at once what has no whole header (a later fragment
mostly), and finds no packet without the option in any range; xt_TCPMSS.c, which never raises a
size, and sets 536 (IPv4) or 1220 (IPv6) at most where there was none. Text: libxt_tcpmss.c,
libxt_TCPMSS.c, whose last option counts.
"""

from fwsim.language.ext._segment import HEADER, TCP, segment
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt, UIntRange
from fwsim.model import fields as F
from fwsim.model.actions import Rewrite
from fwsim.model.facts import Facts
from fwsim.model.packet import Packet
from fwsim.model.pred import all_of, is_in
from fwsim.model.tcp_options import MSS_LENGTH, mss_at, mss_of, with_mss

_NONE, _MALFORMED = 0x10000, 0x10001
_IP_HEADER = {4: 20, 6: 40}
_USUAL = {4: 536, 6: 1220}
_SYN = 0x02


def _announced(facts: Facts) -> int:
    head = segment(facts.packet)
    if head is None or head.options is None:
        return _MALFORMED
    announced = mss_of(head.options)
    return _NONE if announced is None else announced


_FIELD = F.Field("tcp_mss", 17, project=_announced)


def _matches(o: Options, _: Context) -> Meaning:
    asked = o.sense("mss", is_in(_FIELD, o["mss"]))
    return Meaning(all_of(is_in(_FIELD, (0, _NONE)), asked), is_in(_FIELD, _MALFORMED))


def _check_range(o: Options, _: Context) -> None:
    if o["mss"][0] > o["mss"][1]:
        raise ValueError("the range ends before it begins")


def _list_match(o: Options, _: Context, numeric: bool) -> str:
    return f"tcpmss match {o.sign('mss', '!')}{UIntRange().write(o['mss'], 4)}"


def _lowered(packet: Packet, size: int) -> Packet:
    options = packet.tcp_options
    announced = mss_of(options)
    if announced is not None:
        return packet.but(tcp_options=with_mss(options, min(size, announced)))
    if packet.data_len or len(options) + MSS_LENGTH > 60 - HEADER:
        return packet
    return packet.but(tcp_options=with_mss(options, min(size, _USUAL[packet.family])))


def _wanted(o: Options) -> int | None:
    """The size; None if it follows from the path's MTU."""
    last = list(o)[-1]
    return o[last] if last == "set-mss" else None


def _actions(o: Options, _: Context) -> tuple[Rewrite]:
    wanted = _wanted(o)

    def change(facts: Facts) -> Packet | None:
        packet = facts.packet
        if packet.frag:
            return packet
        room = facts["path_mtu"] - _IP_HEADER[packet.family] - HEADER
        if wanted is None and room <= 0:
            return None
        return _lowered(packet, room if wanted is None else wanted)

    return (Rewrite("TCPMSS", change, (F.LENGTH, F.TCP_OPTIONS), _unsummed),)


def _unsummed(packet: Packet) -> int:
    """A size at an odd place is taken for one at an even place."""
    size = mss_of(packet.tcp_options)
    if size is None or (mss_at(packet.tcp_options) or 0) % 2 == 0:
        return 0
    return (size << 8) - size


def _check(o: Options, c: Context) -> None:
    if not o:
        raise ValueError("--set-mss or --clamp-mss-to-pmtu is needed")
    most = 0xFFFF - _IP_HEADER[c.family]
    if o.get("set-mss", 0) > most:
        raise ValueError(f"expected a size from 0 to {most}")
    if not c.nft and not any(_asks_for_syn(options) for name, options in c.beside if name == "tcp"):
        raise ValueError("the rule has to ask for SYN packets: --syn, or --tcp-flags SYN,RST SYN")


def _asks_for_syn(tcp: Options) -> bool:
    asked = [name for name in ("syn", "tcp-flags") if name in tcp]
    bits = tcp.get("tcp-flags", (0, _SYN))[1]
    return bool(asked) and bits & _SYN != 0 and not tcp.negated(asked[0])


def _hooks(o: Options) -> tuple[str, ...]:
    return ("FORWARD", "OUTPUT", "POSTROUTING") if _wanted(o) is None else ()


def _save(o: Options, _: Context) -> str:
    wanted = _wanted(o)
    return "--clamp-mss-to-pmtu" if wanted is None else f"--set-mss {wanted}"


def _list(o: Options, _: Context, numeric: bool) -> str:
    wanted = _wanted(o)
    return f"TCPMSS {'clamp to PMTU' if wanted is None else f'set {wanted}'}"


MATCH = Match(
    "tcpmss",
    _matches,
    options=(Option("mss", UIntRange(0xFFFF), negatable=True, required=True),),
    protos=(TCP,),
    check=_check_range,
    listing=_list_match,
    unlist=Unlist("tcpmss match", (Shown("mss", ""),)),
)
TARGET = Target(
    "TCPMSS",
    _actions,
    options=(Option("set-mss", UInt(0, 0xFFFF)), Option("clamp-mss-to-pmtu")),
    protos=(TCP,),
    hooks=_hooks,
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "TCPMSS", (Shown("set-mss", "set "), Shown("clamp-mss-to-pmtu", "clamp to PMTU", ""))
    ),
)
EXAMPLES = """
-p tcp -m tcpmss --mss 536 ; =
-p tcp -m tcpmss ! --mss 100:0xff ; -p tcp -m tcpmss ! --mss 100:255 ; raw PREROUTING
-p tcp -m tcpmss --mss 5: ; -p tcp -m tcpmss --mss 5:65535
-p tcp -m tcpmss --mss : ; -p tcp -m tcpmss --mss 0:65535
-p tcp -m tcpmss --mss "" ; -p tcp -m tcpmss --mss 0
-p tcp -m tcpmss --mss 7:7 ; -p tcp -m tcpmss --mss 7
-p tcp -m tcpmss --mss 200:100 ; error
-p tcp -m tcpmss --mss 65536 ; error
-p tcp -m tcpmss --mss 1:2:3 ; error
-p tcp -m tcpmss ; error
-m tcpmss --mss 1 ; error
-p udp -m tcpmss --mss 1 ; error
! -p tcp -m tcpmss --mss 1 ; error
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu ; = ; filter FORWARD
-p tcp -m tcp --tcp-flags SYN SYN,RST -j TCPMSS --set-mss 1400 ; = ; mangle PREROUTING
-p tcp --syn -j TCPMSS --set-mss 0 ; \
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 0
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 65495 ; = ; mangle POSTROUTING
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --clamp --set-mss 5 ; \
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 5 ; mangle OUTPUT
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 5 --clamp ; \
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --clamp-mss-to-pmtu ; mangle OUTPUT
-p tcp -m tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 5 ; = ; filter FORWARD
-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu ; error
-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu ; error ; mangle PREROUTING
-p tcp --syn -j TCPMSS --set-mss 65516 ; error
-p tcp --syn -j TCPMSS ; error
-p tcp --syn -j TCPMSS --set-mss ; error
-p tcp ! --syn -j TCPMSS --set-mss 5 ; error
-p tcp --tcp-flags ACK,SYN ACK -j TCPMSS --set-mss 5 ; error
-p tcp -j TCPMSS --set-mss 5 ; error
-j TCPMSS --set-mss 5 ; error
-p udp -j TCPMSS --set-mss 5 ; error
"""
EXAMPLES4 = """
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 65515 ; =
"""
EXAMPLES6 = """
-p tcp --syn -j TCPMSS --set-mss 65515 ; error
-p tcp --syn -j TCPMSS --set-mss 65496 ; error
"""
