"""Many elements as few boxes: a box is a choice of parts for each place, and stands for every
element that takes one of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fwsim.language.ipset.model import Element

Box = tuple[tuple[Any, ...], ...]


def boxes(elements: Iterable[Element]) -> list[Box]:
    """Boxes that hold exactly these elements. Places are merged one after the other, the one with
    the most different parts first."""
    found: list[Box] = [tuple((part,) for part in element) for element in elements]
    if not found:
        return []
    order = sorted(range(len(found[0])), key=lambda at: -len({box[at] for box in found}))
    for at in order:
        groups: dict[Box, list[Any]] = {}
        for box in found:
            groups.setdefault(box[:at] + box[at + 1 :], []).extend(box[at])
        found = [(*key[:at], tuple(sorted(p)), *key[at:]) for key, p in groups.items()]
    return found


def painted(nets: Iterable[tuple[int, int]], bits: int) -> list[tuple[int, int, tuple[int, int]]]:
    """Disjoint spans (first, last, network): the addresses for which that network is the smallest
    of those that hold them. Networks are (address, prefix length)."""
    found: list[tuple[int, int, tuple[int, int]]] = []
    open_: list[tuple[int, tuple[int, int]]] = []  # last address and network, the inner ones last
    at = 0

    def paint(until: int) -> None:
        nonlocal at
        while open_ and at <= until:
            last, net = open_[-1]
            end = min(last, until)
            if at <= end:
                found.append((at, end, net))
                at = end + 1
            if last <= until:
                open_.pop()
            else:
                break

    for value, length in sorted(set(nets), key=lambda net: (net[0], net[1])):
        paint(value - 1)
        at = value
        open_.append((value + (1 << (bits - length)) - 1, (value, length)))
    paint(1 << bits)
    return found


def runs(items: Sequence[tuple[bool, Element]]) -> list[tuple[bool, list[Element]]]:
    """Neighbours of the same answer together."""
    found: list[tuple[bool, list[Element]]] = []
    for answer, element in items:
        if not found or found[-1][0] is not answer:
            found.append((answer, []))
        found[-1][1].append(element)
    return found
