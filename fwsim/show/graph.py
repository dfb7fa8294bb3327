"""The chain graph as a diagram: a box for each chain, a row for what its rules do alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Rule, Ruleset
from fwsim.language.write import rule_text
from fwsim.model.frozen import replace
from fwsim.model.tuples import NamedTuple
from fwsim.questions.chain_graph import LEFT_OUT, Chains, Told, Way, chain_graph, unknown_chain
from fwsim.questions.lights import Lights
from fwsim.show.diagram import Box, Diagram, Row, Section
from fwsim.show.words import say

if TYPE_CHECKING:
    import networkx as nx

    from fwsim.machine.world import World

_COND = 34  # so many characters of a rule's conditions stand in a box; the rest is in its title
_NUMBERS = 16
_FULL = 12  # so many rules are told in a title
_ENDS = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "drop"}


class Asked(NamedTuple):
    """What is shown: the tables, only these chains, and with what light."""

    tables: tuple[str, ...]
    chains: tuple[str, ...] = ()
    counters: bool = False
    lights: Lights = Lights()
    exchange: str = ""


def graphs(ruleset: Ruleset, asked: Asked) -> dict[str, nx.DiGraph[str]]:
    """The graph of each table that is asked for and there. QuestionError as chain_graph, and for
    a chain that no table has."""
    shown = [table for table in asked.tables if table in ruleset.tables]
    made = {}
    for table in shown:
        chains = ruleset.tables[table].chains
        here = [name for name in asked.chains if name in chains]
        if here or not asked.chains:
            made[table] = chain_graph(ruleset, table, here)
    for name in asked.chains:
        if not any(name in ruleset.tables[table].chains for table in shown):
            raise unknown_chain(name, ruleset, shown)
    return made


def graph_diagram(
    world: World, ruleset: Ruleset, made: Mapping[str, nx.DiGraph[str]], asked: Asked
) -> Diagram:
    """The diagram of these graphs."""
    sections = [Section(table, _boxes(table, graph, asked), table) for table, graph in made.items()]
    title = say("graph.title", tables=say("comma").join(made)) if made else say("graph.no_tables")
    if ruleset.family == 6:
        title = say("graph.family", title=title)
    remarks = [world.title, *(say("note.line") + note for note in (*world.damage, *world.notes))]
    return Diagram(title, sections, remarks, tuple(_legend(made, asked)), asked.exchange)


def _boxes(table: str, graph: nx.DiGraph[str], asked: Asked) -> list[Box]:
    told = dict(graph.nodes(data="chains"))
    scale = _scale(told.values()) if asked.counters else 0
    return [_box(table, node, chains, asked, scale) for node, chains in told.items()]


def _scale(all_chains: Iterable[Chains]) -> int:
    """The most packets that any row counts."""
    return max((packets(way.rules) for chains in all_chains for way in chains.ways), default=0)


def packets(rules: Iterable[Told]) -> int:
    """How many packets these rules counted."""
    return sum(told.rule.counters[0] for told in rules)


def _box(table: str, node: str, chains: Chains, asked: Asked, scale: int) -> Box:
    rows = [_row(table, way, asked, scale) for way in chains.ways]
    if chains.policy:
        rows.append(_policy(table, node, chains, asked, scale))
    several = len(chains.names) > 1
    notes = [say("graph.folded", count=f"{len(chains.names):,}")] if several else []
    notes += [] if chains.reached else [say("graph.unreached")]
    notes += [] if rows else [say("graph.empty")]
    style = "dim" if not chains.reached else "base" if chains.policy else "chain"
    lit = tuple(dict.fromkeys(leg for row in rows for leg in row.lit))
    return Box(
        node, node, say("comma").join(notes), rows, "folded" if several else style,
        "\n".join(_some(chains.names)), lit,
    )  # fmt: skip


def _row(table: str, way: Way, asked: Asked, scale: int) -> Row:
    spots = [(table, told.chain, told.number) for told in way.rules]
    return _lit(
        Row(
            numbers(way.rules), short(way.rules[0].rule) if len(way.rules) == 1 else "",
            result(way), full="\n".join(_some([rule_line(told) for told in way.rules])),
            to=None if way.back else way.to, dashed=way.goto, style=_ENDS.get(way.target, ""),
        ),
        spots, packets(way.rules), asked, scale,
    )  # fmt: skip


def _policy(table: str, node: str, chains: Chains, asked: Asked, scale: int) -> Row:
    text = say("graph.policy", policy=chains.policy)
    row = Row(text=text, style=_ENDS.get(chains.policy, ""), full=text)
    return _lit(
        row._replace(text="", result=text), [(table, node, 0)], chains.counters[0], asked, scale
    )


def _lit(
    row: Row, spots: Sequence[tuple[str, str, int]], count: int, asked: Asked, scale: int
) -> Row:
    """The row with its counters and with what the trace says of it."""
    notes, heat = [], 0
    if asked.counters:
        notes.append(say("graph.packets.one" if count == 1 else "graph.packets", count=_big(count)))
        heat = _heat(count, scale)
    lit = [leg for spot in spots for leg in asked.lights.passed.get(spot, ())]
    ends = [end for spot in spots for end in asked.lights.ended.get(spot, ())]
    ended = {direction for direction, _ in ends}
    legs = [*dict.fromkeys(lit)]
    several = {at[2]: None for at in spots if at in asked.lights.ended} if spots[1:] else {}
    by = say("comma").join(map(str, several))
    notes += [ending(direction, verdict, by) for direction, verdict in dict.fromkeys(ends)]
    notes += [say(f"direction.{leg}") for leg in legs if leg not in ended]
    return row._replace(note=say("comma").join(notes), heat=heat, lit=tuple(legs))


def ending(direction: str, verdict: str, by: str = "") -> str:
    """That a packet's fate was decided here, or by these of the rules."""
    how = {"ACCEPT": "good", "UNKNOWN": "unsure"}.get(verdict, "bad")
    key = f"graph.{'by' if by else 'here'}.{how}"
    return say(key, direction=say(f"direction.{direction}"), rule=by)


