"""Who jumps where: the chains of a table as a graph, narrowed to some chains or, where there are
too many for a picture, with chains of one name's beginning folded into one node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fwsim.language.ruleset import Chain, Rule, Ruleset
from fwsim.model.errors import QuestionError
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    import networkx as nx

LEGIBLE = 60  # more chains than that are folded
DRAWN = 120  # more nodes than that are refused
_MANY = 8  # so many names that begin alike are folded
_BOUNDARIES = "-_.:"

LEFT_OUT = "…"  # the target of what leads to chains that are not told
Node = str


class Told(NamedTuple):
    """A rule and where it stands; `number` 0 is a chain's policy."""

    chain: str
    number: int
    rule: Rule


class Way(NamedTuple):
    """Rules of a chain that do the same: `to` is the node that they lead to, None if they lead to
    none; `target` the word behind -j or -g, "" for those that only count, LEFT_OUT for those that
    lead to chains left out; `back`: it leads back to where it came from, which no packet may go."""

    target: str
    goto: bool
    rules: tuple[Told, ...]
    to: Node | None = None
    back: bool = False


class Chains(NamedTuple):
    """What a node stands for: one chain or several, of which `policy` and `rules` are told."""

    names: tuple[str, ...]
    policy: str = ""
    ways: tuple[Way, ...] = ()
    counters: tuple[int, int] = (0, 0)
    reached: bool = True

    @property
    def size(self) -> int:
        """How many rules there are."""
        return sum(len(way.rules) for way in self.ways)


def chain_graph(ruleset: Ruleset, table: str, only: Iterable[str] = ()) -> nx.DiGraph[Node]:
    """The table's chains; `node["chains"]` is what a node stands for, and an edge is there where a
    Way leads forward. With `only`, these chains, the ways to them and all they lead to.

    Raises QuestionError for a chain that is not there, and where even folded chains are too many.
    """
    import networkx as nx

    chains = ruleset.tables[table].chains if table in ruleset.tables else {}
    plain: nx.DiGraph[str] = nx.DiGraph()
    plain.add_nodes_from(chains)
    plain.add_edges_from(
        (name, rule.jump.chain)
        for name, chain in chains.items()
        for rule in chain.rules
        if rule.jump is not None and rule.jump.chain in chains
    )
    reached = _from(plain, [name for name, chain in chains.items() if chain.policy])
    if wanted := tuple(only):
        for name in wanted:
            if name not in plain:
                raise unknown_chain(name, ruleset, [table])
        behind = _from(plain.reverse(copy=False), wanted)
        plain = _within(plain, behind | _from(plain, wanted))
    layers = _layers(plain)
    homes = _folded(layers)
    picture: nx.DiGraph[Node] = nx.DiGraph()
    for node, names in _members(homes, chains).items():
        told = Chains(names, reached=not reached.isdisjoint(names))
        picture.add_node(node, chains=_with_ways(told, chains, homes, layers))
    for node, data in picture.nodes(data=True):
        ahead = (way.to for way in data["chains"].ways if not way.back)
        picture.add_edges_from((node, to) for to in ahead if to is not None)
    if len(picture) > DRAWN:
        raise QuestionError(
            f"{table} has {len(chains)} chains, too many for one picture",
            hint="Name one: --chain NAME shows it, the ways to it, and where it leads.",
        )
    return picture


def _from(graph: nx.DiGraph[str], starts: Iterable[str]) -> set[str]:
    """These chains and all that they lead to."""
    found, waiting = set(starts), list(starts)
    while waiting:
        new = set(graph.successors(waiting.pop())) - found
        found |= new
        waiting.extend(new)
    return found


def unknown_chain(name: str, ruleset: Ruleset, tables: Iterable[str]) -> QuestionError:
    """That none of these tables has a chain of that name."""
    from difflib import get_close_matches

    there = [*dict.fromkeys(c for table in tables for c in ruleset.tables[table].chains)]
    near = ", ".join(get_close_matches(name, there, 3) or there[:6])
    return QuestionError(
        f"there is no chain {name!r} in {', '.join(tables)}", hint=f"There is {near}."
    )


