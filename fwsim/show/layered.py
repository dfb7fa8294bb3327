"""Where boxes and wires go: in columns from left to right, each wire ahead, with few crossings.

A wire that passes a column has a place of its own there, so that it never runs behind a box, and a
box stands as near to the height of what it is joined to as its order in the column lets it. The
same boxes and wires always come out alike (docs/decisions/0012-own-layout.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fwsim.model.tuples import NamedTuple
from fwsim.show.columns import PASSING, PORT, SWEEPS, Box, Grid, Spot, Wire, grid

SPACE = 22.0  # between boxes, up and down
STUB = 14.0  # how far a wire comes in straight: room for its arrowhead
_NARROW, _WIDE = 56.0, 190.0  # the gap between columns


class Laid(NamedTuple):
    """The corner and the height of each box; the points of each wire, in the order given: a wire
    goes straight across a column and bends between two of them."""

    boxes: Mapping[str, tuple[float, float, float]]
    wires: Sequence[Sequence[tuple[float, float]]]
    width: float
    height: float


def lay(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> Laid:
    """Lay out these boxes, in their order where nothing else decides it."""
    made = grid(boxes, wires)
    tops = _heights(made)
    lefts, rights = _sides(made)
    column_of = {spot: at for at, column in enumerate(made.columns) for spot in column}
    into = _ports(made, wires, tops)
    lines = []
    for way, wire, end in zip(made.ways, wires, into, strict=True):
        at, start = column_of[way[0]], tops[way[0]] + wire.out
        line = [(lefts[at] + made.sizes[way[0]].width, start), (rights[at], start)]
        for spot in way[1:-1]:
            at, middle = column_of[spot], tops[spot] + PASSING / 2
            line += [(lefts[at] - STUB, middle), (rights[at], middle)]
        left = lefts[column_of[way[-1]]]
        lines.append([*line, (left - STUB, end), (left, end)])
    placed = {
        name: (lefts[column_of[name, -1]], tops[name, -1], made.sizes[name, -1].height)
        for name in boxes
    }
    bottom = max((top + made.sizes[spot].height for spot, top in tops.items()), default=0.0)
    return Laid(placed, lines, rights[-1], bottom)


def _heights(made: Grid) -> dict[Spot, float]:
    """The top of each spot: to and fro, each column as near as can be to what it is joined to."""
    tops: dict[Spot, float] = {}
    for column in made.columns:
        tops |= _stacked(column, made.sizes, {}, {})
    last = len(made.columns)
    for sweep in range(SWEEPS):
        ahead = sweep % 2 == 0
        for at in range(1, last) if ahead else range(last - 2, -1, -1):
            wanted, weight = _wanted(made, at, tops, ahead)
            now = {spot: tops[spot] for spot in made.columns[at]}
            tops |= _stacked(made.columns[at], made.sizes, now | wanted, weight)
    least = min(tops.values(), default=0.0)
    return {spot: top - least for spot, top in tops.items()}


def _wanted(
    made: Grid, at: int, tops: Mapping[Spot, float], ahead: bool
) -> tuple[dict[Spot, float], dict[Spot, float]]:
    """Where each spot's wires would be straight, and how much that matters: most for those that
    pass a column."""
    total: dict[Spot, float] = {}
    weight: dict[Spot, float] = {}
    for link in made.links[at - 1 if ahead else at]:
        into = link.into if link.into is not None else made.sizes[link.right].head
        here, there = (link.right, link.left) if ahead else (link.left, link.right)
        straight = tops[there] + (link.out - into if ahead else into - link.out)
        heavy = 1 + 3 * (link.left[1] >= 0) + 3 * (link.right[1] >= 0)
        total[here] = total.get(here, 0.0) + heavy * straight
        weight[here] = weight.get(here, 0.0) + heavy
    return {spot: total[spot] / weight[spot] for spot in total}, weight


def _stacked(
    column: Sequence[Spot],
    sizes: Mapping[Spot, Box],
    wanted: Mapping[Spot, float],
    weight: Mapping[Spot, float],
) -> dict[Spot, float]:
    """The tops nearest to those wanted, by least squares, in this order and without overlaps: pool
    adjacent violators."""
    offsets, at = [], 0.0
    pools: list[tuple[float, float, int]] = []  # the sum wanted, the weight, how many
    for n, spot in enumerate(column):
        if n:
            both = spot[1] >= 0 and column[n - 1][1] >= 0
            at += sizes[column[n - 1]].height + (0 if both else SPACE)
        offsets.append(at)
        heavy = weight.get(spot, 0.1)
        total, many = (wanted.get(spot, at) - at) * heavy, 1
        while pools and pools[-1][0] / pools[-1][1] > total / heavy:
            before = pools.pop()
            total, heavy, many = total + before[0], heavy + before[1], many + before[2]
        pools.append((total, heavy, many))
    shifts = [total / heavy for total, heavy, many in pools for _ in range(many)]
    return {
        spot: shift + offset for spot, shift, offset in zip(column, shifts, offsets, strict=True)
    }


def _sides(made: Grid) -> tuple[list[float], list[float]]:
    """Where each column begins and ends; the gap behind it is wider the more wires bend there."""
    lefts, rights, at = [], [], 0.0
    for column, between in zip(made.columns, made.links, strict=True):
        lefts.append(at)
        rights.append(at + max((made.sizes[spot].width for spot in column), default=0.0))
        at = rights[-1] + STUB + min(_WIDE, _NARROW + 3 * len(between))
    return lefts, rights


def _ports(made: Grid, wires: Sequence[Wire], tops: Mapping[Spot, float]) -> list[float]:
    """The height at which each wire ends: those that come to one box below each other, in the
    order of where they come from."""
    coming: dict[Spot, list[tuple[float, int]]] = {}
    ends = [0.0] * len(wires)
    for number, (way, wire) in enumerate(zip(made.ways, wires, strict=True)):
        if wire.into is None:
            out = wire.out if way[-2][1] < 0 else PASSING / 2
            coming.setdefault(way[-1], []).append((tops[way[-2]] + out, number))
        else:
            ends[number] = tops[way[-1]] + wire.into
    for spot, found in coming.items():
        for place, (_, number) in enumerate(sorted(found)):
            ends[number] = tops[spot] + made.sizes[spot].head + PORT * place
    return ends
