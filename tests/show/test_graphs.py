"""The chain graph in every form: published rulesets drawn so that nothing hides anything, each rule
to be found in the page, and hostile rules shown as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import fwsim
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import rule_text
from fwsim.model.errors import QuestionError, harmless
from fwsim.show.diagram_code import dot, mermaid
from fwsim.show.diagram_text import diagram_lines
from fwsim.show.graph import Asked, graph_diagram, graphs, numbers, short
from fwsim.show.graph_page import graph_page
from fwsim.show.layout import plain
from fwsim.show.markup import svg_file
from fwsim.show.narrow import fit
from fwsim.show.svg import svg_alone

from .drawn import drawn, faults

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
PUBLISHED = [
    "generated+frontends-debian12/firewalld-default.v4.save",
    "generated+frontends-debian12/ufw-rules.v4.save",
    "generated+frontends-debian12/shorewall-three-interfaces.v4.save",
    "generated+frontends-debian12/arno.v4.save",
    "generated+docker-20.10.24/legacy.3-many.iptables-counters.save",
    "generated+kube-proxy-1.20.2/v4-10svc.save",
    "generated+kube-proxy-1.20.2/v4-60svc.save",
    "Azure+azure-container-networking/npm__pkg__dataplane__testdata__iptablesave-v2",
]
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    ":</text><b>\u202e&quot;'end - [0:0]\n"
    f'-A INPUT -m comment --comment "{SCRIPT}\x1b[31m" -j LOG --log-prefix "-->]]>\u2066"\n'
    "-A INPUT -j </text><b>\u202e&quot;'end\n"
    f'-A INPUT -p tcp -m comment --comment "{SCRIPT}" -g </text><b>\u202e&quot;\'end\n'
    "COMMIT\n"
)


def _drawn(rules: Ruleset, tables: tuple[str, ...] = ()) -> tuple[Any, Any, Asked]:
    asked = Asked(tables or tuple(rules.tables), counters=True)
    made = graphs(rules, asked)
    return graph_diagram(fwsim.load().world, rules, made, asked), made, asked


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is absent")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rules_are_drawn_so_that_nothing_hides_anything(name: str) -> None:
    rules = fwsim.read((CORPUS / name).read_text("utf-8", "surrogateescape"), family=4)
    diagram, made, asked = _drawn(rules)
    picture = drawn(svg_file(svg_alone(diagram)))
    assert faults(picture) == []
    assert len(picture.boxes) == sum(map(len, made.values()))
    assert len(picture.tips) == sum(1 for section in diagram.sections for _ in section.wires())
    for box in (box for section in diagram.sections for box in section.boxes):
        assert harmless(box.title) in picture.texts
    assert graph_page(diagram, made, asked).count("<details") == len(picture.boxes)


def test_each_rule_stands_in_the_page_with_its_counters() -> None:
    rules = fwsim.load("example:article-complete").rules(4)
    diagram, made, asked = _drawn(rules)
    page = graph_page(diagram, made, asked)
    for table in rules.tables.values():
        for chain in table.chains.values():
            for rule in chain.rules:
                assert f"<code>{rule_text(rule)}</code>" in page
    ids = set(re.findall(r' id="([^"]*)"', page))
    assert {*re.findall(r'href="#([^"]*)"', page)} <= ids


@pytest.mark.parametrize("width", [40, 60, 200])
def test_a_tree_stays_one_on_a_narrow_terminal(width: int) -> None:
    diagram, _, _ = _drawn(fwsim.load("example:article-complete").rules(4))
    lines = plain(fit(diagram_lines(diagram), width)).splitlines()
    depths = [len(line) - len(line.lstrip()) for line in lines if "-o docker0  DROP" in line]
    assert depths == [10]
    assert max(map(len, lines)) <= width


def test_hostile_rules_are_text_in_every_form() -> None:
    diagram, made, asked = _drawn(fwsim.read(HOSTILE, family=4))
    page, picture = graph_page(diagram, made, asked), svg_file(svg_alone(diagram))
    for text in (page, picture, mermaid(diagram), dot(diagram), plain(diagram_lines(diagram))):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\u2066" not in text
    for text in (page, picture):
        assert "<script" not in text
        assert "<b>" not in text
        assert "&lt;b&gt;\\u202e" in text
    assert "&lt;script&gt;alert(1)" in page
    assert faults(drawn(picture)) == []


def test_a_table_that_is_too_large_is_refused() -> None:
    names = [f"{a}{b}" for a in "abcdefghijklmn" for b in "abcdefghijklmn"]
    text = "*filter\n:INPUT ACCEPT\n" + "".join(f":{n} -\n" for n in names) + "COMMIT\n"
    with pytest.raises(QuestionError, match="too many for one picture"):
        _drawn(fwsim.read(text, family=4))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("-i docker0 -j ACCEPT", "-i docker0"),
        ("-p tcp -m tcp --dport 80 -j ACCEPT", "-p tcp --dport 80"),
        ("-p tcp -m tcp -j ACCEPT", "-p tcp"),
        ('-p tcp -m comment --comment "a b" -j ACCEPT', "-p tcp"),
        ("-m conntrack ! --ctstate NEW -j ACCEPT", "! --ctstate NEW"),
        ("-m socket -j ACCEPT", "-m socket"),
        ("-s 10.0.0.0/8 -d 10.0.0.0/8 -p tcp -j ACCEPT", "-s 10.0.0.0/8 -d 10.0.0.0/8 -p tcp"),
        ("-s 10.0.0.0/8 -d 10.0.0.0/8 -p icmp -j ACCEPT", "-s 10.0.0.0/8 -d 10.0.0.0/8 …"),
        ("-p tcp --dport 80 -m set --match-set x src -j ACCEPT", "-p tcp --dport 80 …"),
        ("-m u32 --u32 0x0&0xffff=0x1:0xffff&&0x4&0xff=0x1:0x8 -j ACCEPT", "--u32 …"),
        ("-j ACCEPT", ""),
    ],
)
def test_conditions_in_short(rule: str, text: str) -> None:
    rules = fwsim.read(f"*mangle\n-A PREROUTING {rule}\nCOMMIT\n", family=4)
    assert short(rules.rule("mangle", "PREROUTING", 1)) == text


def test_numbers_in_a_row_are_told_as_a_range() -> None:
    lines = ["DROP", "ACCEPT", "DROP", "DROP", "DROP", "ACCEPT", "DROP", "DROP"]
    text = "".join(f"-A INPUT -j {does}\n" for does in lines)
    rules = fwsim.read(f"*filter\n{text}COMMIT\n", family=4)
    _, made, _ = _drawn(rules)
    drop, accept = made["filter"].nodes["INPUT"]["chains"].ways
    assert numbers(drop.rules) == "1, 3–5, 7–8"
    assert numbers(accept.rules) == "2, 6"


def _light(colour: Sequence[float]) -> float:
    parts = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("dark", [False, True])
def test_texts_on_shades_have_contrast(dark: bool) -> None:
    """WCAG's 4.5, of every text that may stand on a shade or in lit rows."""
    folder = Path(fwsim.__file__).parent / "show"
    themes = (folder / "colours.css").read_text().split("@media")
    colours = {
        name: [int(value[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        for name, value in re.findall(r"--([a-z-]+): #([0-9a-f]{6})", themes[dark])
    }
    css = (folder / "diagram.css").read_text()
    shades = [float(value) for value in re.findall(r"\.heat\d \{ fill-opacity: ([\d.]+)", css)]
    assert len(shades) == 4
    pairs = zip(colours["unsure"], colours["raised"], strict=True)
    mixed = [*pairs]
    behind = [[o * a + (1 - o) * b for a, b in mixed] for o in shades]
    for paper in (*behind, colours["lit"]):
        for ink in ("ink", "good", "bad"):
            one, two = sorted((_light(paper), _light(colours[ink])))
            assert (two + 0.05) / (one + 0.05) >= 4.5, (ink, paper)
