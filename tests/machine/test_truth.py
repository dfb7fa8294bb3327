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


def attempts(host: str) -> Iterator[Attempt]:
    net = fwsim.load(str(HOSTS / host / "snapshot"))
    for line in (HOSTS / host / "truth.jsonl").read_text().splitlines():
        asked = json.loads(line)
        port = {"dport": asked["dport"]} if "dport" in asked else {}
        trace = net.trace(src=asked["from"], dst=asked["dst"], proto=asked["proto"], **port)
        yield Attempt(asked, trace)


def foreign_error(attempt: Attempt) -> bool:
    """A ping that a rule drops without a word, to whose sender the truth ascribes an ICMP error.
    Its sender's attempts to reach 203.0.113.9 are rejected with one in the meantime, which a raw
    socket of the same namespace sees too: it is about another packet."""
    asked, leg = attempt.asked, attempt.trace.legs[0]
    return (
        (asked["result"], attempt.predicted, asked["proto"]) == ("unreachable", "timeout", "icmp")
        and asked["from"] in ("dns", "plain")
        and leg.decided_by is not None
        and leg.decided_by.chain.startswith("DOCKER-ISOLATION")
    )


@pytest.mark.parametrize(("host", "foreign"), [("docker-legacy", 0), ("docker-nft-user", 14)])
def test_every_attempt_ends_as_predicted(host: str, foreign: int) -> None:
    tried = list(attempts(host))
    wrong = [a for a in tried if a.predicted != a.asked["result"]]
    assert len(tried) == 670
    assert [a.asked for a in wrong if not foreign_error(a)] == []
    assert len(wrong) == foreign
