"""Pages and pictures of traces: they tell what the text tells, all of it, however hostile."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path as File
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fwsim
from fwsim.machine.place import examples
from fwsim.model.errors import harmless
from fwsim.model.trace import Step, rule_steps
from fwsim.net import Trace
from fwsim.show import drawing
from fwsim.show.mermaid import escaped, mermaid
from fwsim.show.path import Lane, Path, Visit, merged, path_of
from fwsim.show.picture import pictures
from fwsim.show.text import decision
from fwsim.show.tracepage import trace_page
from show.hostile import COMMENT, DUMP, SCRIPT, assert_harmless, assert_only_text, read

NS = {"s": "http://www.w3.org/2000/svg"}


def _hostile(tmp_path: File) -> Trace:
    dump = tmp_path / "<script>'rules\x1b"
    dump.write_text(DUMP)
    return fwsim.load(str(dump)).trace(src="1.2.3.4", dst="host", in_="<b>&'")


def _traces() -> Iterator[Trace]:
    for name, _ in examples():
        net = fwsim.load(f"example:{name}")
        yield net.trace(src="ns1", dst="8.8.8.8")
        yield net.trace(src="ns1", dst="8.8.8.8", proto="tcp", dport=443)
    net = fwsim.load()
    yield net.trace(src="ns1", dst="172.18.0.77")
    yield net.trace(src="ns1", dst="172.18.0.2", one_way=True)
    rejecting = net.apply("iptables -I DOCKER-USER -p tcp -j REJECT")
    yield rejecting.trace(src="ns1", dst="8.8.8.8", proto="tcp", dport=443)
    random = net.apply("iptables -I FORWARD -m statistic --mode random --probability 0.5 -j DROP")
    yield random.trace(src="ns1", dst="8.8.8.8")


COUNT = 14


@cache
def _all() -> tuple[Trace, ...]:
    return tuple(_traces())


def test_all_traces_are_looked_at() -> None:
    assert len(_all()) == COUNT


@pytest.fixture(params=range(COUNT))
def trace(request: pytest.FixtureRequest) -> Trace:
    return _all()[request.param]


def _text(page: str) -> str:
    return "".join(read(page).text)


def _lines(page: str) -> dict[str, str]:
    """The lines of the rules' text, by their names."""
    found = re.findall(r'<span id="([^"]+)" class="line[^"]*">(.*?)</span>\n', page)
    return {name: _text(line) for name, line in found}


# -- what is told ----------------------------------------------------------------------------------


def test_the_page_tells_every_rule_that_matched_and_the_headline(trace: Trace) -> None:
    page, fragment = _text(trace.html()), _text(trace._repr_html_())
    for text in (page, fragment):
        assert " ".join(trace.text().splitlines()[1].split()) in " ".join(text.split())
        for step in _asked(trace):
            assert step.holds is False or step.text in text


def _asked(trace: Trace) -> Iterator[Step]:
    for leg in trace.legs:
        for hop in leg.hops:
            for table in hop.children:
                if table.kind == "table":
                    yield from rule_steps(table.children)


def test_links_lead_to_the_line_of_the_rule(trace: Trace) -> None:
    page = trace.html()
    ids = {attributes["id"] for _, attributes in read(page).tags if attributes.get("id")}
    links = re.findall(r'<a href="#([^"]+)"><b>([^<]+)</b>', page)
    assert links
    assert {target for target, _ in links} <= ids
    lines = _lines(page)
    for target, name in links:
        what = ":" if name.startswith("policy") else "-A"
        assert what in lines[target], (target, name)


def test_the_deciding_line_is_lit_in_the_dump_and_in_its_table() -> None:
    page = fwsim.load().trace(src="ns1", dst="8.8.8.8").html()
    lit = re.findall('<span id="([^"]+)" class="line lit">', page)
    assert [_lines(page)[name] for name in lit] == ["10 → :FORWARD DROP [1:84]  ← decided here"]
    assert _text(page).count("← decided here") == 3  # the table, the policy, the dump


def test_what_was_changed_is_shown_as_it_is_now() -> None:
    net = fwsim.load()
    own = net.trace(src="ns1", dst="8.8.8.8").html()
    assert "host, IPv4: example:article-outbound-only/host/iptables-save" in own
    for command in ("-A DOCKER -j DROP", "-D DOCKER-USER 1", "-P INPUT DROP", "-N EMPTY"):
        text = _text(net.apply(f"iptables {command}").trace(src="ns1", dst="8.8.8.8").html())
        assert ("as iptables-save prints it" in text) is (command != "-N EMPTY")
    assert "-A DOCKER -j DROP" in _text(
        net.apply("iptables -A DOCKER -j DROP").trace(src="ns1", dst="8.8.8.8").html()
    )


def test_a_chain_comes_back_only_if_the_table_was_not_left_in_it() -> None:
    net = fwsim.load().apply("iptables -I DOCKER-USER -j ACCEPT")
    text = _text(net.trace(src="ns1", dst="8.8.8.8").html())
    assert "-j DOCKER-USER ✓ matches every packet1 -j ACCEPT" in text
    assert "returns" not in text
    before = _text(fwsim.load().trace(src="ns1", dst="8.8.8.8").html())
    assert "-j DOCKER-USER ✓ matches every packet; RETURN by its rule 1" in before


