"""The chain graph tells every rule once and every jump, and what is left if narrowed or folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fwsim
from fwsim.language.ruleset import Ruleset
from fwsim.model.errors import QuestionError
from fwsim.questions.chain_graph import DRAWN, LEFT_OUT, LEGIBLE, Chains, chain_graph
from fwsim.questions.lights import lights

NAMES = [f"c{n}" for n in range(7)]


@st.composite
def dumps(draw: st.DrawFn) -> str:
    """A filter table whose chains jump and go to later ones."""
    lines = ["*filter", ":INPUT DROP", ":FORWARD ACCEPT", ":OUTPUT ACCEPT"]
    lines += [f":{name} -" for name in NAMES]
    for at, chain in enumerate(["INPUT", "FORWARD", *NAMES]):
        ahead = NAMES[max(0, at - 1) :]
        for kind, target in draw(
            st.lists(st.tuples(st.sampled_from("jg."), st.sampled_from(ahead or NAMES)), max_size=6)
        ):
            does = "-j ACCEPT" if kind == "." or not ahead else f"-{kind} {target}"
            lines.append(f"-A {chain} -p tcp {does}")
    return "\n".join([*lines, "COMMIT\n"])


def _told(graph: nx.DiGraph) -> dict[str, Chains]:  # type: ignore[type-arg]
    return dict(graph.nodes(data="chains"))


def _jumps(rules: Ruleset, table: str) -> Iterator[tuple[str, int, str, bool]]:
    for name, chain in rules.tables[table].chains.items():
        for number, rule in enumerate(chain.rules, 1):
            if rule.jump:
                yield name, number, rule.jump.chain, rule.jump.come_back


@settings(max_examples=60, deadline=None)
@given(dumps())
def test_every_rule_is_told_once_and_every_jump_is_a_way(text: str) -> None:
    rules = fwsim.read(text, family=4)
    graph = chain_graph(rules, "filter")
    told = _told(graph)
    counted = Counter((t.chain, t.number) for c in told.values() for w in c.ways for t in w.rules)
    chains = rules.tables["filter"].chains
    assert counted == {(n, k): 1 for n, c in chains.items() for k in range(1, len(c.rules) + 1)}
    ways = {
        (t.chain, t.number, w.to, not w.goto)
        for c in told.values() for w in c.ways for t in w.rules if w.to
    }  # fmt: skip
    jumps = {*_jumps(rules, "filter")}
    assert ways == jumps
    assert {*graph.edges} == {(source, target) for source, _, target, _ in jumps}
    assert all(told[name].policy == (chain.policy or "") for name, chain in chains.items())
    led = nx.descendants
    reached = {n for base in ("INPUT", "FORWARD", "OUTPUT") for n in (base, *led(graph, base))}
    assert {name for name, c in told.items() if c.reached} == reached


@settings(max_examples=40, deadline=None)
@given(dumps(), st.sampled_from(NAMES))
def test_narrowed_to_a_chain_are_the_ways_to_it_and_where_it_leads(text: str, name: str) -> None:
    rules = fwsim.read(text, family=4)
    whole, part = chain_graph(rules, "filter"), chain_graph(rules, "filter", [name])
    assert {*part} == {name} | nx.ancestors(whole, name) | nx.descendants(whole, name)
    assert {*part.edges} == {(a, b) for a, b in whole.edges if a in part and b in part}
    sizes = {node: told.size for node, told in _told(whole).items()}
    assert all(told.size == sizes[node] for node, told in _told(part).items())


def _numbered(count: int, prefix: str = "svc-") -> str:
    names = [f"{prefix}{n:04}x" for n in range(count)]
    lines = ["*filter", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", ":last -"]
    lines += [f":{name} -" for name in names]
    lines += [f"-A INPUT -s 10.0.{n >> 8}.{n & 255} -j {name}" for n, name in enumerate(names)]
    lines += [f"-A {name} -j last" for name in names]
    return "\n".join([*lines, "COMMIT\n"])


def test_few_chains_are_not_folded() -> None:
    assert len(chain_graph(fwsim.read(_numbered(40), family=4), "filter")) == 44


def test_many_chains_alike_are_one_node() -> None:
    graph = chain_graph(fwsim.read(_numbered(300), family=4), "filter")
    assert {*graph.edges} == {("INPUT", "svc-…"), ("svc-…", "last")}
    folded = _told(graph)["svc-…"]
    assert (len(folded.names), folded.size, folded.reached) == (300, 300, True)
    assert [(way.to, len(way.rules)) for way in folded.ways] == [("last", 300)]


def test_one_of_the_folded_chains_is_told_by_its_name() -> None:
    graph = chain_graph(fwsim.read(_numbered(300), family=4), "filter", ["svc-0123x"])
    assert {*graph} == {"INPUT", "svc-0123x", "last"}
    first, other = _told(graph)["INPUT"].ways
    assert (first.target, len(first.rules)) == (LEFT_OUT, 299)
    assert (other.to, len(other.rules)) == ("svc-0123x", 1)


def test_too_many_chains_that_are_not_alike_are_refused_with_the_way_out() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{a}{b}" for a in letters for b in letters][: DRAWN + 1]
    text = "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n"
    text += "".join(f":{name} -\n" for name in names) + "COMMIT\n"
    with pytest.raises(QuestionError, match="124 chains, too many") as refused:
        chain_graph(fwsim.read(text, family=4), "filter")
    assert "--chain" in str(refused.value)
    assert DRAWN > LEGIBLE


def test_an_unknown_chain_is_refused_with_those_that_are_near() -> None:
    with pytest.raises(QuestionError, match="no chain 'svc-9999x' in filter") as refused:
        chain_graph(fwsim.read(_numbered(12), family=4), "filter", ["svc-9999x"])
    assert "svc-00" in str(refused.value)


def test_a_way_that_goes_round_is_told_and_does_not_lead_ahead() -> None:
    text = "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:a -\n:b -\n"
    text += "-A a -j b\n-A b -j a\nCOMMIT\n"
    graph = chain_graph(fwsim.read(text, family=4), "filter")
    assert nx.is_directed_acyclic_graph(graph)
    ways = [way for node in "ab" for way in _told(graph)[node].ways]
    assert sorted(way.back for way in ways) == [False, True]
    assert not any(_told(graph)[node].reached for node in "ab")


def test_what_an_exchange_lights_is_what_its_legs_matched() -> None:
    net = fwsim.load()
    trace = net.trace(src="ns1", dst="8.8.8.8")
    lit = lights(trace.exchange, "host", 4)
    matched = {
        (m.table, m.chain, m.rule) for leg in trace.legs for m in (*leg.matched, *leg.policies)
    }
    assert {*lit.passed} == matched
    assert lit.passed["filter", "FORWARD", 1] == ("request", "reply")
    assert lit.ended == {
        ("filter", "FORWARD", 8): (("request", "ACCEPT"),),
        ("filter", "FORWARD", 0): (("reply", "DROP"),),
    }
    assert lit.tables == ["filter", "nat"]
    assert not lights(trace.exchange, "host", 6).passed
    assert not lights(trace.exchange, "elsewhere", 4).passed
