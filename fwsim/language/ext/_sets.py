"""What the match set and the target SET share: which set, and where in the packet to look.

Text: libxt_set.h (parse_dirs); ipset's own semantics are in fwsim.language.ipset.
"""

import operator
from collections.abc import Callable, Iterator, Mapping

from fwsim.language.ipset.lookup import Found, Sets
from fwsim.language.ipset.model import IpSet
from fwsim.language.ipset.seen import Question, UnknownError
from fwsim.language.ipset.store import SCOPE, Memory
from fwsim.language.options import Context, Options, Shown
from fwsim.model.facts import Facts
from fwsim.model.tuples import NamedTuple

_WAYS, _NAMED = 6, 31
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq, "lt": operator.lt, "gt": operator.gt
}  # fmt: skip
COUNTERS = tuple(f"{what}-{how}" for what in ("packets", "bytes") for how in _COMPARE)


class SetWays(NamedTuple):
    """Two words: a set's name, and up to six of src and dst. What follows src or dst in a word says
    nothing."""

    arity: int = 2

    def read(self, words: list[str], context: Context) -> tuple[str, tuple[str, ...]]:
        """The name and the ways."""
        name, text = words
        if len(name.encode("utf-8", "surrogateescape")) > _NAMED:
            raise ValueError(f"a set's name has {_NAMED} bytes at most")
        ways = tuple(word[:3] for word in text.split(","))
        if not set(ways) <= {"src", "dst"}:
            raise ValueError("expected src or dst, several of them separated by commas")
        if len(ways) > _WAYS:
            raise ValueError(f"expected src or dst {_WAYS} times at most")
        return name, ways

    def write(self, value: tuple[str, tuple[str, ...]], family: int) -> str:
        """NAME src,dst"""
        return f"{value[0]} {','.join(value[1])}"


def shown_ways(option: str) -> Shown:
    """The way back from a listing."""
    return Shown(option, f"{option} ", r"\S+ \S+", words=lambda v, _: [f"--{option}", *v.split()])


def within(sets: Mapping[str, IpSet], name: str) -> Iterator[IpSet]:
    """A set and, where it is a list, those in it."""
    one = sets[name]
    yield one
    if one.head.kind.name == "list:set":
        for (member,) in one.members:
            yield sets[member]


def changes(c: Context, name: str) -> bool:
    """Whether packets, or time, change who is in a set, or must be known by more than their fields:
    a rule adds to it or takes from it, elements run out, counters are asked for, MAC addresses."""
    parts = {one.head.name for one in within(c.sets, name)}
    return _told(c, parts) or any(
        "mac" in one.head.kind.parts or one.fades for one in within(c.sets, name)
    )


def _told(c: Context, parts: set[str]) -> bool:
    """Rules of the host change one of these sets, or ask for its counters."""
    for kin in c.kin.get(SCOPE, ()):
        for option in ("add-set", "del-set"):
            if option in kin.options and kin.options[option][0] in c.sets:
                touched = {one.head.name for one in within(c.sets, kin.options[option][0])}
                if touched & parts:
                    return True
        if counts(kin.options) and any("counters" in c.sets[part].head.options for part in parts):
            return True
    return False


def counts(o: Mapping[str, object]) -> bool:
    """Whether a match asks for counters."""
    return any(name.startswith(("packets-", "bytes-")) for name in o)


def counted(o: Options) -> Callable[[int, int], bool]:
    """How counters of packets and bytes must stand."""
    asked = [option for option in COUNTERS if option in o]

    def agree(packets: int, octets: int) -> bool:
        return all(
            _COMPARE[option[-2:]](packets if option[0] == "p" else octets, o[option])
            is not o.negated(option)
            for option in asked
        )

    return agree


def found_in(
    c: Context, name: str, question: Question, facts: Facts, memory: Memory | None
) -> tuple[Found | None, Memory | None]:
    """What a set says of the packet, None if that cannot be known; and the memory from now on."""
    sets = Sets(c.sets, memory, facts)
    try:
        return sets.test(name, question), sets.remembered()
    except UnknownError:
        return None, memory