def test_advice_can_be_left_out() -> None:
    trace = fwsim.load().trace(src="ns1", dst="8.8.8.8")
    assert "would help" in _text(trace.html())
    assert "would help" not in _text(trace.html(advice=False))


def test_headings_come_in_order_and_names_are_unique() -> None:
    for trace in _all():
        ids = [a["id"] for _, a in read(trace.html()).tags if "id" in a]
        assert len(ids) == len({*ids})
        levels = [int(tag[1]) for tag, _ in read(trace.html()).tags if re.match(r"h\d", tag)]
        assert (levels[0], levels.count(1)) == (1, 1)
        assert all(after <= before + 1 for before, after in pairwise(levels))


# -- long ones -------------------------------------------------------------------------------------


def _long(tmp_path: File, lines: list[str], chains: str = "") -> Trace:
    dump = tmp_path / "rules"
    dump.write_text(
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        f"{chains}" + "\n".join(lines) + "\nCOMMIT\n"
    )
    return fwsim.load(str(dump)).trace(src="1.2.3.4", dst="host", in_="eth0")


def test_thousands_of_rules_make_no_large_page(tmp_path: File) -> None:
    rules = [f"-A INPUT -s 10.{n >> 8 & 255}.{n & 255}.0/24 -j DROP" for n in range(9000)]
    page = _long(tmp_path, [*rules, "-A INPUT -j REJECT"]).html()
    assert len(page) < 100_000
    assert "✗ rules 1 to 9000 miss" in _text(page)
    assert "… lines 7 to 9002 are not shown …" in _text(page)
    assert "-A INPUT -j REJECT" in _text(page)


def test_of_a_way_by_very_many_hosts_the_ends_are_shown() -> None:
    trace = fwsim.load().trace(src="ns1", dst="8.8.8.8")
    request = trace.legs[0]
    exchange = trace.exchange._replace(legs=(request._replace(hops=request.hops * 300),))
    page = trace_page(trace.net.world, exchange, None)
    assert len(page) < 100_000
    assert _text(page).count("… and 888 more hosts …") == 2  # told, and in the picture in words


def test_links_of_two_traces_in_a_notebook_cannot_be_confused() -> None:
    fragment = _all()[0]._repr_html_()
    assert " id=" not in fragment
    assert "href=" not in fragment


def test_chains_a_thousand_jumps_deep_are_shown(tmp_path: File) -> None:
    names = [f"C{n}" for n in range(1000)]
    jumps = [f"-A {a} -j {b}" for a, b in pairwise(["INPUT", *names, "DROP"])]
    trace = _long(tmp_path, jumps, "".join(f":{name} - [0:0]\n" for name in names))
    text = _text(trace.html())
    assert "C999 1" in text
    assert "C998 1" in text


# -- hostile ones ----------------------------------------------------------------------------------


def test_hostile_dumps_are_shown_harmlessly(tmp_path: File) -> None:
    trace = _hostile(tmp_path)
    assert_only_text(trace.html())
    fragment = trace._repr_html_()
    assert_only_text(fragment)
    assert harmless(COMMENT) in _text(trace.html())
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', fragment)
    assert image is not None
    for svg in (trace.svg(), b64decode(image[1]).decode()):
        assert_harmless(svg)
        tags = {element.tag.partition("}")[2] for element in ElementTree.fromstring(svg).iter()}
        assert tags <= {
            "svg",
            "style",
            "title",
            "desc",
            "rect",
            "text",
            "line",
            "polygon",
            "circle",
            "g",
        }
    diagram = trace.mermaid()
    assert_harmless(diagram)
    assert not re.search(r"<(?!br/>)", diagram)
    assert '"' not in diagram


def test_a_diagram_has_one_meaning_a_line() -> None:
    assert escaped('a;b#c<d>"e:\n end friend %% end') == (
        "a#59;b#35;c#60;d#62;#34;e#58;#92;n #101;nd friend #37;#37; #101;nd"
    )
    lines = mermaid(_path(_all()[0])).splitlines()
    assert lines[0] == "sequenceDiagram"
    shape = r"  (accTitle: .+|participant h\d as .+|h\d(->>|-->>|-x|--x)h\d: .+|Note over h\d: .+)"
    assert all(re.fullmatch(shape, line) for line in lines[1:])
    assert SCRIPT not in mermaid(_path(_all()[0]))


# -- the picture -----------------------------------------------------------------------------------


def _path(trace: Trace) -> Path:
    return path_of(trace.net.world, trace.exchange, decision(trace.exchange), "label")


