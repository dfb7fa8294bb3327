"""frag: the IPv6 fragment header. --fraglen is kept and never asked for.

Semantics: net/ipv6/netfilter/ip6t_frag.c; text: libip6t_frag.c.
"""

from fwsim.language.ext._body import if_given, range_text
from fwsim.language.ext._exthdr import Header
from fwsim.language.ext._spans import list_number, list_span, save_spans
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt, UIntRange
from fwsim.model.exthdr import FRAGMENT
from fwsim.model.fields import Field
from fwsim.model.pred import TRUE, Pred, all_of, is_in

_HEADER = Header(FRAGMENT, 8, "fragment header")
_ID = _HEADER.number("identification", 4, 4, "hex")
_BITS = _HEADER.number("bits", 1, 3, "hex")  # the reserved byte, the offset, and three bits
_ID_GIVEN = Field(
    "fragment identification given", 1, "flag",
    lambda facts: int(any(kind == FRAGMENT for kind, _ in facts.packet.ext)),
)  # fmt: skip
_ASKED = {
    "fragres": is_in(_BITS, 0, mask=0xFF0006),
    "fragfirst": is_in(_BITS, 0, mask=0x00FFF8),
    "fragmore": is_in(_BITS, 1, mask=1),
    "fraglast": is_in(_BITS, 0, mask=1),
}
_TOLD = {"fragres": "reserved", "fragfirst": "first", "fragmore": "more", "fraglast": "last"}
_OPTIONS = (
    Option("fragid", UIntRange(), negatable=True),
    Option("fraglen", UInt(), negatable=True),
    *map(Option, _ASKED),
)


def _matches(o: Options, c: Context) -> Meaning:
    asked: list[Pred] = [TRUE]
    if "fragid" in o:
        text = range_text(o["fragid"])
        pred = is_in(_ID, o["fragid"])
        why = f"its fragment identification is {text}"
        asked.append(o.sense("fragid", if_given(c, pred, f"frag id {text}", why, _ID_GIVEN)))
    return _HEADER.meaning(all_of(*asked, *(pred for name, pred in _ASKED.items() if name in o)))


def _check(o: Options, _: Context) -> None:
    if "fragmore" in o and "fraglast" in o:
        raise ValueError("--fragmore and --fraglast exclude each other")


def _list(o: Options, _: Context, numeric: bool) -> str:
    flags = (f" {told}" for name, told in _TOLD.items() if name in o)
    numbers = list_span("id", o, "fragid") + list_number(" length", o, "fraglen")
    return f"frag {numbers}{''.join(flags)}"


MATCH = Match(
    "frag",
    _matches,
    options=_OPTIONS,
    families=(6,),
    check=_check,
    save=lambda o, _: save_spans(o, _OPTIONS).strip(),
    listing=_list,
    unlist=Unlist(
        "frag",
        (
            Shown("fragid", "ids?:"),
            Shown("fraglen", "length:"),
            *(Shown(name, told, "") for name, told in _TOLD.items()),
        ),
    ),
)
EXAMPLES6 = """
-m frag ; =
-m frag --fragid 5 ; =
-p udp -m frag ! --fragid 0x5:9 --fragmore ; -p udp -m frag ! --fragid 5:9 --fragmore
-m frag --fragid 5: ; -m frag --fragid 5:4294967295
-m frag ! --fragid : ; -m frag
-m frag --fragid 9:5 ; =
-m frag --fraglast --fragfirst --fragres ; -m frag --fragres --fragfirst --fraglast
-m frag --fraglen 0 ; =
-m frag ! --fraglen 4294967295 --fragid 1 ; -m frag --fragid 1 ! --fraglen 4294967295
-m frag --fragmore --fraglast ; error
-m frag ! --fragfirst ; error
-m frag --fraglen 1:2 ; error
-m frag --fragid 1:2:3 ; error
-m frag --fragid ; error
-m frag --fragm --fragm ; error
"""
