"""The page of a trace in a real browser: nothing cut, nothing asked for, all of it by keyboard.

Fonts differ from machine to machine, so that pictures of pages are not compared pixel by pixel:
what must hold is measured (viewer.py). `make screenshots` takes those in reference/ anew, to be
looked at."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from show.hostile import DUMP

import fwsim

from .viewer import MIDDLE, NARROW, NARROWEST, REFERENCE, WIDE, Viewer

UPDATE = bool(os.environ.get("FWSIM_UPDATE_SCREENSHOTS"))


@cache
def _page(name: str = "stopped") -> str:
    net = fwsim.load()
    if name == "stopped":
        return net.trace(src="ns1", dst="8.8.8.8").html()
    if name == "rejected":
        net = net.apply("iptables -I DOCKER-USER -p tcp -j REJECT --reject-with tcp-reset")
        return net.trace(src="ns1", dst="8.8.8.8", proto="tcp", dport=443).html()
    net = net.apply("iptables -I FORWARD -m statistic --mode random --probability 0.5 -j DROP")
    return net.trace(src="ns1", dst="8.8.8.8").html()


@pytest.mark.parametrize("name", ["stopped", "rejected", "undecided"])
def test_nothing_is_cut_or_covered_and_nothing_asked_for(viewer: Viewer, name: str) -> None:
    tab = viewer.show(_page(name))
    for unfold in (False, True):
        if unfold:
            tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for size in (NARROWEST, NARROW, MIDDLE, WIDE):
            viewer.resize(size)
            assert viewer.faults() == [], (size, unfold)


def test_light_and_dark(viewer: Viewer) -> None:
    tab = viewer.show(_page())
    for width, scheme in viewer.lights():
        paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") is (scheme == "light")
        if UPDATE:
            tab.screenshot(path=REFERENCE / f"trace-{width}-{scheme}.png")


def test_there_is_a_reference_of_each() -> None:
    names = {f"trace-{size}-{c}.png" for size in ("narrow", "wide") for c in ("light", "dark")}
    assert names <= {path.name for path in REFERENCE.glob("*.png")}


def test_all_of_it_by_keyboard(viewer: Viewer) -> None:
    tab = viewer.show(_page())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    before = _open(tab)
    tab.keyboard.press("Enter")
    assert _open(tab) == before + 1
    tab.keyboard.press("Space")
    assert _open(tab) == before


def test_chains_unfold_to_rules_and_why_they_missed(viewer: Viewer) -> None:
    tab = viewer.show(_page())
    reason = tab.get_by_text("misses: came in by eth0, not docker0; leaves by docker1").first
    assert not reason.is_visible()
    tab.get_by_text("rules 3 to 8 miss").click()
    assert reason.is_visible()


def test_a_rule_leads_to_its_lit_line(viewer: Viewer) -> None:
    tab = viewer.show(_page(), NARROW)
    tab.get_by_role("link", name="policy DROP").click()
    line = tab.locator(".dump .lit")
    assert line.get_attribute("id") == tab.evaluate("location.hash.slice(1)")
    box = line.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= NARROW[1]
    assert viewer.faults() == []


def test_the_picture_is_told_to_those_who_do_not_see_it(viewer: Viewer) -> None:
    tab = viewer.show(_page())
    picture = tab.get_by_role(
        "img", name="ns1 172.18.0.3 → internet 8.8.8.8, icmp echo: ✗ no answer."
    )
    assert picture.count() == 1
    assert tab.get_by_role("heading", level=1).count() == 1
    assert tab.get_by_role("main").count() == 1


def test_printed_it_is_all_unfolded(viewer: Viewer) -> None:
    tab = viewer.show(_page())
    tab.emulate_media(media="print")
    assert tab.evaluate("[...document.querySelectorAll('li.rule')].every(r => r.checkVisibility())")
    assert viewer.faults() == []


def test_hostile_rules_are_shown_and_do_nothing(viewer: Viewer, tmp_path: Path) -> None:
    dump = tmp_path / "rules"
    dump.write_text(DUMP)
    net = fwsim.load(str(dump))
    trace = net.trace(src="1.2.3.4", dst="host", in_="eth0")
    for text in (f"<!DOCTYPE html><meta charset=utf-8>{trace._repr_html_()}", trace.html()):
        tab = viewer.show(text, NARROW)
        assert "<script>alert(1)</script>" in tab.evaluate("document.body.textContent")
        assert tab.evaluate("document.scripts.length") == 0
        assert viewer.said == []
    assert viewer.faults() == []


def _open(tab: Any) -> int:
    count: int = tab.evaluate("document.querySelectorAll('details[open]').length")
    return count