def test_the_reply_comes_by_the_boxes_of_the_request() -> None:
    path = _path(fwsim.load().trace(src="ns1", dst="8.8.8.8"))
    assert path.hosts == ("ns1", "host", "internet")
    request, reply = path.lanes
    assert [(v.column, v.enter, v.leave, v.end) for v in request.visits] == [
        (0, "", "eth0", ""), (1, "veth1 (docker1)", "eth0", ""), (2, "eth0", "", "good"),
    ]  # fmt: skip
    assert [(v.column, v.enter, v.leave, v.end) for v in reply.visits] == [
        (2, "", "eth0", ""), (1, "eth0", "", "bad"),
    ]  # fmt: skip
    assert reply.visits[1].said[-1] == ("filter FORWARD: policy DROP", "bad")
    assert "reply ESTABLISHED: internet, then host (destination becomes" in path.description


def test_what_lies_beyond_is_drawn_as_addresses(tmp_path: File) -> None:
    dump = tmp_path / "rules"
    dump.write_text("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")
    path = _path(fwsim.load(str(dump)).trace(src="10.0.0.1", dst="10.1.0.1", in_="eth1"))
    assert path.hosts == ("10.0.0.1", "host", "10.1.0.1")
    assert path.known == (False, True, False)
    assert [lane.visits[-1].end for lane in path.lanes] == ["good", "good"]


@pytest.mark.parametrize(
    ("columns", "names", "after", "met"),
    [
        ("", "abc", "abc", (0, 1, 2)),
        ("abc", "bc", "abc", (1, 2)),
        ("aba", "aba", "aba", (0, 1, 2)),
        ("abc", "axc", "abxc", (0, 2, 3)),
        ("ab", "c", "abc", (2,)),
    ],
)
def test_ways_share_columns(columns: str, names: str, after: str, met: tuple[int, ...]) -> None:
    there = [[name] for name in columns]
    found = merged(there, [*names])
    assert "".join(column[0] for column in there) == after
    assert tuple(next(n for n, c in enumerate(there) if c is one) for one in found) == met


names = st.text("abcdefgh-.0<字", min_size=1, max_size=20)
said = st.tuples(st.text("abcd <字", max_size=60), st.sampled_from(["", "good", "bad", "unsure"]))


@st.composite
def paths(draw: st.DrawFn) -> Path:
    hosts = tuple(draw(st.lists(names, min_size=1, max_size=6)))
    lanes = []
    for direction in draw(
        st.sampled_from([("request",), ("request", "reply"), ("request", "error", "reply")])
    ):
        order = sorted(draw(st.sets(st.sampled_from(range(len(hosts))), min_size=1)))
        order = order if direction == "request" else order[::-1]
        visits = [
            Visit(
                column,
                draw(names) if n else "",
                draw(names),
                tuple(draw(st.lists(said, max_size=4))),
            )
            for n, column in enumerate(order)
        ]
        visits[-1] = visits[-1]._replace(
            leave="", end=draw(st.sampled_from(["good", "bad", "unsure"]))
        )
        lanes.append(Lane(direction, draw(names), tuple(visits)))
    return Path(hosts, (True,) * len(hosts), tuple(lanes), "label", "description")


@given(paths())
def test_nothing_in_a_picture_is_cut_or_covers_another(path: Path) -> None:
    for picture in pictures(path):
        if picture is not None:
            _assert_tidy(picture)


def _assert_tidy(picture: ElementTree.Element) -> None:
    _, _, width, height = map(float, (picture.get("viewBox") or "").split())
    boxes = [_box(r) for r in picture.iter("rect") if r.get("class") != "paper"]
    texts = [_extent(text) for text in picture.iter("text")]
    for left, top, right, bottom in (*boxes, *texts):
        assert left >= 0 and top >= 0  # noqa: PT018
        assert right <= width and bottom <= height  # noqa: PT018
    hosts = [_box(r) for r in picture.iter("rect") if (r.get("class") or "").startswith("host")]
    plates = [_box(r) for r in picture.iter("rect") if r.get("class") == "plate"]
    for one, two in (*combinations(hosts, 2), *combinations(plates, 2), *combinations(texts, 2)):
        assert not _overlap(one, two)
    assert not any(_overlap(host, plate) for host in hosts for plate in plates)
    arrows = [_head(head) for head in picture.iter("polygon")]
    assert not any(_overlap(arrow, box) for arrow in arrows for box in (*hosts, *plates))


Extent = tuple[float, float, float, float]


def _box(rect: ElementTree.Element) -> Extent:
    x, y, width, height = (float(rect.get(name, 0)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def _extent(text: ElementTree.Element) -> Extent:
    x, y, width = float(text.get("x", 0)), float(text.get("y", 0)), drawing.wide(text.text or "")
    left = x - width / 2 if text.get("text-anchor") == "middle" else x
    return left, y - drawing.SIZE * 0.8, left + width, y + drawing.SIZE * 0.25


def _head(polygon: ElementTree.Element) -> Extent:
    points = [tuple(map(float, p.split(","))) for p in (polygon.get("points") or "").split()]
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def _overlap(one: Extent, two: Extent) -> bool:
    slack = 0.01
    return (
        one[0] < two[2] - slack and two[0] < one[2] - slack
        and one[1] < two[3] - slack and two[1] < one[3] - slack
    )  # fmt: skip


def test_pictures_of_traces_are_tidy(trace: Trace) -> None:
    for picture in pictures(_path(trace)):
        assert picture is not None
        _assert_tidy(picture)