def _within(graph: nx.DiGraph[str], kept: set[str]) -> nx.DiGraph[str]:
    """The part of a graph, in its order: that of a networkx subgraph is a set's."""
    part = type(graph)()
    part.add_nodes_from(name for name in graph if name in kept)
    part.add_edges_from((a, b) for a, b in graph.edges if a in kept and b in kept)
    return part


def _layers(graph: nx.DiGraph[str]) -> dict[str, int]:
    """How far each chain is from the beginning, by the longest way that does not go round."""
    import networkx as nx

    ahead = nx.DiGraph(graph)
    while not nx.is_directed_acyclic_graph(ahead):
        ahead.remove_edge(*nx.find_cycle(ahead)[-1][:2])
    generations = nx.topological_generations(ahead)
    layers = {name: n for n, names in enumerate(generations) for name in names}
    return {name: layers[name] for name in graph}


def _folded(layers: Mapping[str, int]) -> dict[str, Node]:
    """The node of each chain: itself, or where there are too many, the beginning that it shares
    with others as far from the start; what begins alike is folded, then, if need be, more of it."""
    homes: dict[str, Node] = {name: name for name in layers}
    if len(layers) <= LEGIBLE:
        return homes
    folded: list[str] = []
    for beginning, found in sorted(_beginnings(layers).items(), key=lambda b: (-len(b[0]), b[0])):
        again = any(other.startswith(beginning) for other in folded)
        if again and len(set(homes.values())) <= LEGIBLE:
            continue
        folded.append(beginning)
        several = [layer for layer, many in found.items() if many > 1]
        for layer in several:
            node = f"{beginning}… ({layer + 1})" if several[1:] else f"{beginning}…"
            homes |= {n: node for n in homes if layers[n] == layer and n.startswith(beginning)}
    return homes


def _beginnings(layers: Mapping[str, int]) -> dict[str, dict[int, int]]:
    """What many names begin with, up to a boundary or a number, and how many in each layer do."""
    many: dict[str, dict[int, int]] = {}
    other: set[str] = set()  # these go on otherwise too
    for name, layer in layers.items():
        for at in range(3, len(name)):
            number = name[at].isdecimal() and not name[at - 1].isdecimal()
            if name[at - 1] in _BOUNDARIES or number:
                found = many.setdefault(name[:at], {})
                found[layer] = found.get(layer, 0) + 1
            else:
                other.add(name[:at])
    return {b: at for b, at in many.items() if b not in other and max(at.values()) >= _MANY}


def _members(homes: Mapping[str, Node], chains: Mapping[str, Chain]) -> dict[Node, tuple[str, ...]]:
    members: dict[Node, list[str]] = {}
    for name in chains:
        if name in homes:
            members.setdefault(homes[name], []).append(name)
    return {node: tuple(names) for node, names in members.items()}


def _with_ways(
    told: Chains, chains: Mapping[str, Chain], homes: Mapping[str, Node], layers: Mapping[str, int]
) -> Chains:
    """The node with what its rules do, in the order of the first rule that does."""
    found: dict[tuple[Any, ...], list[Told]] = {}
    for name in told.names:
        for number, rule in enumerate(chains[name].rules, 1):
            jump = rule.jump
            if jump is None:
                key: tuple[Any, ...] = (rule.target_name, False, None, False)
            else:
                to = homes.get(jump.chain)
                back = to is not None and layers[jump.chain] <= layers[name]
                target = LEFT_OUT if to is None and jump.chain in chains else to or jump.chain
                key = (target, to is not None and not jump.come_back, to, back)
            found.setdefault(key, []).append(Told(name, number, rule))
    ways = tuple(
        Way(target, goto, tuple(rules), to, back)
        for (target, goto, to, back), rules in found.items()
    )
    first = chains[told.names[0]]
    return told._replace(policy=first.policy or "", ways=ways, counters=first.counters)
