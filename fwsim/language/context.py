"""What the types of options and the meanings of extensions are told besides their own words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from fwsim.model.tuples import NamedTuple


class Kin(NamedTuple):
    """One of several uses that share a memory: the rule's family, the extension's name and the
    options given."""

    family: int
    name: str
    options: Any


class Context(NamedTuple):
    """Where a rule stands: what its meaning may depend on besides its own options.

    `proto` is the rule's -p (None if it has none or a negated one). While the rule is being read,
    it is the one given so far, and `named` is the same, a `!` before it or not. `nth` counts the
    rule's extensions, from 0; `sets` are the address sets that the host has, by name; `kin` holds
    all uses in the host's rules that share a memory (see Match.shares), by it; `beside` are the
    name and Options of each extension that the rule has, while they are checked; `nft`: the rule
    stands in nf_tables, for which iptables-nft has written it anew."""

    family: int
    proto: int | None = None
    named: int | None = None
    nth: int = 0
    sets: Mapping[str, Any] = MappingProxyType({})
    kin: Mapping[Hashable, tuple[Kin, ...]] = MappingProxyType({})
    beside: tuple[tuple[str, Any], ...] = ()
    nft: bool = False


class Type(Protocol):
    """How an option's words become a value and how the value is written."""

    @property
    def arity(self) -> int:
        """How many words the option takes."""
        ...

    def read(self, words: list[str], context: Context) -> Any:
        """The value of these words; ValueError saying what was expected. The context holds what
        stands before the option: a -p behind it is not known yet, as in iptables."""
        ...

    def write(self, value: Any, family: int) -> str:
        """The value as iptables-save writes it."""
        ...
