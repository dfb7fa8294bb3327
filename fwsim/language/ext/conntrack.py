"""conntrack: what is known of the packet's connection.

Semantics: net/netfilter/xt_conntrack.c (revision 3). Where there is no connection to ask, only
--ctstate counts: the match holds if it was asked and agrees, whatever else was asked. The clock of
a connection that is not confirmed stands at 0 (the kernel reads another number off it only in the
first minutes after it was started, and months later). Text: libxt_conntrack.c.
"""

from collections.abc import Iterator, Mapping

from fwsim.language.ext._anywhere import shown_anywhere
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.types import HostMask, Names, Ports, ProtocolNumber, UIntRange
from fwsim.model import fields as F
from fwsim.model.names import STATES, STATUS
from fwsim.model.pred import Pred, all_of, any_of, is_in, masked
from fwsim.model.tuples import NamedTuple

_ORDER = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")
STATE_BITS = {name: 1 << bit for bit, name in enumerate(_ORDER)}
_STATUSES = {"NONE": 0, **{name: STATUS[name] for name in tuple(STATUS)[:4]}}
_TRANSLATED = {"SNAT": STATUS["SRC_NAT"], "DNAT": STATUS["DST_NAT"]}
_ADDRESSES: Mapping[str, Mapping[int, F.Field]] = {
    "ctorigsrc": F.CT_ORIG_SRC,
    "ctorigdst": F.CT_ORIG_DST,
    "ctreplsrc": F.CT_REPL_SRC,
    "ctrepldst": F.CT_REPL_DST,
}
_PORTS = {
    "ctorigsrcport": F.CT_ORIG_SPORT,
    "ctorigdstport": F.CT_ORIG_DPORT,
    "ctreplsrcport": F.CT_REPL_SPORT,
    "ctrepldstport": F.CT_REPL_DPORT,
}


class _ConnectionPorts(NamedTuple):
    """As Ports; a range up to port 0 is written as if it were one port."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(first, last)"""
        return Ports(resolved=True).read(words, context)

    def write(self, value: tuple[int, int], family: int) -> str:
        """80, or 8000:8010"""
        return Ports().write(value if value[1] else (value[0], value[0]), family)


