"""What matches that keep named lists in the kernel share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from fwsim.model.tuples import NamedTuple

K = TypeVar("K")
V = TypeVar("V")


class ListName(NamedTuple):
    """A name that becomes a file's in /proc (xt_check_proc_name), cut to `longest` bytes. It is
    written without quotes, even where it needs them."""

    longest: int
    arity: int = 1

    def read(self, words: list[str], context: object) -> str:
        """The name."""
        raw = words[0].encode("utf-8", "surrogateescape")[: self.longest]
        name = raw.decode("utf-8", "surrogateescape")
        if name in ("", ".", "..") or "/" in name:
            raise ValueError("expected a name that a file may have, without /")
        return name

    def spellings(self, family: int) -> tuple[str, ...]:
        """Names of plain characters (fwsim.language.spelling)."""
        return (f"[A-Za-z0-9_-]{{1,{self.longest}}}",)

    def write(self, value: str, family: int) -> str:
        """As it is."""
        return value


def with_item(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """The mapping with one item more, or another value, at its end."""
    return MappingProxyType({k: v for k, v in mapping.items() if k != key} | {key: value})


def without_item(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    """The mapping without a key."""
    return MappingProxyType({k: v for k, v in mapping.items() if k != key})