def _heat(count: int, most: int) -> int:
    """From 0 for none to 4 for about as many as the most, by powers."""
    if not count:
        return 0
    return max(1, 4 - (most // count).bit_length() // 3)


def _big(count: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= 10 * size:
            return f"{count // size}{unit}"
    return str(count)


def result(way: Way) -> str:
    """Where the rules lead."""
    if way.target == LEFT_OUT:
        return say("graph.left_out")
    if way.back:
        return say("graph.back", target=way.target)
    if way.goto:
        return say("graph.goto", target=way.target)
    return say("graph.to", target=way.target) if way.to else way.target or say("graph.counts_only")


def numbers(rules: Sequence[Told]) -> str:
    """The rules' numbers, 3–5 for those in a row; how many there are where that is shorter."""
    if len({told.chain for told in rules}) > 1:
        return say("graph.rules", count=f"{len(rules):,}")
    runs: list[list[int]] = []
    for told in rules:
        if runs and runs[-1][-1] == told.number - 1:
            runs[-1][1:] = [told.number]
        else:
            runs.append([told.number])
    text = say("comma").join(
        say("graph.range", first=run[0], last=run[-1]) if run[1:] else str(run[0]) for run in runs
    )
    return text if len(text) <= _NUMBERS else say("graph.rules", count=f"{len(rules):,}")


def short(rule: Rule) -> str:
    """A rule's conditions without comments, as many words of them as fit."""
    matches = tuple(use for use in rule.matches if use.ext.name != "comment")
    bare = replace(rule, matches=matches, verdict=None, jump=None, target=None)
    options = _options(rule_text(bare).split(" "))
    text = ""
    for at, option in enumerate(options):
        longer = f"{text} {option}".strip()
        if len(longer) > _COND - 2 * (at < len(options) - 1):
            return f"{text or option.rpartition(' ')[0]} …".strip()
        text = longer
    return text


def _options(words: Sequence[str]) -> list[str]:
    """The options with their values; without `-m NAME` where options follow that say it all."""
    options: list[str] = []
    for at, word in enumerate(words):
        if word.startswith("-") and at and words[at - 1] == "!":
            options[-1] += f" {word}"
        elif word.startswith("-") or word == "!" or not options:
            options.append(word)
        else:
            options[-1] += f" {word}"
    return [
        option
        for option, then in zip(options, [*options[1:], ""], strict=True)
        if not option.startswith("-m ")
        or not (then.startswith(("--", "! --")) or f"-p {option[3:]}" in options)
    ]


def rule_line(told: Told) -> str:
    """A rule with its place."""
    return say("graph.rule", chain=told.chain, number=told.number, text=rule_text(told.rule))


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_FULL]
    if len(lines) > _FULL:
        yield say("graph.more_rules", count=f"{len(lines) - _FULL:,}")


def _legend(made: Mapping[str, nx.DiGraph[str]], asked: Asked) -> Iterator[str]:
    """What those signs mean that are there."""
    all_chains = [c for graph in made.values() for _, c in graph.nodes(data="chains")]
    ways = [way for chains in all_chains for way in chains.ways]
    signs = {
        "jump": any(way.to and not way.goto for way in ways),
        "goto": any(way.goto for way in ways),
        "back": any(way.back for way in ways),
        "folded": any(len(chains.names) > 1 for chains in all_chains),
        "heat": asked.counters,
    }
    for sign, there in signs.items():
        if there:
            yield say(f"graph.legend.{sign}")
