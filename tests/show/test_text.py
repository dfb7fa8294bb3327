"""What explanations say, and what they never do: drive the terminal they are shown on."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fwsim
from fwsim.model.trace import Ref
from fwsim.net import Trace
from fwsim.show.layout import Header, Line, Row, lay_out, plain, segment
from fwsim.show.narrow import fit
from fwsim.show.rules import reason
from fwsim.show.terminal import rich_lines
from fwsim.show.text import story
from fwsim.show.words import en, knows

HOSTILE = "\x1b[31m\x07[red]x[/red]\u202e\x9b2J"
MISSING = "iptables -A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def _trace(*commands: str, src: str = "ns1", dst: str = "8.8.8.8", **asked: object) -> Trace:
    return fwsim.load().apply(*commands).trace(src=src, dst=dst, **asked)  # type: ignore[arg-type]


def _hostile(tmp_path: Path) -> Trace:
    dump = tmp_path / "rules"
    dump.write_text(
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        f":A[bold]\u202eB - [0:0]\n"
        f'-A INPUT -m comment --comment "{HOSTILE}" -j LOG --log-prefix "{HOSTILE[:20]}"\n'
        f"-A INPUT -j A[bold]\u202eB\n-A A[bold]\u202eB -j DROP\nCOMMIT\n"
    )
    return fwsim.load(str(dump)).trace(src="1.2.3.4", dst="host", in_="eth0")


@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_dumps_come_out_harmless(tmp_path: Path, verbose: bool) -> None:
    trace = _hostile(tmp_path)
    text = trace.text(verbose=verbose)
    assert "[red]x[/red]" in text
    assert all(c == "\n" or c.isprintable() for c in text)


def test_dump_text_is_never_markup(tmp_path: Path) -> None:
    lines = _hostile(tmp_path).lines(verbose=True)
    assert "[red]x[/red]" in "\n".join(line.plain for line in rich_lines(lines, 10_000))


def test_a_terminal_shows_the_words_of_a_pipe() -> None:
    lines = _trace().lines()
    assert "\n".join(line.plain.rstrip() for line in rich_lines(lines, 10_000)) == plain(lines)


def test_help_is_left_out_where_there_is_none() -> None:
    trace = _trace()
    text = plain(story(trace.net.world, trace.exchange, None))
    assert "nearest" not in text
    assert "policy DROP" in text


def test_help_is_told() -> None:
    trace = _trace()
    near = SimpleNamespace(ref=Ref("host", 4, "filter", "FORWARD", 3, 0, "-j X"), missed=("a", "b"))
    help_ = SimpleNamespace(nearest=(near,), commands=("iptables -j Y",), outcome="refused")
    text = plain(story(trace.net.world, trace.exchange, help_))
    assert "nearest rules of FORWARD, and why they missed the reply\n  3  -j X   a; b" in text
    assert text.endswith("this would help (tried: the outcome is refused)\n  iptables -j Y")


def test_what_would_help_is_the_missing_rule() -> None:
    assert _trace().text().endswith(f"(tried: the ping is answered)\n  {MISSING}")
    assert "would help" not in _trace(MISSING).text()


def test_nat_of_a_port_is_told_with_the_port() -> None:
    text = _trace(
        "iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 172.18.0.2:8080",
        "iptables -P FORWARD ACCEPT", src="8.8.8.8", dst="192.0.2.10", proto="tcp", dport=80,
    ).text()  # fmt: skip
    assert "destination becomes 172.18.0.2:8080" in text
    assert "source becomes 192.0.2.10:80" in text
    assert "something is assumed to listen on 172.18.0.2 tcp port 8080" in text


def test_a_chain_that_decides_is_told_rule_by_rule() -> None:
    text = _trace("iptables -I DOCKER-USER -d 8.8.8.8 -j REJECT").text()
    assert "✗ unreachable. The request is rejected on host by filter DOCKER-USER, rule 1." in text
    assert "DOCKER-USER 1  -d 8.8.8.8/32  REJECT --reject-with icmp-port-unreachable" in text


def test_a_chain_that_only_marks_is_told_too() -> None:
    text = _trace("iptables -I DOCKER-USER -j MARK --set-mark 7").text()
    assert "DOCKER-USER 1  any packet" in text
    assert "MARK --set-xmark 0x7/0xffffffff" in text


@pytest.mark.parametrize("verbose", [False, True])
def test_chains_a_thousand_jumps_deep_are_told(tmp_path: Path, verbose: bool) -> None:
    names = [f"C{n}" for n in range(1000)]
    dump = tmp_path / "rules"
    dump.write_text(
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        + "".join(f":{name} - [0:0]\n" for name in names)
        + "".join(f"-A {a} -j {b}\n" for a, b in pairwise(["INPUT", *names, "DROP"]))
        + "COMMIT\n"
    )
    trace = fwsim.load(str(dump)).trace(src="1.2.3.4", dst="host", in_="eth0")
    text = trace.text(verbose=verbose)
    assert "by filter C999, rule 1." in text
    assert re.findall(r"(C\d+) 1  ", text) == names


REASONS = [
    "martian_source", "own_source", "rp_filter", "not_forwarding", "martian_destination", "ttl",
    "no_neighbour", "no_port", "fragment", "clash", "redirect", "no_address", "multicast",
    "not_told", "endless", "no_rules", "checksum",
    "route_none", "route_unreachable", "route_prohibit", "route_blackhole", "route_throw",
]  # fmt: skip
MACHINE = Path(fwsim.__file__).parent / "machine"


@pytest.mark.parametrize("key", REASONS)
def test_every_reason_has_words(key: str) -> None:
    assert knows(f"reason.{key}")
    assert reason(key) == en.WORDS[f"reason.{key}"]


def test_the_reasons_are_those_of_the_machine() -> None:
    code = "".join(path.read_text() for path in MACHINE.glob("*.py"))
    assert [key for key in REASONS if f'"{key}"' not in code and not key.startswith("route_")] == []


def test_a_reason_without_words_is_still_told() -> None:
    assert "route_nowhere" not in reason("route_nowhere")
    assert "nowhere" in reason("route_nowhere")
    assert reason("new_one") == "new_one"


# -- layout ----------------------------------------------------------------------------------------

WORDS = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=12)
CELLS = st.lists(WORDS, max_size=4).map(" ".join)
ROWS = st.lists(st.builds(Row, CELLS, CELLS, CELLS, CELLS, CELLS, CELLS), max_size=6)


@given(ROWS, st.integers(30, 200))
def test_a_width_changes_no_word(rows: list[Row], width: int) -> None:
    lines = lay_out([Header("request", "NEW"), *rows])
    fitted, whole = (plain(told).split() for told in (fit(lines, width), lines))
    assert "".join(fitted) == "".join(whole)  # Chinese is cut between any two characters
    assert fitted == whole or not plain(lines).isascii()


@given(ROWS, st.integers(30, 200))
def test_lines_are_cut_to_the_width(rows: list[Row], width: int) -> None:
    lines = fit(lay_out(rows), width)
    assert all(len(line.rstrip()) <= width for line in plain(lines).split("\n"))


def test_in_little_room_what_belongs_to_a_host_stays_below_it() -> None:
    rows = [
        Row("host", "route: there", "", "", ""),
        Row("", "filter FORWARD", "1", "-i docker1 ! -o docker1 -m conntrack", "ACCEPT"),
    ]
    assert plain(fit(lay_out(rows), 40)).split("\n") == [
        "  host  route: there",
        "        filter FORWARD",
        "          1  -i docker1 ! -o docker1 -m",
        "            conntrack  ACCEPT",
    ]


def test_in_little_room_reasons_stand_below_their_rules_all_alike() -> None:
    text = plain(fit(_trace().lines(), 100))
    assert (
        "  3  -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        "      leaves by docker1, not docker0\n"
        "  8  -i docker1 ! -o docker1 -j ACCEPT\n"
        "      came in by eth0, not docker1; leaves by docker1, which is excluded\n"
    ) in text


def test_a_sign_never_stands_for_words() -> None:
    """They are read aloud, and encodings may lack the signs."""
    chance = "iptables -I FORWARD 5 -m statistic --mode random --probability 0.5 -j LOG"
    text = _trace(chance).text(verbose=True)
    asked = [line for line in text.splitlines() if re.search(r" -[jg] .*  [✓✗?]", line)]
    assert len(asked) > 10
    told = "  (✓ matches( every packet|: .)|✗ misses: .|[?] may match: .)"
    assert [line for line in asked if not re.search(told, line)] == []


def test_rules_of_several_chains_are_told_with_their_chains() -> None:
    text = _trace("iptables -I DOCKER-USER -i docker0 -j ACCEPT").text()
    assert "nearest rules, and why they missed the reply\n" in text
    assert re.search("\n  DOCKER-USER 1 +-i docker0 -j ACCEPT +came in by eth0", text)


def test_columns_stand_under_each_other() -> None:
    rows = [
        Row("host", "filter FORWARD", "1", "-i a", "DROP"),
        Row("", "", "10", "-i bcd", "ACCEPT"),
    ]
    first, second = plain(lay_out(rows)).split("\n")
    assert first.index("-i a") == second.index("-i bcd")
    assert first.index("DROP") == second.index("ACCEPT")


def test_a_segment_is_one_line_without_controls() -> None:
    line: Line = [segment("a\nb\x1b[1m\u2066c")]
    assert plain([line]) == "a\\nb\\x1b[1m\\u2066c"
