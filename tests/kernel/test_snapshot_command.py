"""`fwsim snapshot` and `trace --live`, run on the article's network as a user would."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from fwsim.machine.pile import FILES
from fwsim.machine.place import open_place

from .article import Article
from .lab import require_kernel

require_kernel()

ENVIRONMENT = f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}"
FWSIM = ("env", ENVIRONMENT, sys.executable, "-m", "fwsim")


@pytest.fixture(scope="module")
def article() -> Article:
    with Article("article-outbound-only") as built:
        yield built


def test_a_snapshot_holds_every_namespace_and_answers_alike(
    article: Article, tmp_path: Path
) -> None:
    folder, packed = tmp_path / "all", tmp_path / "some.tar.gz"
    article.run(*FWSIM, "snapshot", "-o", str(folder), "--all")
    article.run(*FWSIM, "snapshot", "-o", str(packed), "--netns", "ns1")
    assert {entry.name for entry in folder.iterdir()} == {"host", "ns0", "ns1", "internet"}
    assert {entry.name for entry in (folder / "host").iterdir()} <= FILES
    assert set(open_place(str(packed)).namespaces) == {"host", "ns1"}
    asked = ("trace", "--src", "ns1", "--dst", "8.8.8.8", "--json", "--from")
    for place in (folder, packed):
        told = json.loads(article.attempt(*FWSIM, *asked, str(place)).stdout)
        assert told["decided_by"] == {
            "host": "host", "family": 4, "table": "filter", "chain": "FORWARD", "rule": "policy",
        }  # fmt: skip


def test_nothing_changes_while_a_snapshot_is_taken(article: Article, tmp_path: Path) -> None:
    def state() -> list[str]:
        commands = (
            "iptables-legacy-save -c",
            "nft list ruleset",
            "ip addr",
            "ip route",
            "ip netns",
        )
        lines = [article.run(*command.split()) for command in commands]
        return [line for line in lines if not line.startswith("#")]

    before = state()
    article.run(*FWSIM, "snapshot", "-o", str(tmp_path / "x"), "--all")
    assert [_undated(text) for text in state()] == [_undated(text) for text in before]


def _undated(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_trace_live_is_both_in_one(article: Article) -> None:
    asked = ("trace", "--live", "--src", "ns1", "--dst", "ns0")
    done = article.attempt(*FWSIM, *asked)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("this host, as it stands\n")
    assert "✓ answered." in done.stdout
    assert article.attempt(*FWSIM, *asked, "--with", "iptables -D FORWARD 7").returncode == 1


def test_what_cannot_be_had_is_said_and_left_out(article: Article, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "conntrack").write_text("#!/bin/sh\necho conntrack is out of order >&2\nexit 1\n")
    (tools / "conntrack").chmod(0o755)
    path = f"PATH={tools}:{os.environ['PATH']}"
    command = ("env", ENVIRONMENT, path, sys.executable, "-m", "fwsim")
    done = article.attempt(*command, "snapshot", "-o", str(folder), "--netns", "nowhere")
    assert "left out: host/conntrack: conntrack is out of order" in done.stderr
    assert 'left out: namespace nowhere: Cannot open network namespace "nowhere"' in done.stderr
    assert not (folder / "nowhere").exists()
    assert not (folder / "host" / "conntrack").exists()
    assert (folder / "host" / "iptables-save").exists()


def test_a_target_that_is_there_already_is_refused(article: Article, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = article.attempt(*FWSIM, "snapshot", "-o", str(tmp_path))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
