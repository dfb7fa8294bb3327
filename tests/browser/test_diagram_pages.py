"""The pages of chains and hosts in a real browser: every text within its box, as is measured there,
nothing cut or covered, boxes that lead to their text, light and dark, narrow and wide."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from cli.running import fwsim
from show.hostile import DUMP, SCRIPT

from .viewer import MIDDLE, NARROW, NARROWEST, REFERENCE, WIDE, Viewer

UPDATE = bool(os.environ.get("FWSIM_UPDATE_SCREENSHOTS"))
SHARED = Path(__file__).parents[2].parent / "shared"
LARGE = SHARED / "corpus" / "generated+frontends-debian12" / "ufw-rules.v4.save"
OUTSIDE = """() => [...document.querySelectorAll('.node')].flatMap(node => {
  const box = node.querySelector('.box').getBoundingClientRect();
  return [...node.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()])
    .filter(([t, r]) => r.left < box.left + 4 || r.right > box.right - 4 ||
                        r.top < box.top || r.bottom > box.bottom)
    .map(([t]) => t.textContent);
})"""


@cache
def page(*args: str, stdin: str | None = None) -> str:
    result = fwsim(*args, "--format", "html", stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


ARTICLE = [("graph", "--trace", "ns1 8.8.8.8"), ("graph", "--counters"), ("topology",)]


@pytest.mark.parametrize("args", ARTICLE, ids=" ".join)
def test_nothing_is_cut_or_covered_and_nothing_asked_for(
    viewer: Viewer, args: tuple[str, ...]
) -> None:
    tab = viewer.show(page(*args))
    for unfold in (False, True):
        if unfold:
            tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for size in (NARROWEST, NARROW, MIDDLE, WIDE):
            viewer.resize(size)
            assert viewer.faults() == [], (size, unfold)
            assert tab.evaluate(OUTSIDE) == []


@pytest.mark.skipif(not LARGE.exists(), reason="the corpus is absent")
def test_a_large_ruleset_is_legible(viewer: Viewer) -> None:
    tab = viewer.show(page("graph", "--from", str(LARGE)))
    assert tab.locator(".node").count() == 35
    assert tab.evaluate(OUTSIDE) == []
    assert viewer.faults() == []
    sizes = tab.evaluate(
        "[...document.querySelectorAll('.diagram text')].map(t => t.getBoundingClientRect().height)"
    )
    assert min(sizes) > 12


@pytest.mark.parametrize("name", ["graph", "topology"])
def test_light_and_dark(viewer: Viewer, name: str) -> None:
    args = ("graph", "--trace", "ns1 8.8.8.8") if name == "graph" else ("topology",)
    tab = viewer.show(page(*args))
    tab.locator("summary", has_text="DOCKER-USER" if name == "graph" else "host").click()
    assert tab.locator("details[open]").count() == (2 if name == "graph" else 1)
    for width, scheme in viewer.lights():
        fill = tab.evaluate("getComputedStyle(document.querySelector('.name')).fill")
        assert (fill == "rgb(27, 31, 36)") is (scheme == "light")
        if UPDATE:
            tab.screenshot(path=REFERENCE / f"{name}-{width}-{scheme}.png", full_page=True)


def test_there_is_a_reference_of_each() -> None:
    names = {
        f"{name}-{size}-{scheme}.png"
        for name in ("graph", "topology")
        for size in ("narrow", "wide")
        for scheme in ("light", "dark")
    }
    assert names <= {path.name for path in REFERENCE.glob("*.png")}


def test_a_box_leads_to_its_rules_and_these_to_others(viewer: Viewer) -> None:
    tab = viewer.show(page("graph"))
    rule = tab.get_by_text("-i docker1 ! -o docker1 -j ACCEPT", exact=True)
    assert not rule.is_visible()
    tab.locator("svg a", has_text="FORWARD").click()
    assert rule.is_visible()
    tab.get_by_role("link", name="→ DOCKER-USER").click()
    assert tab.locator("details[open]").count() == 2
    assert viewer.faults() == []


def test_all_of_it_by_keyboard_and_without_seeing_the_picture(viewer: Viewer) -> None:
    tab = viewer.show(page("topology"))
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.tagName.toLowerCase()"))
    assert reached[:3] == ["a", "div", "summary"]
    assert set(reached[3:6]) == {"summary"}
    assert tab.locator("svg").get_attribute("aria-hidden") == "true"
    assert tab.get_by_role("region").count() == 1
    tab.locator("summary").first.press("Enter")
    assert tab.get_by_role("row").first.is_visible()
    assert tab.get_by_role("rowheader", name="docker1").count() == 1


def test_printed_it_is_all_unfolded(viewer: Viewer) -> None:
    tab = viewer.show(page("graph"))
    tab.emulate_media(media="print")
    hidden = "[...document.querySelectorAll('td')].filter(r => !r.getBoundingClientRect().height)"
    assert tab.evaluate(f"{hidden}.length") == 0


def test_the_picture_alone_has_its_colours_in_the_dark_too(viewer: Viewer) -> None:
    picture = fwsim("graph", "--format", "svg").stdout.partition("?>")[2]
    tab = viewer.show(f"<!DOCTYPE html><meta charset=utf-8><main>{picture}</main>")
    for scheme, ink in (("light", "rgb(27, 31, 36)"), ("dark", "rgb(230, 233, 238)")):
        viewer.resize(WIDE, scheme)
        assert tab.evaluate("getComputedStyle(document.querySelector('.name')).fill") == ink
        assert tab.evaluate(OUTSIDE) == []
    assert viewer.said == []


def test_hostile_rules_are_shown_and_do_nothing(viewer: Viewer, tmp_path: Path) -> None:
    dump = tmp_path / "rules"
    dump.write_text(DUMP)
    tab = viewer.show(page("graph", "--from", str(dump)), NARROW)
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert SCRIPT in tab.evaluate("document.body.textContent")
    assert tab.evaluate("document.scripts.length") == 0
    assert tab.evaluate(OUTSIDE) == []
    assert viewer.faults() == []


@pytest.mark.parametrize("args", ARTICLE, ids=" ".join)
def test_in_chinese_texts_stay_within_their_boxes(viewer: Viewer, args: tuple[str, ...]) -> None:
    tab = viewer.show(page(*args, "--lang", "zh-TW"))
    assert tab.evaluate("document.documentElement.lang") == "zh-TW"
    assert tab.evaluate(OUTSIDE) == []
    assert viewer.faults() == []
