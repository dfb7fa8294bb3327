"""ipv6header: which extension headers a packet has, exactly these or (--soft) these among others.

Semantics: net/ipv6/netfilter/ip6t_ipv6header.c; text: libip6t_ipv6header.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.model.chain import whole
from fwsim.model.exthdr import AH, DEST, EXTENSIONS, FRAGMENT, HOP, NONE, ROUTING, octets, written
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import Pred, all_of, is_in, masked
from fwsim.model.tuples import NamedTuple

_BITS = {
    "hop-by-hop": 0x80, "ipv6-opts": 0x40, "ipv6-route": 0x20, "ipv6-frag": 0x10, "ah": 0x08,
    "esp": 0x04, "ipv6-nonxt": 0x02, "protocol": 0x01,
}  # fmt: skip
_OTHER_NAMES = {
    "hop": 0x80, "0": 0x80, "ip": 0x80, "IP": 0x80, "hopopt": 0x80, "HOPOPT": 0x80,
    "dst": 0x40, "60": 0x40, "IPv6-Opts": 0x40, "route": 0x20, "43": 0x20, "IPv6-Route": 0x20,
    "frag": 0x10, "44": 0x10, "IPv6-Frag": 0x10, "auth": 0x08, "51": 0x08, "IPSEC-AH": 0x08,
    "50": 0x04, "IPSEC-ESP": 0x04, "none": 0x02, "59": 0x02, "IPv6-NoNxt": 0x02,
    "prot": 0x01, "255": 0x01,
}  # fmt: skip
_ALL_NAMES = _BITS | _OTHER_NAMES


_OF = {HOP: 0x80, DEST: 0x40, ROUTING: 0x20, FRAGMENT: 0x10, AH: 0x08}
_LAST = {PROTOCOLS["esp"]: 0x04, NONE: 0x02}
_CUT_OFF = 0x100


def _present(facts: Facts) -> int:
    """The bits of the headers that are there, and of what stands behind them; _CUT_OFF where one
    would begin at the packet's very end."""
    packet, bits = facts.packet, 0
    kind, data = written(whole(packet), packet.proto)
    if packet.proto in EXTENSIONS:
        data += packet.payload or bytes(packet.payload_len)
    left = packet.length - 40
    while kind in _OF and left >= 2:
        bits |= _OF[kind]
        size = octets(kind, data)
        kind, data, left = data[0], data[size:], left - size
    if 0 <= left < 2 and (kind in _OF or kind == PROTOCOLS["esp"]):
        return _CUT_OFF
    if kind in _LAST:
        return bits | (_LAST[kind] if left >= 0 else 0)
    return bits | _BITS["protocol"]


_FIELD = Field("headers present", 9, "hex", _present)


class _Headers(NamedTuple):
    """Names of headers, separated by commas."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The union of their bits."""
        value = 0
        for name in filter(None, words[0].split(",")):
            if name not in _ALL_NAMES:
                raise ValueError(f"expected headers out of {', '.join(_BITS)}")
            value |= _ALL_NAMES[name]
        if not value:
            raise ValueError("expected a header")
        return value

    def write(self, value: int, family: int) -> str:
        """hop-by-hop,ah"""
        return ",".join(name for name, bit in _BITS.items() if value & bit)


def _matches(o: Options, _: Context) -> Pred:
    asked, negated = o["header"], o.negated("header")
    if "soft" in o:
        pred = masked(_FIELD, 0 if negated else asked, asked)
    else:
        pred = o.sense("header", is_in(_FIELD, asked))
    return all_of(is_in(_FIELD, (0, _CUT_OFF - 1)), pred)


def _list(o: Options, _: Context, numeric: bool) -> str:
    shown = f"0x{o['header']:02X}" if numeric else _Headers().write(o["header"], 6)
    return f"ipv6header flags:{o.sign('header', '!')}{shown}{' soft' * ('soft' in o)}"


def _shown_headers(text: str, _: Context) -> list[str]:
    """The words for `0x88` or `hop-by-hop,ah`."""
    names = _Headers().write(int(text, 16), 6) if text.startswith("0x") else text
    return ["--header", names]


MATCH = Match(
    "ipv6header",
    _matches,
    options=(Option("header", _Headers(), negatable=True, required=True), Option("soft")),
    families=(6,),
    listing=_list,
    unlist=Unlist(
        "ipv6header", (Shown("header", "flags:", words=_shown_headers), Shown("soft", "soft", ""))
    ),
)
EXAMPLES6 = """
-m ipv6header --header ah ; =
-m ipv6header --soft ! --header 51,hop ; -m ipv6header ! --header hop-by-hop,ah --soft
-m ipv6header --header prot,none,esp,auth,frag,route,dst,hop ; -m ipv6header --header hop-by-hop,ipv6-opts,ipv6-route,ipv6-frag,ah,esp,ipv6-nonxt,protocol
-m ipv6header --header 255,59,50,44,,43,60,0 ; -m ipv6header --header hop-by-hop,ipv6-opts,ipv6-route,ipv6-frag,esp,ipv6-nonxt,protocol
-m ipv6header --header ip,IPv6-Route,IPSEC-ESP ; -m ipv6header --header hop-by-hop,ipv6-route,esp
-m ipv6header --header hopopt ; -m ipv6header --header hop-by-hop
-m ipv6header --header AH ; error
-m ipv6header --header tcp ; error
-m ipv6header --header hop- ; error
-m ipv6header --header 061 ; error
-m ipv6header --header , ; error
-m ipv6header --header "" ; error
-m ipv6header --header ; error
-m ipv6header --header ah ! --soft ; error
-m ipv6header --soft ; error
-m ipv6header ; error
"""  # noqa: E501 (an example is a line)