class _Direction(NamedTuple):
    """ORIGINAL (0) or REPLY (1)."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """0 or 1"""
        if words[0].upper() not in ("ORIGINAL", "REPLY"):
            raise ValueError("expected ORIGINAL or REPLY")
        return int(words[0].upper() == "REPLY")

    def write(self, value: int, family: int) -> str:
        """The name."""
        return "REPLY" if value else "ORIGINAL"


def has_state(mask: int) -> Pred:
    """The connection's state is one of those of STATE_BITS in `mask`; SNAT and DNAT are states
    that it has besides."""
    states = (STATES.index(name) for name in STATES if mask & STATE_BITS[name])
    nat = (masked(F.CT_STATUS, b, b) for name, b in _TRANSLATED.items() if mask & STATE_BITS[name])
    return any_of(is_in(F.CTSTATE, *states), *nat)


def _details(o: Options, family: int) -> Iterator[Pred]:
    """All but --ctstate, in the order in which the kernel asks."""
    if "ctdir" in o:
        yield is_in(F.CT_DIR, o["ctdir"])
    for name, field in _ADDRESSES.items():
        if name in o:
            value, mask = o[name]
            yield o.sense(name, masked(field[family], value & mask, mask))
    if "ctproto" in o:
        yield o.sense("ctproto", is_in(F.CT_PROTO, o["ctproto"]))
    for name, port in _PORTS.items():
        if name in o:
            yield o.sense(name, is_in(port, o[name]))
    if "ctstatus" in o:
        bits = o["ctstatus"]
        yield o.sense("ctstatus", is_in(F.CT_STATUS, (1, F.CT_STATUS.top), mask=bits))
    if "ctexpire" in o:
        yield o.sense("ctexpire", is_in(F.CT_EXPIRE, o["ctexpire"]))


def _matches(o: Options, c: Context) -> Pred:
    details = tuple(_details(o, c.family))
    if "ctstate" not in o:
        return all_of(is_in(F.CT_KNOWN, 1), *details)
    state = o.sense("ctstate", has_state(o["ctstate"]))
    if not details:
        return state
    return all_of(state, any_of(is_in(F.CT_KNOWN, 0), all_of(*details)))


def _check(o: Options, _: Context) -> None:
    if not o:
        raise ValueError("at least one option is required")


def _list(o: Options, c: Context, numeric: bool) -> str:
    return " ".join(
        f"{o.sign(option.name)}{option.name} {_shown(option, o, c, numeric)}"
        for option in _OPTIONS
        if option.name in o
    )


def _shown(option: Option, o: Options, c: Context, numeric: bool) -> str:
    if option.name in _ADDRESSES and not numeric and not o[option.name][0]:
        return "anywhere"
    return option.type.write(o[option.name], c.family)


_OPTIONS = (
    Option("ctstate", Names(STATE_BITS), negatable=True),
    Option("ctproto", ProtocolNumber(), negatable=True),
    *(Option(name, HostMask(), negatable=True) for name in _ADDRESSES),
    *(Option(name, _ConnectionPorts(), negatable=True) for name in _PORTS),
    Option("ctstatus", Names(_STATUSES), negatable=True),
    Option("ctexpire", UIntRange(), negatable=True),
    Option("ctdir", _Direction()),
)


_UNLIST = Unlist(
    "",
    (
        *map(shown_anywhere, _ADDRESSES),
        *(Shown(option.name, f"{option.name} ") for option in _OPTIONS),
    ),
)
MATCH = Match("conntrack", _matches, options=_OPTIONS, check=_check, listing=_list, unlist=_UNLIST)
EXAMPLES = """
-m conntrack --ctstate RELATED,ESTABLISHED ; =
-m conntrack --ctstate est,new ; -m conntrack --ctstate NEW,ESTABLISHED
-m conntrack --ctstate DNAT,SNAT,UNTRACKED,ESTABLISHED,RELATED,NEW,INVALID ; \
-m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT
-m conntrack ! --ctstate DNAT,SNAT,UNTRACKED ; -m conntrack ! --ctstate UNTRACKED,SNAT,DNAT
-m conntrack --ctproto tcp ; -m conntrack --ctproto 6
-m conntrack ! --ctproto ICMP ; -m conntrack ! --ctproto 1
-m conntrack --ctproto all ; -m conntrack --ctproto 0
-m conntrack --ctorigsrcport 5 ; =
-m conntrack --ctorigsrcport 0 ; =
-m conntrack ! --ctorigdstport http:90 ; -m conntrack ! --ctorigdstport 80:90
-m conntrack --ctreplsrcport 5: ; -m conntrack --ctreplsrcport 5:65535
-m conntrack --ctrepldstport 5:0 ; -m conntrack --ctrepldstport 5
-m conntrack --ctstatus NONE ; =
-m conntrack --ctstatus NONE,ASSURED ; -m conntrack --ctstatus ASSURED
-m conntrack ! --ctstatus conf,assured,none ; -m conntrack ! --ctstatus ASSURED,CONFIRMED
-m conntrack --ctstatus EXPECTED,SEEN_REPLY ; =
-m conntrack --ctexpire 5 ; =
-m conntrack --ctexpire 5:5 ; -m conntrack --ctexpire 5
-m conntrack ! --ctexpire :0x10 ; -m conntrack ! --ctexpire 0:16
-m conntrack --ctexpire 9: ; -m conntrack --ctexpire 9:4294967295
-m conntrack --ctdir reply --ctstate NEW ; -m conntrack --ctstate NEW --ctdir REPLY
-m conntrack --ctdir ORIGINAL ; =
-m conntrack ; error
-m conntrack --ctstate ; error
-m conntrack --ctstate NEW, ; error
-m conntrack --ctstate NOTHING ; error
-m conntrack --ctstatus SRC_NAT ; error
-m conntrack --ctorigsrcport 0x5 ; error
-m conntrack --ctexpire 4294967296 ; error
-m conntrack --ctexpire 5:3 ; =
-m conntrack --ctdir REP ; error
-m conntrack ! --ctdir REPLY ; error
"""
EXAMPLES4 = """
-m conntrack --ctorigsrc 10.0.0.5 ; =
-m conntrack --ctorigsrc 10.0.0.5/8 ; =
-m conntrack ! --ctorigdst 10.0.0.5/255.255.0.0 ; -m conntrack ! --ctorigdst 10.0.0.5/16
-m conntrack --ctreplsrc 10.0.0.5/255.0.255.0 ; -m conntrack --ctreplsrc 10.0.0.5
-m conntrack --ctrepldst 10.1 ; -m conntrack --ctrepldst 10.0.0.1
-m conntrack --ctorigsrc 0.0.0.0/0 ; =
-m conntrack --ctorigsrc 10.0.0.1/33 ; -m conntrack --ctorigsrc 10.0.0.1
-m conntrack --ctorigsrc 10.0.0.1/x ; error
-m conntrack --ctorigsrc fd00::1 ; error
"""
EXAMPLES6 = """
-m conntrack --ctorigsrc fd00::5/16 ; =
-m conntrack ! --ctrepldst FD00::5 ; -m conntrack ! --ctrepldst fd00::5
-m conntrack --ctorigsrc ::/0 --ctstate NEW ; -m conntrack --ctstate NEW --ctorigsrc ::/0
-m conntrack --ctorigsrc 10.0.0.1 ; error
"""
