"""Reading packet counters: which rules and policies a packet met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Key = tuple[int, str, str, int | str]  # family, table, chain, rule number from 1 or "policy"


class Moved(NamedTuple):
    """What a packet moved: how often each rule, and each policy, counted it."""

    matched: dict[tuple[int, str, str, int], int]
    policies: dict[tuple[int, str, str], int]


def moved(before: Mapping[Key, int], after: Mapping[Key, int]) -> Moved:
    """The counters that differ between two readings of the same ruleset."""
    out = Moved({}, {})
    for (family, table, chain, number), packets in after.items():
        more = packets - before[family, table, chain, number]
        if more and isinstance(number, int):
            out.matched[family, table, chain, number] = more
        elif more:
            out.policies[family, table, chain] = more
    return out


def counters_of(text: str, family: int = 4) -> dict[Key, int]:
    """Read the packet counters of `iptables-save -c`."""
    out: dict[Key, int] = {}
    table, numbers = "", dict[str, int]()
    for line in text.splitlines():
        words = line.split()
        if line.startswith("*"):
            table, numbers = line[1:], {}
        elif line.startswith(":") and words[1] != "-":
            out[family, table, words[0][1:], "policy"] = _packets(words[2])
        elif line.startswith("["):
            numbers[words[2]] = numbers.get(words[2], 0) + 1
            out[family, table, words[2], numbers[words[2]]] = _packets(words[0])
    return out


def _packets(word: str) -> int:
    return int(word[1:].partition(":")[0])
