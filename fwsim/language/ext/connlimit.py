"""connlimit: how many connections there are from (or to) the packet's network, its own included.

Semantics: net/netfilter/xt_connlimit.c; what is counted is in _conncount.py beside this. A packet
that shows no tuple is dropped at once, and so is one that finds its list empty (the reset of an
ASSURED connection that was alone). Text: libxt_connlimit.c.
"""

from fwsim.language.ext._conncount import Counted, count
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist, fact
from fwsim.language.types import PrefixMask, UInt
from fwsim.language.values import bits_of
from fwsim.model.facts import Facts
from fwsim.model.tuples import NamedTuple


class _Limit(NamedTuple):
    """What one rule counts."""

    by: str
    mask: int
    limit: int
    upto: bool

    def asked(self, facts: Facts, memory: Counted | None) -> tuple[bool, Counted]:
        """Put the packet's connection on its list; whether as many are there as the rule asks."""
        address = facts.packet.src if self.by == "src" else facts.packet.dst
        memory = count(memory, address & self.mask, facts)
        return bool(memory.found) and (memory.found > self.limit) != self.upto, memory


def _empty(_: Facts, memory: Counted | None) -> tuple[bool, Counted | None]:
    return memory is not None and not memory.found, memory


def _limit(o: Options, c: Context) -> _Limit:
    name = "connlimit-upto" if "connlimit-upto" in o else "connlimit-above"
    return _Limit(
        "dst" if "connlimit-daddr" in o else "src",
        o.get("connlimit-mask", (1 << bits_of(c.family)) - 1),
        o[name],
        (name == "connlimit-upto") != o.negated(name),
    )


def _matches(o: Options, c: Context) -> Meaning:
    limit = _limit(o, c)
    name = f"connlimit {'upto' if limit.upto else 'above'} {limit.limit}"
    many, way = "at most" if limit.upto else "more than", "from" if limit.by == "src" else "to"
    why = f"there are {many} {limit.limit} connections {way} its network"
    empty = fact(c, name.replace(" ", " list for ", 1), "its list is empty", _empty)
    return Meaning(fact(c, name, why, limit.asked), empty)


def _check(o: Options, _: Context) -> None:
    if "connlimit-saddr" in o and "connlimit-daddr" in o:
        raise ValueError("give either --connlimit-saddr or --connlimit-daddr")


def _save(o: Options, c: Context) -> str:
    by, mask, limit, upto = _limit(o, c)
    return (
        f"--connlimit-{'upto' if upto else 'above'} {limit}"
        f" --connlimit-mask {PrefixMask().write(mask, c.family)} --connlimit-{by[0]}addr"
    )


def _list(o: Options, c: Context, numeric: bool) -> str:
    by, mask, limit, upto = _limit(o, c)
    return f"#conn {by}/{PrefixMask().write(mask, c.family)} {'<=' if upto else '>'} {limit}"


def _shown(text: str, _: Context) -> list[str]:
    network, sign, limit = text.split()
    by, _slash, prefix = network.partition("/")
    kind = "above" if sign == ">" else "upto"
    return [f"--connlimit-{by[0]}addr", "--connlimit-mask", prefix, f"--connlimit-{kind}", limit]


MATCH = Match(
    "connlimit",
    _matches,
    options=(
        Option("connlimit-upto", UInt(), negatable=True, choice="limit"),
        Option("connlimit-above", UInt(), negatable=True, choice="limit"),
        Option("connlimit-mask", PrefixMask()),
        *map(Option, ("connlimit-saddr", "connlimit-daddr")),
    ),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "#conn",
        (Shown("connlimit-above", "", r"(?:src|dst)/[0-9]+ (?:<=|>) [0-9]+", words=_shown),),
    ),
)
EXAMPLES = """
-m connlimit --connlimit-mask 24 ; error
-m connlimit --connlimit-above 2 --connlimit-saddr --connlimit-daddr ; error
-m connlimit --connlimit-above 2 --connlimit-upto 3 ; error
-m connlimit --connlimit-above 2 --connlimit-mask x ; error
-m connlimit --connlimit-above -1 ; error
-m connlimit --connlimit-above 4294967296 ; error
-m connlimit --connlimit-above 2 ! --connlimit-mask 8 ; error
-m connlimit ; error
"""
EXAMPLES4 = """
-m connlimit --connlimit-above 2 --connlimit-mask 24 --connlimit-saddr ; = ; raw PREROUTING
-m connlimit --connlimit-upto 0 --connlimit-mask 0 --connlimit-daddr ; = ; nat POSTROUTING
-m connlimit --connlimit-upto 2 ; \
-m connlimit --connlimit-upto 2 --connlimit-mask 32 --connlimit-saddr
-m connlimit ! --connlimit-upto 0x10 ; \
-m connlimit --connlimit-above 16 --connlimit-mask 32 --connlimit-saddr
-m connlimit ! --connlimit-above 2 --connlimit-daddr ; \
-m connlimit --connlimit-upto 2 --connlimit-mask 32 --connlimit-daddr
-m connlimit --connlimit-above 2 --connlimit-mask 255.255.0.0 ; \
-m connlimit --connlimit-above 2 --connlimit-mask 16 --connlimit-saddr
-m connlimit --connlimit-above 2 --connlimit-mask 255.0.255.0 ; \
-m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr
-m connlimit --connlimit-above 4294967295 --connlimit-mask 33 ; \
-m connlimit --connlimit-above 4294967295 --connlimit-mask 32 --connlimit-saddr
"""
EXAMPLES6 = """
-m connlimit --connlimit-above 2 --connlimit-mask 97 --connlimit-daddr ; =
-m connlimit --connlimit-upto 2 ; \
-m connlimit --connlimit-upto 2 --connlimit-mask 128 --connlimit-saddr
-m connlimit --connlimit-above 2 --connlimit-mask ffff:: ; \
-m connlimit --connlimit-above 2 --connlimit-mask 16 --connlimit-saddr
-m connlimit --connlimit-above 2 --connlimit-mask ffff:0:f:: ; \
-m connlimit --connlimit-above 2 --connlimit-mask 128 --connlimit-saddr
-m connlimit --connlimit-above 2 --connlimit-mask 129 ; error
"""
