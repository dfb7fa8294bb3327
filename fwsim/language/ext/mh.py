"""mh: the type of an IPv6 mobility header.

Semantics: net/ipv6/netfilter/ip6t_mh.c, which never matches a later fragment and drops at once a
truncated header, or one that something follows; text: libip6t_mh.c.
"""

from fwsim.language.ext._body import GIVEN, behind, if_given, number, range_text
from fwsim.language.ext._head import FIRST
from fwsim.language.ext._spans import save_spans
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.values import number as number_of
from fwsim.model.exthdr import NONE
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import all_of, is_in, negate
from fwsim.model.tuples import NamedTuple

_NEXT = number("mobility header's next", 0, 1, "proto")
_TYPE = number("mobility header's type", 2, 1)
_WHOLE = (0, 255)
_NAMES = {
    "binding-refresh-request": 0, "brr": 0, "home-test-init": 1, "hoti": 1, "careof-test-init": 2,
    "coti": 2, "home-test": 3, "hot": 3, "careof-test": 4, "cot": 4, "binding-update": 5, "bu": 5,
    "binding-acknowledgement": 6, "ba": 6, "binding-error": 7, "be": 7,
}  # fmt: skip
_SHOWN = "|".join((*_NAMES, r"\d+"))
_LISTED = {kind: name for name, kind in reversed(_NAMES.items())}


class _MhType(NamedTuple):
    """A type by number or name, or a range FIRST:LAST with either end left out."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(first, last)"""
        first, colon, last = words[0].partition(":")
        low = self._one(first) if first or not colon else 0
        high = self._one(last) if last else 255 if colon else low
        if low > high:
            raise ValueError(f"the range ends before it begins; write {last}:{first}")
        return low, high

    @staticmethod
    def _one(text: str) -> int:
        """By its name, whole or cut short (to anything: the first that begins so)."""
        begun = [name for name in _NAMES if name.startswith(text.lower())]
        whole = [name for name in begun if len(name) == len(text)]
        if begun:
            return _NAMES[(whole or begun)[0]]
        try:
            return number_of(text, 0, 255)
        except ValueError:
            raise ValueError("expected a type from 0 to 255 or its name") from None

    def write(self, value: tuple[int, int], family: int) -> str:
        """5, or 5:7"""
        return ":".join(map(str, dict.fromkeys(value)))


def _matches(o: Options, c: Context) -> Meaning:
    span = o.get("mh-type", _WHOLE)
    text = range_text(span)
    asked = if_given(c, is_in(_TYPE, span), f"mh type {text}", f"its mobility type is {text}")
    followed = all_of(is_in(GIVEN, 1), negate(is_in(_NEXT, NONE)))
    return behind(6, all_of(negate(followed), o.sense("mh-type", asked)), all_of(FIRST, followed))


def _list(o: Options, _: Context, numeric: bool) -> str:
    span = o.get("mh-type", _WHOLE)
    if span == _WHOLE and not o.negated("mh-type"):
        return "mh"
    names = (str(k) if numeric else _LISTED.get(k, str(k)) for k in dict.fromkeys(span))
    return f"mh {o.sign('mh-type', '!')}{':'.join(names)}"


_OPTION = Option("mh-type", _MhType(), negatable=True)
MATCH = Match(
    "mh",
    _matches,
    options=(_OPTION,),
    families=(6,),
    protos=(PROTOCOLS["mobility-header"],),
    save=lambda o, _: save_spans(o, (_OPTION,), _WHOLE).strip(),
    listing=_list,
    unlist=Unlist("mh", (Shown("mh-type", "", rf"(?:{_SHOWN})(?::(?:{_SHOWN}))?"),)),
)
EXAMPLES6 = """
-p mobility-header -m mh ; =
-p mh -m mh --mh-type 5 ; -p mobility-header -m mh --mh-type 5
-p MH --mh-type binding-update ; -p mobility-header -m mh --mh-type 5
-p ipv6-mh -m mh --mh-type BU ; -p mobility-header -m mh --mh-type 5
-p 135 -m mh --mh-type hot ; -p mobility-header -m mh --mh-type 3
-p mh -m mh --mh-type home ; -p mobility-header -m mh --mh-type 1
-p mh -m mh --mh-type b:co ; -p mobility-header -m mh --mh-type 0:2
-p mh -m mh ! --mh-type cot: ; -p mobility-header -m mh ! --mh-type 4:255
-p mh -m mh ! --mh-type :0x7 ; -p mobility-header -m mh ! --mh-type 0:7
-p mh -m mh ! --mh-type : ; -p mobility-header -m mh
-p mh -m mh --mh-type "" ; -p mobility-header -m mh --mh-type 0
-p mh -m mh --mh-type 6:be ; -p mobility-header -m mh --mh-type 6:7
-p mh -m mh --mh-type 9:be ; error
-p mh -m mh --mh-type 256 ; error
-p mh -m mh --mh-type foreign ; error
-p mh -m mh --mh-type ; error
-p 135 --mh-type 1 ; error
-p ipv6-mh --mh-type 1 ; error
-p mh -m ipv6-mh --mh-type 1 ; error
-p mh -m mobility-header --mh-type 1 ; error
-p udp -m mh --mh-type 1 ; error
-m mh --mh-type 1 ; error
"""
