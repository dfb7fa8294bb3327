"""What notebooks show: all of it, also where styles are taken away, and nothing but text."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fwsim
from fwsim.show.layout import plain
from fwsim.show.notebook import lines_html, world_html
from show.hostile import COMMENT, DUMP, SCRIPT, assert_only_text, read


def _text(fragment: str) -> str:
    found = re.sub("<style>.*?</style>", "", fragment, flags=re.S)
    return "".join(read(found).text)


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "diff": lambda net: net.diff(net.apply("iptables -A FORWARD -o docker1 -j ACCEPT")),
    "reach": lambda net: net.reach(in_="docker1", out="eth0"),
    "lint": lambda net: net.lint(),
    "exposed": lambda net: net.exposed("eth0"),
    "repair": lambda net: net.repair(src="ns1", dst="8.8.8.8"),
}


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_shows_what_it_prints(question: str) -> None:
    answer = ANSWERS[question](fwsim.load())
    assert _text(answer._repr_html_()).rstrip() == str(answer).rstrip()


def test_where_there_is_only_text_it_is_text_for_people() -> None:
    from IPython.lib.pretty import pretty

    net = fwsim.load()
    assert pretty(net.exposed("eth0")) == str(net.exposed("eth0"))
    assert pretty(net.rules()) == fwsim.save(net.rules())
    assert pretty(trace := net.trace(src="ns1", dst="8.8.8.8")) == str(trace)


def test_rules_show_their_text_with_numbered_lines() -> None:
    net = fwsim.load()
    later = net.trace(src="ns1", dst="8.8.8.8").after
    for rules, counters in ((net.rules(), False), (later.rules(), True)):
        title, *lines = _text(rules._repr_html_() or "").splitlines()
        assert title.startswith("IPv4: 14 rules in 11 chains")
        told = [line.split(maxsplit=1)[1] for line in [title.partition("chains")[2], *lines]]
        assert told == fwsim.save(rules, counters=counters).splitlines()
    read_ones = fwsim.read("iptables -A INPUT -j DROP", family=4)._repr_html_() or ""
    assert "-A INPUT -j DROP" in _text(read_ones)


def test_verdicts_are_told_apart_but_not_in_quotes() -> None:
    rules = fwsim.read(
        "*filter\n:INPUT ACCEPT [0:0]\n"
        '-A INPUT -m comment --comment "say -j DROP \\" -j DROP" -j ACCEPT\n'
        '-A INPUT -j LOG --log-prefix " -j REJECT "\n-A INPUT -j DROP\nCOMMIT\n'
    )
    shown = rules._repr_html_() or ""
    assert re.findall(r'<b(?: class="(\w+)")?>([A-Z]+)</b>', shown) == [
        ("accept", "ACCEPT"), ("", "LOG"), ("stop", "DROP"),
    ]  # fmt: skip


def test_of_many_rules_the_first_are_shown() -> None:
    many = "".join(f"-A INPUT -p tcp -m tcp --dport {n} -j DROP\n" for n in range(1, 5000))
    rules = fwsim.read(f"*filter\n:INPUT ACCEPT [0:0]\n{many}COMMIT\n")
    shown = rules._repr_html_() or ""
    assert len(shown) < 60_000
    assert "… lines 401 to 5004 are not shown …" in _text(shown)


def test_a_network_shows_its_hosts_and_how_they_are_joined() -> None:
    text = _text(fwsim.load()._repr_html_())
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', fwsim.load()._repr_html_())
    assert picture is not None
    assert "172.18.0.3/16" in b64decode(picture[1]).decode()
    for what in ("ns1", "docker1 (bridge)", "172.18.0.1/16", "IPv4: 14 rules", "eth0 of host"):
        assert what in text
    assert "port of docker1, eth0 of ns1" in text


def test_of_a_large_network_the_first_devices_are_shown() -> None:
    world = fwsim.load().world
    host = world.namespaces["host"]
    many = {f"d{n}": host.devices["docker0"] for n in range(100)}
    text = _text(world_html(world._replace(namespaces={"host": host._replace(devices=many)})))
    assert "… and 40 more devices" in text


def test_hostile_rules_are_shown_harmlessly(tmp_path: Path) -> None:
    dump = tmp_path / "<script>rules"
    dump.write_text(DUMP)
    net = fwsim.load(str(dump))
    assert_only_text(net.rules()._repr_html_() or "")
    for answer in (net.lint(), net.exposed(), net.reach(in_="eth0"), net):
        fragment = answer._repr_html_()
        assert "<script" not in fragment
        assert all(c == "\n" or c.isprintable() for c in fragment)
    line = lines_html([[(SCRIPT, ""), (COMMENT, "head")]])
    assert_only_text(line)


def test_styles_are_for_nothing_else_in_the_notebook() -> None:
    style = re.search("<style>(.*?)</style>", fwsim.load()._repr_html_(), re.S)
    assert style is not None
    assert all(rule.startswith(".fwsim ") for rule in style[1].strip().splitlines())


def test_a_line_is_as_it_prints() -> None:
    line = [("  a", ""), ("b", "good"), ("  ", "pad"), ("c", "dim")]
    assert _text(lines_html([line, []])).rstrip("\n") == plain([line, []]).rstrip("\n")
