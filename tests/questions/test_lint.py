"""Lint finds the faults that are planted, and not their near misses; what it says is true of every
packet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from kernel.rulesets import Line, Rules, random_rules

import fwsim
from fwsim.language.ipset.read import read_ipset
from fwsim.model.packet import Packet
from fwsim.model.trace import Leg
from fwsim.net import Net
from fwsim.questions.lint import Lint, codes
from fwsim.questions.lint.subject import Subject

from .packets import random_packet
from .planted import FAULTS, KNOWN, MISSES

ROOT = Path(__file__).parents[2]
_SETS = "create here hash:ip family inet\nadd here 10.1.1.1\n"


def _net(text: str, v6: str = "") -> Net:
    """The article's host under these rules, with a set `here`."""
    net = fwsim.load("example:article-complete")
    rulesets = {4: fwsim.read(text, family=4)}
    if v6:
        rulesets[6] = fwsim.read(v6, family=6)
    host = net.world.namespaces[net.world.host].with_sets(read_ipset(_SETS))
    simulation = net.simulation.fork()
    simulation.govern(host.with_rulesets(rulesets))
    return Net(simulation)


def _places(found: Lint) -> list[str]:
    return [f"{f.rule.chain} {f.rule.rule}" for f in found]


@pytest.mark.parametrize(("code", "text", "at"), FAULTS)
def test_a_planted_fault_is_found(code: str, text: str, at: list[str]) -> None:
    assert _places(_net(text).lint(select=[code])) == at


@pytest.mark.parametrize(("code", "text"), MISSES)
def test_a_near_miss_is_not(code: str, text: str) -> None:
    assert _places(_net(text).lint(select=[code])) == []


@pytest.mark.parametrize("code", sorted({code for code, *_ in FAULTS}))
def test_an_ignored_check_finds_nothing(code: str) -> None:
    text = next(text for planted, text, _ in FAULTS if planted == code)
    assert code not in {f.code for f in _net(text).lint(ignore=[code])}


V4 = "*filter\n:INPUT DROP\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n{}COMMIT\n"
V6 = "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n{}COMMIT\n"


def test_open_over_ipv6_alone() -> None:
    v4 = V4.format(f"-A INPUT {KNOWN}\n-A INPUT -p tcp --dport 22 -j ACCEPT\n")
    (found,) = _net(v4, V6.format("")).lint(select=["ipv6-open"])
    assert (found.rule.family, found.rule.chain, found.rule.rule) == (6, "INPUT", "policy")
    refused = V6.format("-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j DROP\n")
    assert not _net(v4, refused).lint(select=["ipv6-open"])
    assert not _net(V6.format(""), V6.format("")).lint(select=["ipv6-open"])
    assert not _net(v4).lint(select=["ipv6-open"])


def test_the_article_s_mistake() -> None:
    found = fwsim.load("example:article-outbound-only").lint(select=["no-way-back"])
    assert _places(found) == ["FORWARD 8"]
    assert found.findings[0].witness is not None
    assert not fwsim.load("example:article-complete").lint()


def test_every_check_has_faults_misses_and_a_page() -> None:
    across = {"ipv6-open"}  # above
    assert {code for code, *_ in FAULTS} == {code for code, _ in MISSES} == set(codes()) - across
    pages = {page.stem for page in (ROOT / "docs" / "lint").glob("*.md")} - {"README"}
    assert pages == set(codes())


# -- random rulesets ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("seed", range(8))
def test_what_never_matches_or_is_redundant_may_go(family: int, seed: int) -> None:
    """Each such rule alone, and all together, removed: no packet ends otherwise."""
    rng = Random(f"lint {family} {seed}")
    rules = random_rules(rng, family)
    net = _ruled(rules, family)
    codes = ("shadowed", "redundant", "contradictory", "accept-first", "log-late")
    found = net.lint(select=codes, everywhere=True)
    lines = {line for f in found for line in (f.rule.line, *(r.line for r in f.also))}
    chosen = [_line_of(rules, number) for number in sorted(lines)]
    packets = _packets(rng, family)
    before = [_end(leg) for leg in net.packets(packets)]
    for gone in [chosen, *([line] for line in chosen)] if chosen else []:
        kept = [line for line in rules.lines if not any(line is other for other in gone)]
        without = _ruled(Rules(rules.policies, tuple(kept)), family)
        assert [_end(leg) for leg in without.packets(packets)] == before, gone


