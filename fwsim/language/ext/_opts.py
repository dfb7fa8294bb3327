"""What hbh and dst share: an IPv6 header full of options (libip6t_hbh.c, libip6t_dst.c).

Semantics: net/ipv6/netfilter/ip6t_hbh.c, which compares the options one by one from the first.
"""

from fwsim.language.ext._exthdr import Header
from fwsim.language.ext._spans import list_number, save_spans, within
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt
from fwsim.language.values import number
from fwsim.model.chain import Found
from fwsim.model.exthdr import DEST, octets
from fwsim.model.pred import Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple

_MOST = 16
_ANY = 0xFF  # a length that fits all
_Wanted = tuple[tuple[int, int], ...]


class _Types(NamedTuple):
    """TYPE[:LENGTH], up to 16, separated by commas. Numbers past a byte lose their higher bits."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> _Wanted:
        """(type, length) each."""
        parts = words[0].split(",")
        if len(parts) > _MOST:
            raise ValueError(f"expected {_MOST} options at most")
        if any(":" in part for part in parts[_MOST - 1 :]):
            raise ValueError("the last of 16 options can have no length")
        return tuple(map(self._one, parts))

    @staticmethod
    def _one(text: str) -> tuple[int, int]:
        kind, colon, length = text.partition(":")
        value = number(kind, 0, 2**64 - 1) & 0xFF
        if colon and not value:
            raise ValueError("Pad1, option 0, has no length")
        return value, number(length, 0, 2**64 - 1) & 0xFF if colon else _ANY

    def write(self, value: _Wanted, family: int) -> str:
        """5:2,1"""
        return ",".join(str(k) if size == _ANY else f"{k}:{size}" for k, size in value)


def _begins(wanted: _Wanted, found: Found) -> bool:
    """The header's options begin with these. The last of them may be cut off."""
    body = found.data[2 : octets(DEST, found.data)]
    for kind, size in wanted:
        if not body or body[0] != kind or (kind and len(body) < 2):
            return False
        if kind and size not in (_ANY, body[1]):
            return False
        body = body[body[1] + 2 if kind else 1 :]
    return True


def options_match(name: str, kind: int) -> Match:
    """-m hbh or -m dst, which look for a header of that number."""
    header = Header(kind, 2, f"{name} header")
    length = header.length()

    def matches(o: Options, _: Context) -> Meaning:
        asked: list[Pred] = []
        if f"{name}-len" in o:
            asked.append(o.sense(f"{name}-len", within(length, (o[f"{name}-len"],) * 2)))
        if f"{name}-opts" in o:
            wanted = o[f"{name}-opts"]
            begins = header.field(
                "options are those", 1, lambda found: int(_begins(wanted, found)), "flag"
            )
            asked.append(is_in(begins, 1))
        return header.meaning(all_of(*asked))

    def listed(o: Options, _: Context, numeric: bool) -> str:
        text = name + list_number(" length", o, f"{name}-len")
        wanted = o.get(f"{name}-opts")
        return text if wanted is None else f"{text} opts {_Types().write(wanted, 6)}"

    options = (Option(f"{name}-len", UInt(), negatable=True), Option(f"{name}-opts", _Types()))
    return Match(
        name,
        matches,
        options=options,
        families=(6,),
        save=lambda o, _: save_spans(o, options).strip(),
        listing=listed,
        unlist=Unlist(name, (Shown(f"{name}-len", "length:"), Shown(f"{name}-opts", "opts "))),
    )


def examples(name: str) -> str:
    """The EXAMPLES6 of both, which differ in the name only."""
    return _EXAMPLES.replace("NAME", name)


_EXAMPLES = """
-m NAME ; =
-m NAME --NAME-len 8 ; =
-m NAME ! --NAME-len 0x10 --NAME-opts 5 ; -m NAME ! --NAME-len 16 --NAME-opts 5
-m NAME --NAME-opts 1:4,0,0xc2:010,5:255 ; -m NAME --NAME-opts 1:4,0,194:8,5
-m NAME --NAME-opts 257:258 ; -m NAME --NAME-opts 1:2
-m NAME --NAME-opts 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1:1,1 ; =
-m NAME --NAME-opts 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1:1 ; error
-m NAME --NAME-opts 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 ; error
-m NAME --NAME-opts 0:1 ; error
-m NAME --NAME-opts 256:1 ; error
-m NAME --NAME-opts 1: ; error
-m NAME --NAME-opts 1, ; error
-m NAME --NAME-opts x ; error
-m NAME --NAME-opts "" ; error
-m NAME ! --NAME-opts 1 ; error
-m NAME --NAME-len 1:2 ; error
-m NAME --NAME-len ; error
"""
