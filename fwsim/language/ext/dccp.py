"""dccp: the ports of DCCP, the packet's type and its options.

Semantics: net/netfilter/xt_dccp.c, which never matches a later fragment and drops at once a
truncated header or options that do not fit; text: libxt_dccp.c.
"""

from fwsim.language.ext._body import MALFORMED, NO, YES, if_given, judged, verdict, walked
from fwsim.language.ext._head import CUT_OFF, WHOLE
from fwsim.language.ext._ports import SHOWN, asked_ports, list_ports, port_options
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.names import PROTOCOLS
from fwsim.model.packet import Packet
from fwsim.model.pred import all_of, is_in
from fwsim.model.tuples import NamedTuple

_DCCP = PROTOCOLS["dccp"]
_TYPES = (
    "REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC",
    "SYNCACK", "INVALID",
)  # fmt: skip
_INVALID = 0xFC00  # INVALID is every type that has no name


# bytes that the header of each type has behind the part that all have
_BEHIND = {0: 4, 1: 12, 2: 0, 3: 8, 4: 8, 5: 8, 6: 8, 8: 8, 9: 8}
_BEHIND_OTHERS = 12


def _head(packet: Packet) -> bytes:
    """Other protocols are asked too, on the way to what makes a packet malformed."""
    return packet.head if packet.proto == _DCCP else b""


def _type(facts: Facts) -> int:
    head = _head(facts.packet)
    return head[4] >> 1 & 15 if head else 0


def _given(facts: Facts) -> int:
    return int(bool(_head(facts.packet)) and facts.packet.contents is not None)


_TYPE = Field("DCCP type", 4, project=_type)
_TYPE_GIVEN = Field("DCCP type given", 1, "flag", lambda facts: int(bool(_head(facts.packet))))
_OPTIONS_GIVEN = Field("DCCP options given", 1, "flag", _given)


def _judge(option: int, packet: Packet) -> int:
    """dccp_find_option: an option's length counts its first two bytes."""
    head = _head(packet) or bytes(8)
    begin = 12 + 4 * (head[4] & 1) + _BEHIND.get(head[4] >> 1 & 15, _BEHIND_OTHERS)
    end = head[0] * 4
    data = bytes(12) + (packet.contents or b"")
    if end < begin or (end > begin and end > len(data)):
        return MALFORMED
    while begin < end:
        kind = data[begin]
        if kind == option:
            return YES
        begin += (data[begin + 1] if kind >= 2 and begin + 1 < end else 1) or 1
    return NO


def _matches(o: Options, c: Context) -> Meaning:
    asked = [WHOLE, *asked_ports(o)]
    if "dccp-types" in o:
        bits = o["dccp-types"]
        text = _DccpTypes().write(bits, c.family)
        pred = is_in(_TYPE, *(number for number in range(16) if bits >> number & 1))
        why = f"its DCCP type is {text}"
        asked.append(
            o.sense("dccp-types", if_given(c, pred, f"dccp type {text}", why, _TYPE_GIVEN))
        )
    if "dccp-option" not in o:
        return Meaning(all_of(*asked), CUT_OFF)
    wanted = o["dccp-option"]
    field = verdict(f"DCCP option {wanted}", lambda packet: _judge(wanted, packet))
    name, why = f"dccp option {wanted}", f"it has DCCP option {wanted}"
    has = if_given(c, judged(o, "dccp-option", field), name, why, _OPTIONS_GIVEN)
    return walked(asked, has, field, _OPTIONS_GIVEN)


class _DccpTypes(NamedTuple):
    """Names of packet types in any case, separated by commas; as bits."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Bit N: type N."""
        bits = 0
        for name in filter(None, words[0].split(",")):
            if name.upper() not in _TYPES:
                raise ValueError(f"expected types out of {', '.join(_TYPES)}")
            bits |= 1 << _TYPES.index(name.upper())
        return bits | _INVALID if bits & _INVALID else bits

    def write(self, value: int, family: int) -> str:
        """REQUEST,DATA"""
        return ",".join(name for number, name in enumerate(_TYPES) if value >> number & 1)


def _list(o: Options, _: Context, numeric: bool) -> str:
    text = "dccp" + list_ports(o, numeric, _DCCP)
    if "dccp-types" in o:
        types = _DccpTypes().write(o["dccp-types"], 4)
        if numeric:
            types = ",".join(str(number) for number in range(16) if o["dccp-types"] >> number & 1)
        text += f"{o.sign('dccp-types', ' !')} {types}"
    if "dccp-option" in o:
        text += f" option={o.sign('dccp-option', '!')}{o['dccp-option']}"
    return text


_SHOWN = "|".join((*_TYPES, r"\d+"))


def _shown_types(text: str, _: Context) -> list[str]:
    """The words for `0,1,10,11` or `REQUEST,RESPONSE`."""
    numbers = (int(word) if word.isdecimal() else _TYPES.index(word) for word in text.split(","))
    named = dict.fromkeys(_TYPES[min(n, _TYPES.index("INVALID"))] for n in numbers)
    return ["--dccp-types", ",".join(named)]


MATCH = Match(
    "dccp",
    _matches,
    options=(
        *port_options(),
        Option("dccp-types", _DccpTypes(), negatable=True),
        Option("dccp-option", UInt(1, 255), negatable=True),
    ),
    protos=(_DCCP,),
    listing=_list,
    unlist=Unlist(
        "dccp",
        (
            *SHOWN,
            Shown("dccp-option", "option="),
            Shown("dccp-types", "", rf"(?:{_SHOWN})(?:,(?:{_SHOWN}))*", words=_shown_types),
        ),
    ),
)
EXAMPLES = """
-p dccp -m dccp ; =
-p dccp --dport 80 ; -p dccp -m dccp --dport 80
-p 33 -m dccp --destination-port http ! --source-port 5: ; -p dccp -m dccp ! --sport 5:65535 --dport 80
-p dccp -m dccp ! --dport : --sport 90:80 ; -p dccp -m dccp --sport 90:80 ! --dport 0:65535
-p dccp -m dccp --dccp-types REQUEST,RESPONSE,DATA,ACK,DATAACK,CLOSEREQ,CLOSE ; =
-p dccp -m dccp ! --dccp-types invalid,,SYNC,reset ; -p dccp -m dccp ! --dccp-types RESET,SYNC,INVALID
-p dccp -m dccp --dccp-types SYNCACK --dccp-option 0x5 ; -p dccp -m dccp --dccp-types SYNCACK --dccp-option 5
-p dccp -m dccp ! --dccp-option 255 --dport 1 ; -p dccp -m dccp --dport 1 ! --dccp-option 255
-p dccp -m dccp --dccp-types , -j ACCEPT ; -p dccp -m dccp --dccp-types  -j ACCEPT ; filter INPUT lost
-p dccp -m dccp --dccp-types REQ ; error
-p dccp -m dccp --dccp-types 0 ; error
-p dccp -m dccp --dccp-types ; error
-p dccp -m dccp --dccp-option 0 ; error
-p dccp -m dccp --dccp-option 256 ; error
-p dccp -m dccp --dport 0x50 ; error
-p dccp -m dccp --dport 1 --dport 1 ; error
-p udp -m dccp --dport 80 ; error
-m dccp --dport 80 ; error
"""  # noqa: E501 (an example is a line)
