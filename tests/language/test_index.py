"""What an index passes over would have missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random

import pytest

from fwsim.language import quick
from fwsim.language import read as reading
from fwsim.language.ext import udp
from fwsim.language.index import Index
from fwsim.language.options import Context, Options, find
from fwsim.language.rules import entries_of, rule_of
from fwsim.language.ruleset import Chain
from fwsim.model import fields as F
from fwsim.model.names import iface_value
from fwsim.model.pred import TRUE, Pred, is_in

_ADDRESSES = {
    4: ("10.0.0.1/32", "10.0.0.2/32", "0.0.0.0/32", "10.1.2.0/24", "10.1.0.0/16", "10.1.2.4/31"),
    6: ("fd00::1/128", "fd00::2/128", "fd00:0:0:1::/64", "fd00::/8", "::/128", "fd00::4/127"),
}
_PORTS = ("80", "81", "0", "1:80", "65535")
_DEVICES = ("lo", "eth0", "eth+", "veth1")
_STRANGE = {"frag": (0, 0, 0, 1, 5), "l4_header": (1, 1, 1, 0), "headers": (1, 1, 1, 0)}


def _lines(random: Random, family: int) -> list[str]:
    """Rules of a few shapes, each several times with other values."""
    shapes = [_shape(random, family) for _ in range(random.randrange(1, 6))]
    return [_line(random, random.choice(shapes), family) for _ in range(random.randrange(60))]


def _shape(random: Random, family: int) -> list[str]:
    icmp = "icmp" if family == 4 else "ipv6-icmp"
    words = ["-A web", *random.sample(["{no} -s {a}", "{no} -d {a}", "-i {i}", "! -o {i}"], 2)]
    words.append(random.choice((
        "", f"-p {icmp}", "-p tcp -m tcp {no} --dport {p}", "-p udp -m udp --sport {p} --dport {p}",
        "-p tcp -m comment --comment {p} -m tcp --dport {p}", "-p udp -m multiport --dports {p}",
        "-m mark --mark 0x1", "-p tcp -m tcp --sport {p} --tcp-flags SYN SYN",
    )))  # fmt: skip
    words.append(
        random.choice(("-j ACCEPT", "-j dns", "-g dns", "", "-j MARK --set-xmark 0x1/0x1"))
    )
    return [
        word.format(no=random.choice(("", "", "!")), a="{a}", i="{i}", p="{p}") for word in words
    ]


def _line(random: Random, shape: list[str], family: int) -> str:
    return " ".join(
        word.format(
            a=random.choice(_ADDRESSES[family]), i=random.choice(_DEVICES), p=random.choice(_PORTS)
        )
        for word in shape
        if word
    )


def _views(random: Random, family: int) -> defaultdict[str, int]:
    bits = 32 if family == 4 else 128
    view: defaultdict[str, int] = defaultdict(int)
    near = {4: (10 << 24, 10 << 24 | 1 << 16 | 2 << 8), 6: (0xFD << 120, 0xFD << 120 | 1 << 64)}
    for name in ("src", "dst"):
        view[name] = random.choice((0, *near[family])) | random.randrange(6)
        assert view[name] < 1 << bits
    for name in ("in", "out"):
        view[name] = random.choice((0, *(iface_value(n) for n in ("lo", "eth0", "eth7", "veth1"))))
    view |= {name: random.choice((0, 1, 80, 81, 65535)) for name in ("sport", "dport", "mark")}
    view |= {name: random.choice(values) for name, values in _STRANGE.items()}
    view["proto"] = random.choice((1, 6, 17, 58))
    return view


@pytest.mark.parametrize("many", [0, 1 << 60], ids=["lines", "rules"])
@pytest.mark.parametrize("family", [4, 6])
def test_what_is_passed_over_would_have_missed(
    family: int, many: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MANY_LINES", many)
    monkeypatch.setattr(quick, "FEW_LINES", 1)
    random = Random(seed)
    passed = total = 0
    for _ in range(60):
        text = "\n".join(["*mangle", ":web - [0:0]", ":dns - [0:0]", *_lines(random, family)])
        chain = reading.read(f"{text}\nCOMMIT\n", family).chain("mangle", "web")
        assert isinstance(chain, Chain)
        entries = entries_of(chain.rules)
        index = Index(entries)
        for _ in range(20):
            view = _views(random, family)
            asked = set()
            at = 0
            while (at := index.following(at, view)) < len(entries):
                asked.add(at)
                at += 1
            for number in set(range(len(entries))) - asked:
                rule = rule_of(entries[number])
                assert rule.test(view) is False
                assert rule.hotdrop is None or not rule.hotdrop(view)
                passed += 1
            total += len(entries)
    assert passed > total / 10  # else an index is of no use


def _web(*lines: str) -> Chain:
    """A chain of these rules. Their shape is known from elsewhere, if it is that of the last."""
    learned = [f"-A DNS {lines[-1]}"] * 2
    text = ["*filter", ":WEB - [0:0]", ":DNS - [0:0]", *learned, *(f"-A WEB {x}" for x in lines)]
    chain = reading.read("\n".join([*text, "COMMIT", ""])).chain("filter", "WEB")
    assert isinstance(chain, Chain)
    return chain


def _asked(chain: Chain, **view: int) -> list[int]:
    index, at = Index(entries_of(chain.rules)), -1
    values = defaultdict(int, view, l4_header=1)
    found = []
    while (at := index.following(at + 1, values)) < len(chain.rules):
        found.append(at)
    return found


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MANY_LINES", 0)
    monkeypatch.setattr(quick, "FEW_LINES", 1)


@pytest.mark.usefixtures("_quickly")
def test_a_word_may_be_the_last_of_its_line_or_stand_in_it_twice() -> None:
    ports = (1, 1, 2, 2, 3, 30, 3)
    chain = _web(*(f"-p tcp -m tcp --sport {port} --dport {port}" for port in ports))
    assert _asked(chain, proto=6, sport=3, dport=3) == [4, 6]
    chain = _web(*(f"-p tcp -m tcp --dport {port}" for port in ports))
    assert _asked(chain, proto=6, dport=3) == [4, 6]


@pytest.fixture
def _zero_is_any() -> Iterator[None]:
    def matches(o: Options, _: Context) -> Pred:
        return is_in(F.DPORT, o["dport"]) if o["dport"] != (0, 0) else TRUE

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(udp, "MATCH", udp.MATCH._replace(meaning=matches))
        find.cache_clear()
        yield
    find.cache_clear()


@pytest.mark.usefixtures("_quickly", "_zero_is_any")
def test_a_zero_that_stands_for_any_is_always_asked() -> None:
    chain = _web(*(f"-p udp -m udp --dport {port} -j DROP" for port in (1, 1, 1, 2, 3, 0, 4)))
    assert _asked(chain, proto=17, dport=3) == [4, 5]


def test_rules_for_many_addresses_are_found_by_them() -> None:
    lines = (f"-d 10.0.{n >> 8}.{n & 255}/32 -p tcp -j DROP" for n in range(1, 1000))
    chain = _web("-m mark --mark 1", *lines)
    assert _asked(chain, dst=10 << 24 | 77) == [0, 77]
    assert _asked(chain, dst=10 << 24 | 1000) == [0]
