"""multiport: lists of ports and of port ranges.

Semantics: net/netfilter/xt_multiport.c, which never matches a later fragment and drops at once
where the ports are not there to read; text: libxt_multiport.c.
"""

from fwsim.language.ext._head import FIRST
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.spelling import PORT
from fwsim.language.values import port, service_text
from fwsim.model import fields as F
from fwsim.model.names import PROTOCOLS, proto_text
from fwsim.model.pred import Pred, all_of, any_of, is_in
from fwsim.model.tuples import NamedTuple

_PROTOS = tuple(PROTOCOLS[name] for name in ("tcp", "udp", "udplite", "sctp", "dccp"))
_FIELDS = {"sports": (F.SPORT,), "dports": (F.DPORT,), "ports": (F.SPORT, F.DPORT)}
_Spans = tuple[tuple[int, int], ...]


class _PortList(NamedTuple):
    """Up to fifteen ports, a range counting as two, separated by commas."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> _Spans:
        """Spans in the order written."""
        if context.proto not in _PROTOS:
            raise ValueError(f"-p {', '.join(map(proto_text, _PROTOS))} is needed before it")
        spans = tuple(self._span(part, proto_text(context.proto)) for part in words[0].split(","))
        if sum(1 if low == high else 2 for low, high in spans) > 15:
            raise ValueError("expected at most 15 ports, where a range counts as two")
        return spans

    @staticmethod
    def _span(text: str, proto: str) -> tuple[int, int]:
        first, colon, last = text.partition(":")
        low = port(first, proto)
        high = port(last, proto) if colon else low
        if colon and low >= high:
            raise ValueError(f"the range {text} must end above its beginning")
        return low, high

    def write(self, value: _Spans, family: int) -> str:
        """80,443,8000:8010"""
        return ",".join(":".join(map(str, dict.fromkeys(span))) for span in value)

    def spellings(self, family: int) -> tuple[str, ...]:
        """Lists without ranges, of which more would have to be known."""
        return (f"{PORT}(?:,{PORT}){{0,14}}",)


def _matches(o: Options, _: Context) -> Meaning:
    (name,) = o
    here: Pred = any_of(*(is_in(field, *o[name]) for field in _FIELDS[name]))
    there, cut_off = is_in(F.PORTS, 1), all_of(FIRST, is_in(F.PORTS, 0))
    return Meaning(all_of(there, o.sense(name, here)), cut_off)


def _list(o: Options, c: Context, numeric: bool) -> str:
    (name,) = o
    proto = "" if numeric or c.proto is None else proto_text(c.proto)
    ports = (
        ":".join(service_text(p, proto) if proto else str(p) for p in dict.fromkeys(span))
        for span in o[name]
    )
    return f"multiport {name} {o.sign(name, ' !')}{','.join(ports)}"


MATCH = Match(
    "multiport",
    _matches,
    options=(
        Option("sports", _PortList(), True, choice="ports", aliases=("source-ports",)),
        Option("dports", _PortList(), True, choice="ports", aliases=("destination-ports",)),
        Option("ports", _PortList(), True, choice="ports"),
    ),
    protos=_PROTOS,
    listing=_list,
    unlist=Unlist("multiport", tuple(Shown(name, f"{name} +") for name in _FIELDS)),
)
EXAMPLES = """
-p tcp -m multiport --dports 80,443 ; =
-p tcp -m multiport ! --sports ssh,0x50 ; -p tcp -m multiport ! --sports 22,80
-p udp -m multiport --ports 53,500:600 ; =
-p sctp -m multiport --source-ports 1 ; -p sctp -m multiport --sports 1
-p 33 -m multiport --destination-ports 1 ; -p dccp -m multiport --dports 1
-p udplite -m multiport --dports 2,2 ; =
-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15 ; =
-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14:15 ; =
-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15:16 ; error
-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 ; error
-p tcp -m multiport --dports 90:80 ; error
-p tcp -m multiport --dports 80:80 ; error
-p tcp -m multiport --dports 80: ; error
-p tcp -m multiport --dports 70000 ; error
-p tcp -m multiport --dports domain,tftp ; error
-p tcp -m multiport --dports 80 --sports 80 ; error
-p tcp -m multiport ; error
-p icmp -m multiport --dports 80 ; error
-m multiport --dports 80 ; error
-m multiport --dports 80 -p tcp ; error
! -p tcp -m multiport --dports 80 ; error
"""
