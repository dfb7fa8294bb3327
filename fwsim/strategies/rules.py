"""Rules and rulesets that iptables takes."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from fwsim.language.options import Use
from fwsim.language.read import read
from fwsim.language.ruleset import TABLES, Ruleset
from fwsim.language.types import AddressMask
from fwsim.model.errors import FwsimError, QuestionError
from fwsim.model.names import proto_text
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP
from fwsim.model.tuples import NamedTuple
from fwsim.strategies.pieces import Pool, Values, networks, pieces, pool, usual, words

if TYPE_CHECKING:
    from fwsim.net import Net

_COMES_IN = ("PREROUTING", "INPUT", "FORWARD")
_GOES_OUT = ("FORWARD", "OUTPUT", "POSTROUTING")
_VERDICTS = ("ACCEPT", "DROP", "RETURN")
_SELDOM = st.sampled_from((False, False, True))


class Place(NamedTuple):
    """Where rules stand: a table, the hooks that come to their chain, what they may be made of and
    speak of."""

    table: str
    hooks: tuple[str, ...]
    pool: Pool
    values: Values

    def takes(self, body: str) -> bool:
        """iptables takes a rule there, as fwsim reads it."""
        return _is_taken(self.table, self.hooks, self.values.family, body)


@lru_cache(maxsize=1 << 12)
def _is_taken(table: str, hooks: tuple[str, ...], family: int, body: str) -> bool:
    rules = "".join(f"-A {hook} {body}\n" for hook in hooks)
    try:
        read(f"*{table}\n:user0 - [0:0]\n:user1 - [0:0]\n{rules}COMMIT\n", family)
    except FwsimError:
        return False
    return True


class Dump(str):
    """A ruleset as iptables-save prints it; in Python's own spelling, it shows line by line."""

    __slots__ = ()

    def __repr__(self) -> str:
        plain = '"""' not in self and "\\" not in self
        return f'"""\\\n{self}"""' if plain else super().__repr__()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))

    def rules(self, family: int = 4) -> Ruleset:
        """What it says."""
        return read(self, family)


def rules(
    family: int = 4,
    *,
    table: str = "filter",
    chain: str = "FORWARD",
    net: Net | None = None,
    extensions: Collection[str] | None = None,
) -> st.SearchStrategy[str]:
    """Rules as `-A CHAIN …`, for `iptables -t TABLE` and iptables-restore, which take them: made of
    core options and of what extensions declare (all that need nothing else on the host, or those
    that are named), with addresses and devices of a place where one is given. A chain of the user's
    own is taken for one that every hook of the table may come to.

    They shrink to `-A CHAIN -j ACCEPT`. QuestionError for a table that there is not, or for
    extensions that cannot stand there."""
    place = _place(family, table, chain, net, extensions)
    return _built(place, ()).map(lambda built: f"-A {chain} {built.body}".rstrip())


def rulesets(
    family: int = 4,
    *,
    tables: Sequence[str] = ("filter",),
    net: Net | None = None,
    extensions: Collection[str] | None = None,
    most: int = 4,
) -> st.SearchStrategy[Dump]:
    """Rulesets with these tables, which `fwsim.read` and iptables-restore take: policies, up to two
    chains of their own that others jump to, up to `most` rules a chain, as `rules` makes them.

    They shrink to the tables with nothing in them. QuestionError as of `rules`."""
    places = [_place(family, table, "", net, extensions) for table in tables]
    chains = {
        (place.table, hook): place._replace(
            hooks=(hook,), pool=_pool(family, place.table, (hook,), extensions)
        )
        for place in places
        for hook in place.hooks
    }
    return _rulesets(places, chains, most)


def _place(
    family: int, table: str, chain: str, net: Net | None, extensions: Collection[str] | None
) -> Place:
    if table not in TABLES:
        raise QuestionError(f"there is no table {table!r}; tables: {', '.join(TABLES)}")
    hooks = (chain,) if chain in TABLES[table] else TABLES[table]
    values = _values(net, family) if net else usual(family)
    return Place(table, hooks, _pool(family, table, hooks, extensions), values)


def _pool(
    family: int, table: str, hooks: Collection[str], extensions: Collection[str] | None
) -> Pool:
    found = pool(family, table, hooks, extensions)
    known = {uses[0].ext.name for kind in found for uses in kind}
    if extensions is not None and not known:
        raise QuestionError(
            f"none of {', '.join(extensions)} may stand in {table} {' '.join(hooks)}"
        )
    return found