@pytest.mark.parametrize("family", [4, 6])
def test_what_never_matches_does_not_and_every_witness_replays(family: int) -> None:
    for seed in range(8):
        rng = Random(f"lint {family} {seed}")
        net = _ruled(random_rules(rng, family), family)
        found = net.lint(everywhere=True)
        codes = ("shadowed", "contradictory", "accept-first", "log-late", "unreached")
        never = {(f.rule.table, f.rule.chain, f.rule.rule) for f in found if f.code in codes}
        for leg in net.packets(_packets(rng, family)):
            assert not never & {(c.table, c.chain, c.rule) for c in leg.matched}
        for witness in (f.witness for f in found if f.witness):
            (leg,) = net.packets([(witness.packet, witness.dev, 0.0)])
            assert (leg.fate, leg.matched) == (witness.leg.fate, witness.leg.matched)


@pytest.mark.parametrize("family", [4, 6])
def test_there_are_a_few_packets_where_there_are_any(family: int) -> None:
    """What answers whether a rule matches at all is a part of what it matches."""
    for seed in range(8):
        rng = Random(f"lint {family} {seed}")
        subject = Subject(_ruled(random_rules(rng, family), family).simulation, family)
        for survey in subject.surveys():
            places = [(row.chain.name, number) for row, number, _ in survey.rules()]
            places += [(chain, 0) for chain in survey.table.chains if survey.base(chain)]
            for at in places:
                few, hits = survey.some(*at), survey.hits(*at)
                assert few.imp(hits).valid()
                assert few.satisfiable() is hits.satisfiable()


def _packets(rng: Random, family: int) -> list[tuple[Packet, str, float]]:
    return [(*random_packet(rng, family), 0.0) for _ in range(80)]


def _ruled(rules: Rules, family: int) -> Net:
    net = fwsim.load("example:article-complete")
    host = net.world.namespaces[net.world.host]
    simulation = net.simulation.fork()
    simulation.govern(host.with_rulesets({family: fwsim.read(rules.dump(), family=family)}))
    return Net(simulation)


def _line_of(rules: Rules, number: int) -> Line:
    text = rules.dump().splitlines()[number - 1]
    before = rules.dump().splitlines()[: number - 1]
    table = next(line[1:] for line in reversed(before) if line.startswith("*"))
    nth = before[::-1][: before[::-1].index(f"*{table}")].count(text)
    return [line for line in rules.lines if line == Line(table, text)][nth]


def _end(leg: Leg) -> tuple[object, ...]:
    return leg.fate, leg.verdict, [(e.dev, e.packet) for e in leg.emitted]


# -- the command ----------------------------------------------------------------------------------

SHADOWED = V6.format("-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -s 10.1.0.0/16 -j ACCEPT\n")


def _command(*words: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fwsim", "lint", "--from", "-", *words],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_tells_what_it_found() -> None:
    run = _command(text=SHADOWED)
    assert run.returncode == 1
    assert "shadowed  filter INPUT 2  -s 10.1.0.0/16 -j ACCEPT" in run.stdout
    assert "because of filter INPUT 1" in run.stdout
    assert "1 error" in run.stdout
    ignored = _command("--ignore", "shadowed,redundant", text=SHADOWED)
    assert (ignored.returncode, ignored.stderr) == (0, "")
    wrong = _command("--select", "nonsense", text=SHADOWED)
    assert wrong.returncode == 2
    assert "nonsense" in wrong.stderr


def test_json_is_what_the_guide_says() -> None:
    found = json.loads(_command("--json", "--select", "shadowed", text=SHADOWED).stdout)
    assert [(f["code"], f["severity"], f["rule"]["rule"]) for f in found] == [
        ("shadowed", "error", 2)
    ]
    assert found[0].keys() == {"code", "severity", "rule", "because", "message", "witness"}
    assert found[0]["because"][0] == {
        "family": 4, "table": "filter", "chain": "INPUT", "rule": 1, "line": 5,
        "text": "-s 10.0.0.0/8 -j DROP",
    }  # fmt: skip


def test_sarif_names_lines() -> None:
    log = json.loads(_command("--format", "sarif", text=SHADOWED).stdout)
    (run,) = log["runs"]
    (result,) = (r for r in run["results"] if r["ruleId"] == "shadowed")
    assert (log["version"], result["level"]) == ("2.1.0", "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "shadowed"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 6}
    assert result["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 5}


def test_it_says_when_the_sets_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fwsim.questions.lint.subject.NODES", 600)
    with pytest.raises(fwsim.FwsimError, match="too large"):
        _net(SHADOWED).lint()
