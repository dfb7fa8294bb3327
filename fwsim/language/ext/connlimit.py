"""connlimit: how many connections there are from (or to) the packet's network, its own included.

Semantics: net/netfilter/xt_connlimit.c and nf_conncount.c of Linux 6.18. The rule lists for each
network (and zone) the connections that it was asked about, until they are ASSURED: by their
original tuple, or where there is none yet by the packet's own. One is taken off once conntrack has
forgotten it, or TCP has closed it. A list is looked through but once a tick: in the same, what is
not confirmed yet is put on it again. A packet that shows no tuple is dropped at once, and so is one
that finds its list empty (the reset of an ASSURED connection that was alone). Text:
libxt_connlimit.c.
"""

from collections.abc import Iterator, Mapping

from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist, fact
from fwsim.language.types import PrefixMask, UInt
from fwsim.language.values import bits_of
from fwsim.model.facts import Facts, Tracked, TrackKey
from fwsim.model.jiffies import jiffies
from fwsim.model.names import STATUS
from fwsim.model.tuples import NamedTuple


class _List(NamedTuple):
    """The connections of a network, and the tick in which they were last looked through."""

    keys: tuple[TrackKey, ...]
    tick: int


class _Memory(NamedTuple):
    """The lists by (network, zone), and how many the last packet found there."""

    lists: Mapping[tuple[int, int], _List]
    found: int


class _Limit(NamedTuple):
    """What one rule counts."""

    by: str
    mask: int
    limit: int
    upto: bool

    def asked(self, facts: Facts, memory: _Memory | None) -> tuple[bool, _Memory]:
        """Put the packet's connection on its list; whether as many are there as the rule asks."""
        own, lists = facts.track_key, memory.lists if memory else {}
        if own is None:
            return False, _Memory(lists, 0)
        address = facts.packet.src if self.by == "src" else facts.packet.dst
        network = (address & self.mask, own.zone.number)
        listed = _listed(lists.get(network), own, facts)
        count = len(listed.keys)
        holds = bool(count) and (count > self.limit) != self.upto
        return holds, _Memory({**lists, network: listed}, count)


def _empty(_: Facts, memory: _Memory | None) -> tuple[bool, _Memory | None]:
    return memory is not None and not memory.found, memory


def _listed(known: _List | None, own: TrackKey, facts: Facts) -> _List:
    """The list after the packet; what stands behind its own connection is not looked at."""
    now = jiffies(facts)
    if known is None:
        return _List((own,), now)
    keys, there = known.keys, _alive(own, facts)
    if there is not None and there.status & STATUS["ASSURED"]:
        return known if known.tick == now else _List(tuple(_kept(keys, facts)), now)
    if there is not None and own in keys:
        at = keys.index(own)
        return known._replace(keys=(*_kept(keys[:at], facts), *keys[at:]))
    if there is None and known.tick == now:
        return known._replace(keys=(*keys, own))
    return _List((*_kept(keys, facts), own), now)


def _alive(own: TrackKey, facts: Facts) -> Tracked | None:
    """The packet's connection; another one may have its tuple once it is forgotten."""
    mine, found = facts.connection, facts.alive(own)
    return None if mine and mine.original == own.tuple and found is not mine else found


def _kept(keys: tuple[TrackKey, ...], facts: Facts) -> Iterator[TrackKey]:
    for key in keys:
        connection = facts.alive(key)
        if connection is not None and not connection.closed:
            yield key


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
    why = f"there are {'at most' if limit.upto else 'more than'} {limit.limit} connections"
    why = f"{why} {'from' if limit.by == 'src' else 'to'} its network"
    list_name = name.replace(" ", " list for ", 1)
    return Meaning(fact(c, name, why, limit.asked), fact(c, list_name, "its list is empty", _empty))


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
        Option("connlimit-saddr"),
        Option("connlimit-daddr"),
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
