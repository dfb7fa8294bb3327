"""Two Docker hosts, seen whole: what clients in every namespace really saw, predicted from the
snapshots alone (shared/snapshots/README.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fwsim
from fwsim.net import Trace

HOSTS = Path(__file__).resolve().parents[3] / "shared" / "snapshots"
SEEN = {"answered": "ok"}

pytestmark = pytest.mark.skipif(not HOSTS.is_dir(), reason="the hosts' snapshots are not here")


class Attempt(NamedTuple):
    asked: dict[str, Any]
    trace: Trace

    @property
    def predicted(self) -> str:
        return SEEN.get(self.trace.outcome, self.trace.outcome)

    @property
    def silent_ping(self) -> bool:
        return (self.asked["proto"], self.trace.outcome) == ("icmp", "timeout")


def attempts(host: str) -> Iterator[Attempt]:
    net = fwsim.load(str(HOSTS / host / "snapshot"))
    for line in (HOSTS / host / "truth.jsonl").read_text().splitlines():
        asked = json.loads(line)
        port = {"dport": asked["dport"]} if "dport" in asked else {}
        trace = net.trace(src=asked["from"], dst=asked["dst"], proto=asked["proto"], **port)
        yield Attempt(asked, trace)


def predictions(tried: list[Attempt]) -> list[str]:
    """What each client reports. Those of a namespace tried all at once, and the one that pings
    reads a raw socket: where nothing answers it, it takes an ICMP error about another's packet for
    its own (kernel/test_raw_ping.py). Whether there is such an error is predicted, not read."""
    rejected = {a.asked["from"] for a in tried if a.trace.outcome == "unreachable"}
    return [
        "unreachable" if a.silent_ping and a.asked["from"] in rejected else a.predicted
        for a in tried
    ]


@pytest.mark.parametrize(("host", "misheard"), [("docker-legacy", 0), ("docker-nft-user", 14)])
def test_every_attempt_ends_as_predicted(host: str, misheard: int) -> None:
    tried = list(attempts(host))
    predicted = predictions(tried)
    assert len(tried) == 670
    assert [a.asked for a, p in zip(tried, predicted, strict=True) if p != a.asked["result"]] == []
    assert sum(p != a.predicted for a, p in zip(tried, predicted, strict=True)) == misheard
