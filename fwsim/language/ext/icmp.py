"""icmp: type and code of ICMP.

Semantics: net/ipv4/netfilter/ip_tables.c (icmp_match), which never matches a later fragment and
drops at once a truncated header; type 255 stands for any. Text: libipt_icmp.c.
"""

from collections.abc import Mapping

from fwsim.language.ext._head import CUT_OFF, WHOLE
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.values import number
from fwsim.model import fields as F
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import TRUE, Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple

Code = tuple[int, int, int]  # type, first code, last code
_ANY_CODE = (0, 255)


def codes(text: str) -> Mapping[str, Code]:
    """`NAME TYPE [CODE]`, separated by commas; without a code, any."""
    table = {}
    for entry in text.split(","):
        name, kind, *code = entry.split()
        first, last = (int(code[0]),) * 2 if code else _ANY_CODE
        table[name] = (int(kind), first, last)
    return table


class IcmpType(NamedTuple):
    """The name of a type or code, cut short if that leaves no doubt, or TYPE[/CODE]."""

    names: Mapping[str, Code]
    arity: int = 1

    def read(self, words: list[str], context: Context) -> Code:
        """(type, first code, last code)"""
        word = words[0].lower()
        begun = [name for name in self.names if name.lower().startswith(word)]
        if len(begun) > 1:
            raise ValueError(f"{words[0]!r} may be {' or '.join(begun)}: write more of it")
        if begun:
            return self.names[begun[0]]
        kind, slash, code = word.partition("/")
        low, high = _span(kind)
        if low != high:
            raise ValueError("expected one type, not a range")
        return low, *(_span(code) if slash else _ANY_CODE)

    def write(self, value: Code, family: int) -> str:
        """8, or 3/1: of several codes only the first is written"""
        kind, *code = value
        return f"{kind}" + ("" if tuple(code) == _ANY_CODE else f"/{code[0]}")

    def listed(self, value: Code, negated: bool, numeric: bool) -> str:
        """Behind the protocol's name in a listing: `type 8`, ` echo-request`."""
        name = next((n for n, code in self.names.items() if code == value), None)
        if name and not numeric:
            return f" {'!' if negated else ''}{name}"
        kind, first, last = value
        text = f"{' !' if negated else ''}type {kind}"
        if first == last:
            return f"{text} code {first}"
        return text if (first, last) == _ANY_CODE else f"{text} codes {first}-{last}"


def _span(text: str) -> tuple[int, int]:
    try:
        first, colon, last = text.partition(":")
        low = number(first, 0, 255)
        return low, number(last, 0, 255) if colon else low
    except ValueError:
        raise ValueError("expected a type by name, or TYPE or TYPE/CODE in numbers") from None


def unlist(head: str, option: str) -> Unlist:
    """The way back from `listed`: `type 3 code 1` or `type 3 codes 1-5` by numbers, or a name."""

    def words(text: str, _: Context) -> list[str]:
        kind, *code = text.split()
        return [f"--{option}", "/".join([kind, *(c.replace("-", ":") for c in code[1:])])]

    by_number = Shown(option, "type ", r"\d+(?: codes? [0-9-]+)?", words=words)
    return Unlist(head, (by_number, Shown(option, "")))


def asks(option: str, o: Options, any_type: int | None) -> Meaning:
    """The meaning of icmp and icmp6: `any_type` matches whatever the packet's type is."""
    kind, first, last = o[option]
    pred: Pred = all_of(is_in(F.ICMP_TYPE, kind), is_in(F.ICMP_CODE, (first, last)))
    asked = o.sense(option, TRUE if kind == any_type else pred)
    return Meaning(all_of(WHOLE, asked), CUT_OFF)


TYPE = IcmpType(
    codes(
        "any 255, echo-reply 0, pong 0, destination-unreachable 3, network-unreachable 3 0, "
        "host-unreachable 3 1, protocol-unreachable 3 2, port-unreachable 3 3, "
        "fragmentation-needed 3 4, source-route-failed 3 5, network-unknown 3 6, "
        "host-unknown 3 7, network-prohibited 3 9, host-prohibited 3 10, "
        "TOS-network-unreachable 3 11, TOS-host-unreachable 3 12, communication-prohibited 3 13, "
        "host-precedence-violation 3 14, precedence-cutoff 3 15, source-quench 4, redirect 5, "
        "network-redirect 5 0, host-redirect 5 1, TOS-network-redirect 5 2, "
        "TOS-host-redirect 5 3, echo-request 8, ping 8, router-advertisement 9, "
        "router-solicitation 10, time-exceeded 11, ttl-exceeded 11, ttl-zero-during-transit 11 0, "
        "ttl-zero-during-reassembly 11 1, parameter-problem 12, ip-header-bad 12 0, "
        "required-option-missing 12 1, timestamp-request 13, timestamp-reply 14, "
        "address-mask-request 17, address-mask-reply 18"
    )
)


def _save(o: Options, _: Context) -> str:
    text = "any" if o["icmp-type"][0] == 255 else TYPE.write(o["icmp-type"], 4)
    return f"{o.sign('icmp-type')}--icmp-type {text}"


def _list(o: Options, _: Context, numeric: bool) -> str:
    return "icmp" + TYPE.listed(o["icmp-type"], o.negated("icmp-type"), numeric)


MATCH = Match(
    "icmp",
    lambda o, _: asks("icmp-type", o, any_type=255),
    options=(Option("icmp-type", TYPE, negatable=True, required=True),),
    families=(4,),
    protos=(PROTOCOLS["icmp"],),
    save=_save,
    listing=_list,
    unlist=unlist("icmp", "icmp-type"),
)
EXAMPLES = """
-p icmp --icmp-type 8 ; -p icmp -m icmp --icmp-type 8
-p icmp --icmp-type any ; -p icmp -m icmp --icmp-type any
-p icmp --icmp-type echo-req ; -p icmp -m icmp --icmp-type 8
-p icmp --icmp-type ping ; -p icmp -m icmp --icmp-type 8
-p icmp ! --icmp-type network-unreachable ; -p icmp -m icmp ! --icmp-type 3/0
-p icmp -m icmp --icmp-type tos-HOST-red ; -p icmp -m icmp --icmp-type 5/3
-p icmp --icmp-type 3/0xd ; -p icmp -m icmp --icmp-type 3/13
-p icmp --icmp-type 3/1:5 ; -p icmp -m icmp --icmp-type 3/1
-p icmp --icmp-type 3/0:255 ; -p icmp -m icmp --icmp-type 3
-p icmp --icmp-type 255/3 ; -p icmp -m icmp --icmp-type any
-p icmp ! --icmp-type 3:3 ; -p icmp -m icmp ! --icmp-type 3
-p icmp --icmp-type echo ; error
-p icmp --icmp-type 3:4 ; error
-p icmp --icmp-type 256 ; error
-p icmp --icmp-type 3/256 ; error
-p icmp --icmp-type 3/ ; error
-p icmp --icmp-type nonsense ; error
-p icmp -m icmp ; error
-m icmp --icmp-type 8 ; error
-p udp -m icmp --icmp-type 8 ; error
-p ipv6-icmp --icmpv6-type 128 ; error
"""
