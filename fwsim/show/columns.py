"""Which column a box stands in, and in which order: few wires cross each other.

Sugiyama's way: a box stands one column behind the last that leads to it; to and fro, each column is
put in the order of the middles of what it is joined to, and the best order is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

from fwsim.model.tuples import NamedTuple

PORT = 10.0  # between two wires that come to one box
PASSING = 12.0  # the height of a wire's own place
SWEEPS = 12
_STARTS = 16


class Box(NamedTuple):
    """A box's size, and how far below its top the first wire may come in."""

    width: float
    height: float
    head: float = 14.0


class Wire(NamedTuple):
    """From a box's right side, `out` below its top, to another's left side; `into` says where, None
    anywhere. Wires lead ahead only: no way leads round."""

    source: str
    target: str
    out: float
    into: float | None = None


Spot = tuple[str, int]
"""A box (…, -1), or the place of a wire in a column: (its number as text, column)."""


class Link(NamedTuple):
    """A piece of a wire between two columns that stand side by side."""

    left: Spot
    right: Spot
    out: float
    into: float | None


class Grid(NamedTuple):
    """What stands in each column, in order; the links behind each; sizes; where each wire goes."""

    columns: list[list[Spot]]
    links: list[list[Link]]
    sizes: dict[Spot, Box]
    ways: list[list[Spot]]


def grid(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> Grid:
    """The boxes and the wires' own places in columns and in order."""
    column = _columns(boxes, wires)
    sizes: dict[Spot, Box] = {(name, -1): box for name, box in _grown(boxes, wires).items()}
    columns: list[list[Spot]] = [[] for _ in range(1 + max(column.values(), default=0))]
    for name in _by_depth(boxes, wires):
        columns[column[name]].append((name, -1))
    made = Grid(columns, [[] for _ in columns], sizes, [])
    for number, wire in enumerate(wires):
        first, last = column[wire.source], column[wire.target]
        passed: list[Spot] = [(str(number), at) for at in range(first + 1, last)]
        for spot in passed:
            sizes[spot] = Box(0, PASSING)
            columns[spot[1]].append(spot)
        way: list[Spot] = [(wire.source, -1), *passed, (wire.target, -1)]
        for at, (left, right) in enumerate(pairwise(way), first):
            out = wire.out if left[1] < 0 else PASSING / 2
            into = wire.into if right[1] < 0 else PASSING / 2
            made.links[at].append(Link(left, right, out, into))
        made.ways.append(way)
    return made._replace(columns=_ordered(made))


def _columns(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> dict[str, int]:
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(boxes)
    graph.add_edges_from((wire.source, wire.target) for wire in wires)
    generations = nx.topological_generations(graph)
    return {name: at for at, names in enumerate(generations) for name in names}


def _grown(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> dict[str, Box]:
    """Each box as high as the wires that come to it need."""
    coming = dict.fromkeys(boxes, 0)
    for wire in wires:
        coming[wire.target] += wire.into is None
    return {
        name: box._replace(height=max(box.height, 2 * box.head + PORT * (coming[name] - 1)))
        for name, box in boxes.items()
    }


def _by_depth(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> list[str]:
    """The boxes as they are come to, each way followed to its end first."""
    ahead: dict[str, list[str]] = {name: [] for name in boxes}
    for wire in sorted(wires, key=lambda w: w.out):
        ahead[wire.source].append(wire.target)
    led_to = {wire.target for wire in wires}
    waiting = sorted(boxes, key=lambda name: name in led_to)
    waiting.reverse()
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting.extend(reversed(ahead[name]))
    return [*found]


def _ordered(made: Grid) -> list[list[Spot]]:
    """The order with the fewest crossings of those that are come to from the one given and, as long
    as there are crossings, from shuffled ones, always the same."""
    best, fewest = _improved(made)
    for start in range(_STARTS):
        if not fewest:
            break
        chance = Random(start)  # noqa: S311 (an order, no secret)
        shuffled = [chance.sample(column, len(column)) for column in made.columns]
        found, crossed = _improved(made._replace(columns=shuffled))
        if crossed < fewest:
            best, fewest = found, crossed
    return best


def _improved(made: Grid) -> tuple[list[list[Spot]], int]:
    """The best order of some sweeps to and fro, its neighbours changed as long as that helps."""
    best, fewest = made.columns, crossings(made)
    now = made._replace(columns=[[*column] for column in made.columns])
    last = len(best)
    for sweep in range(SWEEPS):
        ahead = sweep % 2 == 0
        for at in range(1, last) if ahead else range(last - 2, -1, -1):
            now.columns[at] = _sorted(now, at, ahead)
        crossed = crossings(now)
        if crossed < fewest:
            best, fewest = [[*column] for column in now.columns], crossed
    now = made._replace(columns=best)
    while sum(_switched(now, at) for at in range(last)):
        pass
    return best, crossings(now)


def _switched(made: Grid, at: int) -> int:
    """How many pairs of neighbours in a column have changed places, each with fewer crossings."""
    column, count = made.columns[at], 0
    ends: dict[tuple[Spot, bool], list[tuple[int, float]]] = {}
    if at:
        near = _places(made.columns[at - 1])
        for link in made.links[at - 1]:
            ends.setdefault((link.right, True), []).append((near[link.left], link.out))
    if at + 1 < len(made.columns):
        near = _places(made.columns[at + 1])
        for link in made.links[at]:
            ends.setdefault((link.left, False), []).append((near[link.right], link.into or 0.0))

    def crossed(above: Spot, below: Spot) -> int:
        sides = ((ends.get((above, s), ()), ends.get((below, s), ())) for s in (True, False))
        return sum(one > other for first, then in sides for one in first for other in then)

    for n in range(len(column) - 1):
        above, below = column[n], column[n + 1]
        if crossed(below, above) < crossed(above, below):
            column[n], column[n + 1] = below, above
            count += 1
    return count


def _sorted(made: Grid, at: int, ahead: bool) -> list[Spot]:
    """A column in the order of the middles of what its spots are joined to."""
    column = made.columns[at]
    near = _places(made.columns[at - 1 if ahead else at + 1])
    ends: dict[Spot, list[float]] = {}
    for link in made.links[at - 1 if ahead else at]:
        here, there = (link.right, link.left) if ahead else (link.left, link.right)
        port = link.out if ahead else link.into or 0.0
        ends.setdefault(here, []).append(near[there] + port / (made.sizes[there].height + 1))
    middle = {spot: sum(found) / len(found) for spot, found in ends.items()}
    scale = len(near) / len(column)
    order = sorted((middle.get(spot, n * scale), n, spot) for n, spot in enumerate(column))
    return [spot for _, _, spot in order]


def _places(column: Sequence[Spot]) -> dict[Spot, int]:
    return {spot: at for at, spot in enumerate(column)}


def crossings(made: Grid) -> int:
    """How often two wires cross."""
    count = 0
    for at, between in enumerate(made.links[:-1]):
        left, right = _places(made.columns[at]), _places(made.columns[at + 1])
        ends = sorted(
            ((left[link.left], link.out), (right[link.right], link.into or 0.0)) for link in between
        )
        count += sum(above[1] > end[1] for n, end in enumerate(ends) for above in ends[:n])
    return count
