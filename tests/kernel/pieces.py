"""Matches and targets made of what extensions declare: the options of their EXAMPLES, mixed, their
values near those of the packets of tests.kernel.conversations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import cache
from random import Random
from typing import Any, NamedTuple

from language.examples import ACCEPTED

from fwsim.language import types as T
from fwsim.language.options import Context, Given, Match, Options, Use
from fwsim.language.read import read
from fwsim.language.ruleset import Rule
from fwsim.language.values import bits_of
from fwsim.model.errors import FwsimError
from fwsim.model.names import address_value

from .rulesets import ADDRESSES, PORTS

_NUMBERS = (0, 1, 2, 3, 5, 7, 8, 16, 20, 28, 40, 48, 60, 63, 64, 80, 84, 128, 255, 1000, 1024, 5000)
_MASKS = (0xFF, 0x1, 0xF0, 0xFFFFFFFF, 0xFFFFFFFF)


class Piece(NamedTuple):
    """A match or target with its options, as iptables-save writes it; the protocols of which it
    wants one, and where it may stand: empty means anywhere."""

    name: str
    words: str
    protos: tuple[int, ...]
    tables: tuple[str, ...]
    hooks: tuple[str, ...]

    def may_stand(self, table: str, hooks: Collection[str]) -> bool:
        """In a chain of the table that these hooks come to."""
        found = not self.tables or table in self.tables
        return found and (not self.hooks or set(hooks) <= set(self.hooks))


def piece(rng: Random, uses: list[Use], family: int) -> Piece:
    """One of an extension, of the uses in its EXAMPLES."""
    first, second = rng.choice(uses), rng.choice(uses)
    mixed = _mixed(rng, first, second) if rng.random() < 0.3 else dict(first.options.given)
    if rng.random() < 0.7:
        mixed = {name: _near(rng, first, name, given, family) for name, given in mixed.items()}
    try:
        return _written(Use(first.ext, Options(mixed)), family)
    except (
        ValueError,
        LookupError,
        StopIteration,
        TypeError,
        ArithmeticError,
    ):  # such do not go together
        return _written(first, family)


def _written(use: Use, family: int) -> Piece:
    ext, dash = use.ext, "m" if isinstance(use.ext, Match) else "j"
    words = f"-{dash} {ext.name}{use.words(Context(family, *ext.protos[:1]))}"
    return Piece(ext.name, words, ext.protos, use.tables, use.hooks)


def _mixed(rng: Random, first: Use, second: Use) -> dict[str, Given]:
    """Options of both, in the order in which they are declared."""
    both = {**second.options.given, **first.options.given}
    return {name: given for name, given in both.items() if rng.random() < 0.7}


def _near(rng: Random, use: Use, name: str, given: Given, family: int) -> Given:
    option = next((o for o in use.ext.options if o.name == name), None)
    if option is None:
        return given
    maker = _MAKERS.get(type(option.type))
    value = maker(rng, option.type, family) if maker and rng.random() < 0.6 else given.value
    negated = option.negatable and rng.random() < 0.3
    return Given(value, negated)


def _number(rng: Random, low: int, high: int) -> int:
    return rng.choice([n for n in _NUMBERS if low <= n <= high] or [low])


def _pair(rng: Random, high: int) -> tuple[int, int]:
    one, other = sorted(_number(rng, 0, high) for _ in range(2))
    return rng.choice(((one, one), (one, other), (0, other), (one, high)))


def _ports(rng: Random, kind: Any, family: int) -> tuple[int, int]:
    one, other = sorted(rng.choices(PORTS, k=2))
    return rng.choice(((one, one), (one, other), (0, other), (one, 65535)))


def _address(rng: Random, kind: Any, family: int) -> int:
    return address_value(rng.choice(ADDRESSES[family]), family)


def _network(rng: Random, kind: Any, family: int) -> tuple[int, int]:
    bits = bits_of(family)
    free = rng.choice((0, 0, 0, 8, 16, bits))
    return _address(rng, kind, family), (1 << bits) - (1 << free)


def _names(rng: Random, kind: T.Names, family: int) -> int:
    bits = rng.sample(list(kind.table.values()), min(len(kind.table), rng.choice((1, 1, 2, 3))))
    value = 0
    for one in bits:
        value |= one
    return value


_MAKERS: Mapping[type, Callable[[Random, Any, int], Any]] = {
    T.UInt: lambda rng, kind, _: _number(rng, kind.low, kind.high),
    T.UIntRange: lambda rng, kind, _: _pair(rng, kind.high),
    T.Masked: lambda rng, kind, _: (rng.choice((0, 1, 2, 3, 16)), rng.choice(_MASKS)),
    T.Ports: _ports,
    T.Host: _address,
    T.HostMask: _network,
    T.Names: _names,
}


def is_taken(table: str, chain: str, text: str, family: int) -> bool:
    """fwsim takes the rule."""
    try:
        read(f"*{table}\n:{chain} - [0:0]\n{text}\nCOMMIT\n", family)
    except FwsimError:
        return False
    return True


@cache
def uses_of(family: int) -> Mapping[str, list[Use]]:
    """The uses of each extension in the EXAMPLES that any kernel takes, by name."""
    found: dict[str, list[Use]] = defaultdict(list)
    for example in ACCEPTED:
        if example.family == family and not example.lost and not example.unloaded:
            for use in _rule(example.dump(), family, example.table, example.chain).uses:
                found[use.ext.name].append(use)
    return found


def _rule(dump: str, family: int, table: str, chain: str) -> Rule:
    return read(dump, family).rule(table, chain, 1)
