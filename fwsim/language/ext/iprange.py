"""iprange: source or destination lies between two addresses, both included.

Semantics: net/netfilter/xt_iprange.c; a range that ends before it begins holds no address. Text:
libxt_iprange.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.values import bits_of, network
from fwsim.model import fields as F
from fwsim.model.names import address_text
from fwsim.model.pred import Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple

_FIELDS = {"src-range": F.SRC, "dst-range": F.DST}
_TITLES = {"src-range": "source", "dst-range": "destination"}


class _Range(NamedTuple):
    """ADDRESS or FIRST-LAST."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(first, last)"""
        first, dash, last = words[0].partition("-")
        low = network(first, context.family)
        return low, network(last, context.family) if dash else low

    def write(self, value: tuple[int, int], family: int) -> str:
        """10.0.0.1-10.0.0.9, always with both ends"""
        return "-".join(address_text(end, bits_of(family)) for end in value)


def _matches(o: Options, c: Context) -> Pred:
    asked = (o.sense(n, is_in(field[c.family], o[n])) for n, field in _FIELDS.items() if n in o)
    return all_of(*asked)


def _check(o: Options, _: Context) -> None:
    if not o:
        raise ValueError("--src-range or --dst-range is needed")


def _list(o: Options, c: Context, numeric: bool) -> str:
    return " ".join(
        f"{title} IP range {o.sign(name)}{_Range().write(o[name], c.family)}"
        for name, title in _TITLES.items()
        if name in o
    )


MATCH = Match(
    "iprange",
    _matches,
    options=tuple(Option(name, _Range(), negatable=True) for name in _FIELDS),
    check=_check,
    listing=_list,
    unlist=Unlist(
        "(?=source|destination)", tuple(Shown(n, f"{t} IP range ") for n, t in _TITLES.items())
    ),
)
EXAMPLES = """
-m iprange ; error
-m iprange --src-range ; error
-m iprange --src-range example ; error
"""
EXAMPLES4 = """
-m iprange --src-range 10.0.0.1-10.0.0.9 ; =
-m iprange --src-range 10.0.0.5 ; -m iprange --src-range 10.0.0.5-10.0.0.5
-m iprange --src-range 10.1-0xa.010.2 ; -m iprange --src-range 10.1.0.0-10.8.2.0
-m iprange ! --dst-range 0.0.0.0-255.255.255.255 ; = ; raw PREROUTING
-m iprange ! --dst-range 1.1.1.1 --src-range 9.9.9.9-9.9.9.1 ; \
-m iprange --src-range 9.9.9.9-9.9.9.1 ! --dst-range 1.1.1.1-1.1.1.1
-m iprange --src-range 10.0.0.1- ; error
-m iprange --src-range -10.0.0.1 ; error
-m iprange --src-range 10.0.0.1-10.0.0.2-10.0.0.3 ; error
-m iprange --src-range 10.0.0.256 ; error
-m iprange --src-range 1.2.3.4.5 ; error
-m iprange --src-range 10.0.0.0/8 ; error
-m iprange --src-range fd00::1 ; error
-m iprange --src-range 1.1.1.1 --src-range 1.1.1.2 ; error
"""
EXAMPLES6 = """
-m iprange --src-range fd00::1-fd00::9 ; =
-m iprange ! --src-range FD00::1 --dst-range ::-ffff::1 ; \
-m iprange ! --src-range fd00::1-fd00::1 --dst-range ::-ffff::1
-m iprange --dst-range fd00::1-10.0.0.1 ; error
-m iprange --dst-range fd00::1- ; error
-m iprange --dst-range fd00::/64 ; error
"""