def _values(net: Net, family: int) -> Values:
    """The addresses and devices of a place."""
    host = net.world.namespaces[net.world.host]
    own = [a.value for ns in net.world.namespaces.values() for _, a in ns.addresses(family)]
    addresses = tuple(dict.fromkeys(own)) or usual(family).addresses
    return Values(family, addresses, tuple(host.devices) or usual(family).devices)


class _Built:
    """A rule as it grows: what iptables does not take beside the rest, or what shares a memory with
    another rule, is left out. `shared` are those memories."""

    def __init__(self, place: Place, body: str, shared: frozenset[Hashable]) -> None:
        self.place, self.body, self.shared = place, body, shared

    def add(self, text: str) -> bool:
        """Add words, if iptables takes them."""
        body = f"{self.body} {text}".strip()
        if not self.place.takes(body):
            return False
        self.body = body
        return True

    def use(self, choice: tuple[Use, ...]) -> None:
        """Add the first of these that iptables takes, after the protocol that it wants."""
        family = self.place.values.family
        for one in choice:
            own = frozenset(one.ext.shares(one.options, family) if one.ext.shares else ())
            if own & self.shared:
                continue
            for proto in ("", *(f"-p {proto_text(number)} " for number in one.ext.protos)):
                if self.add(proto + words(one, family)):
                    self.shared |= own
                    return


@st.composite
def _built(
    draw: st.DrawFn, place: Place, chains: Sequence[str], shared: frozenset[Hashable] = frozenset()
) -> _Built:
    built = _Built(place, draw(_core(place)), shared)
    if place.pool.matches:
        for choice in draw(st.lists(_some(place.pool.matches, place.values), max_size=2)):
            built.use(choice)
    plain = st.sampled_from([f"-j {name}" for name in (*_VERDICTS, *chains)])
    end = draw(plain | _some(place.pool.targets, place.values) if place.pool.targets else plain)
    if isinstance(end, str):
        built.add(end)
    else:
        built.use(end)
    return built


def _some(of: tuple[tuple[Use, ...], ...], values: Values) -> st.SearchStrategy[tuple[Use, ...]]:
    """A use of any extension, each as often."""
    return st.sampled_from(of).flatmap(lambda uses: pieces(uses, values))


@st.composite
def _core(draw: st.DrawFn, place: Place) -> str:
    """Options that every rule may have."""
    family, some = place.values.family, []
    for flag in ("-s", "-d"):
        if draw(_SELDOM):
            address, mask = draw(networks(place.values))
            some.append((flag, AddressMask().write((address & mask, mask), family)))
    for flag, hooks in (("-i", _COMES_IN), ("-o", _GOES_OUT)):
        if draw(_SELDOM) and set(place.hooks) <= set(hooks):
            some.append((flag, draw(st.sampled_from(place.values.devices))))
    negated = [f"{'! ' if draw(_SELDOM) else ''}{flag} {value}" for flag, value in some]
    proto = draw(st.sampled_from((0, 0, TCP, UDP, ICMP if family == 4 else ICMP6)))
    return " ".join([*negated, *([f"-p {proto_text(proto)}"] if proto else [])])


@st.composite
def _rulesets(
    draw: st.DrawFn, places: list[Place], chains: dict[tuple[str, str], Place], most: int
) -> Dump:
    lines: list[str] = []
    shared: frozenset[Hashable] = frozenset()
    for place in places:
        own = [f"user{number}" for number in range(draw(st.integers(0, 2)))]
        policies = {hook: draw(_policies(place.table)) for hook in place.hooks}
        lines.append(f"*{place.table}")
        lines += [f":{hook} {policy} [0:0]" for hook, policy in policies.items()]
        lines += [f":{name} - [0:0]" for name in own]
        for at, name in enumerate((*place.hooks, *own)):
            here = chains.get((place.table, name), place)
            later = own[max(at + 1 - len(place.hooks), 0) :]
            for _ in range(draw(st.integers(0, most))):
                built = draw(_built(here, later, shared))
                shared = built.shared
                lines.append(f"-A {name} {built.body}".rstrip())
        lines.append("COMMIT")
    return Dump("\n".join(lines) + "\n")


def _policies(table: str) -> st.SearchStrategy[str]:
    return st.sampled_from(("ACCEPT", "DROP") if table == "filter" else ("ACCEPT",))
