"""The chain graph in all its forms; in its page each chain unfolds to its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Ruleset
from fwsim.language.write import rule_text
from fwsim.machine.world import World
from fwsim.model.trace import Exchange
from fwsim.model.tuples import NamedTuple
from fwsim.questions.chain_graph import Chains, Told, Way
from fwsim.questions.lights import Lights, lights
from fwsim.show.diagram import Diagram
from fwsim.show.diagram_page import Unfolded, anchors, diagram_page
from fwsim.show.diagram_page import table as text_table
from fwsim.show.graph import Asked, ending, graph_diagram, graphs, numbers
from fwsim.show.layout import plain
from fwsim.show.markup import Child, element
from fwsim.show.pictured import Pictured
from fwsim.show.text import headline
from fwsim.show.words import say

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import networkx as nx

_RULES = 200  # so many rules of a box are told


def pictured(
    world: World,
    ruleset: Ruleset,
    tables: tuple[str, ...],
    chains: tuple[str, ...],
    exchange: Exchange | None,
    *,
    counters: bool,
) -> Pictured:
    """The graph of these tables of the host's rules; without any, of those that are meant."""
    lit = lights(exchange, world.host, ruleset.family) if exchange is not None else Lights()
    said = plain([headline(world, exchange)]) if exchange is not None else ""
    shown = tables or _meant(ruleset, lit, chains)
    asked = Asked(shown, chains, counters, lit, said)
    made = graphs(ruleset, asked)
    diagram = graph_diagram(world, ruleset, made, asked)
    return Pictured(diagram, lambda: graph_page(diagram, made, asked))


def _meant(ruleset: Ruleset, lit: Lights, chains: tuple[str, ...]) -> tuple[str, ...]:
    """The tables that are shown if nobody says which."""
    there = tuple(ruleset.tables)
    if chains:
        holding = (name for name in there if any(c in ruleset.tables[name].chains for c in chains))
        return tuple(holding) or there
    passed = tuple(name for name in there if name in lit.tables)
    return passed or (("filter",) if "filter" in there else there)


class _Table(NamedTuple):
    """What is shown of a table, and the ids of its boxes' texts."""

    name: str
    told: Mapping[str, Chains]
    asked: Asked
    ids: Mapping[tuple[str, str], str]

    def link(self, node: str, text: str) -> Element:
        return element("a", text, href=f"#{self.ids[self.name, node]}")


def graph_page(diagram: Diagram, made: Mapping[str, nx.DiGraph[str]], asked: Asked) -> str:
    """The document."""
    ids = anchors(diagram)
    unfolded: dict[tuple[str, str], Unfolded] = {}
    for name, graph in made.items():
        table = _Table(name, dict(graph.nodes(data="chains")), asked, ids)
        coming = _coming(table.told)
        for node, chains in table.told.items():
            inner = [_from(table, coming.get(node, [])), _rules(table, chains)]
            decided = any((name, node) == spot[:2] for spot in asked.lights.ended)
            unfolded[name, node] = Unfolded(_summary(chains), inner, decided)
    return diagram_page(diagram, unfolded, say("graph.page.chains"))


def _summary(chains: Chains) -> str:
    """How many chains and rules there are, and the policy."""
    several = len(chains.names) > 1
    parts = [say("graph.folded", count=f"{len(chains.names):,}")] if several else []
    parts += [] if chains.reached else [say("graph.unreached")]
    key = "graph.rules.one" if chains.size == 1 else "graph.rules"
    parts += [say(key, count=f"{chains.size:,}")] if chains.size else [say("graph.empty")]
    parts += [say("graph.policy", policy=chains.policy)] if chains.policy else []
    return say("comma").join(parts)


def _coming(told: Mapping[str, Chains]) -> dict[str, list[tuple[str, Way]]]:
    """Who leads to each node."""
    coming: dict[str, list[tuple[str, Way]]] = {}
    for node, chains in told.items():
        for way in chains.ways:
            if way.to is not None:
                coming.setdefault(way.to, []).append((node, way))
    return coming


def _from(table: _Table, coming: list[tuple[str, Way]]) -> Element | None:
    if not coming:
        return None
    parts: list[Child] = [say("graph.page.from")]
    for node, way in coming:
        parts += [" ", table.link(node, node), " ", numbers(way.rules)]
    return element("p", parts)


def _rules(table: _Table, chains: Chains) -> Iterator[Child]:
    """A table of the rules, and how many more there are."""
    nth = {name: at for at, name in enumerate(chains.names)}
    rules = sorted(
        ((told, way) for way in chains.ways for told in way.rules),
        key=lambda one: (nth[one[0].chain], one[0].number),
    )
    rows = [_rule(table, told, way, len(nth) > 1) for told, way in rules[:_RULES]]
    if chains.policy:
        text = say("graph.policy", policy=chains.policy)
        rows.append(_cells(table, "", chains.counters, [text], (chains.names[0], 0)))
    keys = ["number", "packets", "bytes", "text", *(["lit"] if table.asked.exchange else [])]
    if rows:
        yield text_table([say(f"graph.page.{key}") for key in keys], rows)
    if len(rules) > _RULES:
        more = say("graph.page.more", count=f"{len(rules) - _RULES:,}", chain=chains.names[-1])
        yield element("p", more, class_="soft")


def _rule(table: _Table, told: Told, way: Way, several: bool) -> tuple[list[Child], bool]:
    text: list[Child] = [element("code", rule_text(told.rule))]
    if way.to is not None:
        text += [" ", table.link(way.to, say("graph.to", target=way.to))]
    place = f"{told.chain} {told.number}" if several else str(told.number)
    return _cells(table, place, told.rule.counters, text, (told.chain, told.number))


def _cells(
    table: _Table, place: str, counters: tuple[int, int], text: list[Child], spot: tuple[str, int]
) -> tuple[list[Child], bool]:
    """A row's cells, and whether it is lit."""
    counts = (element("span", f"{count:,}", class_="count") for count in counters)
    cells: list[Child] = [place, *counts, text]
    lights = table.asked.lights
    lit = lights.passed.get((table.name, *spot), ())
    ended = lights.ended.get((table.name, *spot), ())
    if table.asked.exchange:
        said = [ending(direction, verdict) for direction, verdict in ended]
        said += [say(f"direction.{leg}") for leg in lit if leg not in dict(ended)]
        cells.append(say("comma").join(said))
    return cells, bool(lit)
