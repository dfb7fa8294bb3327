"""Matches and targets for rules, made of what extensions declare: the options of their EXAMPLES,
their values by the options' types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from fwsim.language import types as T
from fwsim.language.examples import examples
from fwsim.language.options import Context, Given, Match, Option, Options, Use
from fwsim.language.read import read
from fwsim.language.values import bits_of
from fwsim.model.names import address_value
from fwsim.model.tuples import NamedTuple

ASIDE = ("set", "SET", "rateest", "RATEEST", "nfacct", "ipvs")
"""Extensions whose rules iptables takes only beside sets, other rules or objects, or only some
kernels."""
_NUMBERS = (0, 1, 2, 8, 16, 64, 80, 128, 255, 1000, 1024, 1500)
_PORTS = (80, 443, 22, 53, 1024, 8000, 8010, 65535)
_MASKS = (0xFFFFFFFF, 0xFF, 0x1, 0xF0)
_ADDRESSES = {
    4: ("192.0.2.1", "198.51.100.7", "10.0.0.0", "172.18.0.2", "0.0.0.0"),  # noqa: S104
    6: ("2001:db8::1", "2001:db8:7::", "fd18::2", "fe80::1", "::"),
}


class Values(NamedTuple):
    """What rules speak of: addresses, and devices by name."""

    family: int
    addresses: tuple[int, ...]
    devices: tuple[str, ...]


def usual(family: int) -> Values:
    """Of no place in particular."""
    addresses = tuple(address_value(text, family) for text in _ADDRESSES[family])
    return Values(family, addresses, ("eth0", "docker0", "lo", "eth+"))


def networks(values: Values) -> st.SearchStrategy[tuple[int, int]]:
    """(address, mask), single addresses first."""
    bits = bits_of(values.family)
    free = st.sampled_from((0, 8, 16, bits))
    masks = free.map(lambda count: (1 << bits) - (1 << count))
    return st.tuples(st.sampled_from(values.addresses), masks)


def pieces(uses: Sequence[Use], values: Values) -> st.SearchStrategy[tuple[Use, ...]]:
    """Uses of extensions, each as an example has it or with other values; what is good of these the
    reader has to say: the first that it takes, of the one that is changed and the example."""
    return st.sampled_from(uses).flatmap(
        lambda use: st.just((use,)) | _changed(use, values).map(lambda new: (new, use))
    )


@st.composite
def _changed(draw: st.DrawFn, use: Use, values: Values) -> Use:
    known = {option.name: option for option in use.ext.options}
    given = {
        name: draw(_near(known[name], old, values)) if name in known else old
        for name, old in use.options.given.items()
    }
    return Use(use.ext, Options(given))


def _near(option: Option, old: Given, values: Values) -> st.SearchStrategy[Given]:
    make = _MAKERS.get(type(option.type))
    value = make(option.type, values) if make else st.just(old.value)
    negated = st.booleans() if option.negatable else st.just(False)
    return st.builds(Given, value, negated)


def _spans(ends: Sequence[int], top: int) -> st.SearchStrategy[tuple[int, int]]:
    one = st.sampled_from(ends)
    two = st.tuples(one, one | st.just(top)).map(lambda pair: (min(pair), max(pair)))
    return one.map(lambda value: (value, value)) | two


def _numbers(kind: T.UInt, _: Values) -> st.SearchStrategy[int]:
    near = [n for n in _NUMBERS if kind.low <= n <= kind.high] or [kind.low]
    return st.sampled_from((*near, kind.high))


def _spread(kind: T.UIntRange, _: Values) -> st.SearchStrategy[tuple[int, int]]:
    return _spans([n for n in _NUMBERS if n <= kind.high], kind.high)


def _named(kind: T.Names, _: Values) -> st.SearchStrategy[int]:
    some = st.lists(st.sampled_from(list(kind.table.values())), min_size=1, max_size=3)
    return some.map(_together)


def _together(bits: list[int]) -> int:
    value = 0
    for one in bits:
        value |= one
    return value


_MAKERS: Mapping[type, Callable[[Any, Values], st.SearchStrategy[Any]]] = {
    T.UInt: _numbers,
    T.UIntRange: _spread,
    T.Masked: lambda _kind, _: st.tuples(st.sampled_from((0, 1, 2, 16)), st.sampled_from(_MASKS)),
    T.Ports: lambda _kind, _: _spans(_PORTS, 65535),
    T.Host: lambda _kind, values: st.sampled_from(values.addresses),
    T.HostMask: lambda _kind, values: networks(values),
    T.Names: _named,
}


class Pool(NamedTuple):
    """The uses of matches and of targets, by extension."""

    matches: tuple[tuple[Use, ...], ...]
    targets: tuple[tuple[Use, ...], ...]


def pool(family: int, table: str, hooks: Collection[str], names: Collection[str] | None) -> Pool:
    """Those of these extensions (all but those that are set aside, if None) that may stand in a
    chain of the table to which these hooks come."""
    found: dict[tuple[bool, str], list[Use]] = defaultdict(list)
    for use in _uses(family):
        name = use.ext.name
        wanted = name not in ASIDE if names is None else name in names
        if wanted and _stands(use, table, hooks):
            found[isinstance(use.ext, Match), name].append(use)
    both = (
        [tuple(uses) for (match, _), uses in found.items() if match is kind]
        for kind in (True, False)
    )
    return Pool(*map(tuple, both))


def _stands(use: Use, table: str, hooks: Collection[str]) -> bool:
    tables, where = use.tables, use.hooks
    return (not tables or table in tables) and (not where or set(hooks) <= set(where))


@cache
def _uses(family: int) -> tuple[Use, ...]:
    """The uses in the EXAMPLES that any kernel takes."""
    return tuple(_of_examples(family))


def _of_examples(family: int) -> Iterator[Use]:
    for example in examples():
        if example.family == family and example.accepted and not example.lost | example.unloaded:
            rules = read(example.dump(), family).tables[example.table].chains[example.chain].rules
            yield from rules[0].uses


def words(use: Use, family: int) -> str:
    """`-m NAME` or `-j NAME` with its options, as iptables-save writes it."""
    dash = "m" if isinstance(use.ext, Match) else "j"
    proto = use.ext.protos[0] if use.ext.protos else None
    return f"-{dash} {use.ext.name}{use.words(Context(family, proto))}"
