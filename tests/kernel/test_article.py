"""The article's experiment rebuilt and pinged for real: the kernel's own answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .article import Article
from .counters import Moved, moved
from .lab import require_kernel

require_kernel()

FORWARD_POLICY = {(4, "filter", "FORWARD"): 1}
NEIGHBOUR, WORLD = "172.18.0.2", "8.8.8.8"


def counted(article: Article, address: str) -> tuple[bool, Moved]:
    before = article.counters()
    return article.ping("ns1", address), moved(before, article.counters())


def forward(packets: int, **added: int) -> dict[tuple[int, str, str, int], int]:
    """What `packets` forwarded packets move: Docker's chains returning, and `rule7` and so on."""
    shared = (("FORWARD", 1), ("DOCKER-USER", 1), ("FORWARD", 2), ("DOCKER-ISOLATION-STAGE-1", 2))
    rules = {(4, "filter", chain, number): packets for chain, number in shared}
    return rules | {(4, "filter", "FORWARD", int(name[4:])): n for name, n in added.items()}


MASQUERADED = {(4, "nat", "POSTROUTING", 1): 1}


def test_before_docker_everything_passes() -> None:
    with Article("article-before-docker") as article:
        answered, (matched, policies) = counted(article, NEIGHBOUR)
        assert (answered, matched, policies[4, "filter", "FORWARD"]) == (True, {}, 2)
        answered, (matched, policies) = counted(article, WORLD)
        assert (answered, matched, policies[4, "filter", "FORWARD"]) == (True, MASQUERADED, 2)


@pytest.mark.parametrize(
    ("stage", "address", "answered", "matched", "lost"),
    [
        ("article-after-docker", NEIGHBOUR, False, forward(1), True),
        ("article-after-docker", WORLD, False, forward(1), True),
        ("article-containers", NEIGHBOUR, True, forward(2, rule7=2), False),
        ("article-containers", WORLD, False, forward(1), True),
        ("article-outbound-only", NEIGHBOUR, True, forward(2, rule7=2), False),
        ("article-outbound-only", WORLD, False, forward(2, rule8=1) | MASQUERADED, True),
        ("article-complete", NEIGHBOUR, True, forward(2, rule7=2), False),
        ("article-complete", WORLD, True, forward(2, rule8=1, rule9=1) | MASQUERADED, False),
    ],
)
def test_after_docker_each_stage_answers_as_the_article_says(
    stage: str, address: str, answered: bool, matched: dict[object, int], lost: bool
) -> None:
    with Article(stage) as article:
        seen, (rules, policies) = counted(article, address)
        assert (seen, rules) == (answered, matched)
        assert (policies.items() >= FORWARD_POLICY.items()) == lost


def test_nothing_but_pings_moves_a_counter() -> None:
    with Article("article-complete") as article:
        assert not any(article.counters().values())
        assert article.ping("host", WORLD)
        assert article.ping("ns0", "172.18.0.1")
        assert moved(dict.fromkeys(article.counters(), 0), article.counters()).policies == {
            (4, "filter", "INPUT"): 2,
            (4, "filter", "OUTPUT"): 2,
            (4, "nat", "OUTPUT"): 1,
            (4, "nat", "POSTROUTING"): 1,
            (4, "nat", "PREROUTING"): 1,
            (4, "nat", "INPUT"): 1,
        }


def test_the_snapshot_holds_four_machines(tmp_path: Path) -> None:
    with Article("article-outbound-only") as article:
        article.snapshot(tmp_path)
        assert (tmp_path / "host" / "iptables-save").read_text().count("-A FORWARD") == 8
    assert {p.name for p in tmp_path.iterdir()} == {"host", "ns0", "ns1", "internet"}
    devices = json.loads((tmp_path / "host" / "ip-addr.json").read_text())
    assert {d["ifname"] for d in devices} == {"lo", "docker0", "docker1", "veth0", "veth1", "eth0"}
    [veth] = [d for d in devices if d["ifname"] == "veth0"]
    assert (veth["master"], veth["operstate"]) == ("docker1", "UP")
    assert "net.bridge.bridge-nf-call-iptables = 1" in (tmp_path / "host" / "sysctl").read_text()
