"""Planted faults and near misses through `fwsim lint` as people run it, on a snapshot of the
article's host: text, JSON, SARIF, the choice of checks, exit statuses."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from machine.snapshots import ARTICLE
from questions.planted import FAULTS, MISSES

from cli.running import fwsim

CODES = sorted({code for code, *_ in FAULTS})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot, whose rules each test writes."""
    folder = tmp_path_factory.mktemp("lint") / "snapshot"
    copytree(ARTICLE, folder)
    (folder / "host" / "ipset-save").write_text(
        "create here hash:ip family inet\nadd here 10.1.1.1\n"
    )
    return folder


def _lint(place: Path, text: str, *args: str) -> tuple[int, str]:
    (place / "host" / "iptables-save").write_text(text)
    result = fwsim("lint", "--from", str(place), *args)
    assert result.exit_code in (0, 1), result.output
    return result.exit_code, result.stdout


def _found(place: Path, text: str, *args: str) -> tuple[int, list[Any]]:
    status, out = _lint(place, text, "--json", *args)
    return status, json.loads(out)


@pytest.mark.parametrize("code", CODES)
def test_planted_faults_are_found_and_near_misses_are_not(code: str, place: Path) -> None:
    for planted, text, at in FAULTS:
        if planted == code:
            status, found = _found(place, text, "--select", code)
            rules = [f"{f['rule']['chain']} {f['rule']['rule']}" for f in found]
            assert (status, rules, {f["code"] for f in found}) == (1, at, {code})
    for planted, text in MISSES:
        if planted == code:
            assert _found(place, text, "--select", code) == (0, [])


_HEAD = "*filter\n:INPUT {}\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n{}COMMIT\n"
_SSH, _ANY = "-A INPUT -p tcp --dport 22 -j ACCEPT\n", "-A INPUT -j DROP\n"
_KNOWN = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"


def test_what_is_open_over_ipv6_alone_is_found_in_every_form(place: Path) -> None:
    closed, v6 = _HEAD.format("DROP", _KNOWN + _SSH), place / "host" / "ip6tables-save"
    chosen = ("--select", "ipv6-open")
    try:
        for opening, at in (("", "policy"), ("-A INPUT -p udp --dport 53 -j ACCEPT\n" + _ANY, 1)):
            v6.write_text(_HEAD.format("ACCEPT", opening))
            status, ((found),) = _found(place, closed, *chosen)
            assert (status, found["rule"]["family"], found["rule"]["rule"]) == (1, 6, at)
            assert found["because"][-1]["family"] == 4
            status, lines = _lint(place, closed, *chosen)
            assert status == 1
            assert f"ip6 filter INPUT {at}" in lines
            _, log = _lint(place, closed, *chosen, "--format", "sarif")
            (run,) = json.loads(log)["runs"]
            assert [result["ruleId"] for result in run["results"]] == ["ipv6-open"]
            _, others = _found(place, closed, "--ignore", "ipv6-open")
            assert "ipv6-open" not in {finding["code"] for finding in others}
        for near in (_SSH + _ANY, _KNOWN + "-A INPUT -i lo -j ACCEPT\n" + _ANY):
            v6.write_text(_HEAD.format("ACCEPT", near))
            assert _found(place, closed, *chosen) == (0, [])
        v6.write_text(_HEAD.format("ACCEPT", ""))
        assert _found(place, _HEAD.format("ACCEPT", ""), *chosen) == (0, [])
    finally:
        v6.unlink()


@pytest.mark.parametrize("code", CODES)
def test_every_form_tells_the_same_fault(code: str, place: Path) -> None:
    text, at = next((text, at) for planted, text, at in FAULTS if planted == code)
    status, lines = _lint(place, text, "--select", code)
    assert status == 1
    assert all(code in lines and where in lines for where in at)
    assert f"docs/lint/{code}.md" in lines
    status, log = _lint(place, text, "--select", code, "--format", "sarif")
    (run,) = json.loads(log)["runs"]
    assert status == 1
    assert [result["ruleId"] for result in run["results"]] == [code] * len(at)
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], f"docs/lint/{code}.md" in rule["help"]["text"]) == (code, True)
    _, others = _found(place, text, "--ignore", code)
    assert code not in {finding["code"] for finding in others}
