"""The pytest plugin, in sessions of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent.parent
PLUGIN = ("-p", "fwsim.pytest_plugin", "-p", "no:cacheprovider")
COMPLETE = "example:article-complete"
TESTS = """\
def test_out(assert_reaches):
    assert_reaches("ns1", "8.8.8.8")

def test_in(firewall, assert_blocked, assert_isolated):
    assert_blocked("internet", "172.18.0.0/16", dport=22)
    assert_isolated("internet", "172.17.0.0/24")
    assert firewall.trace(src="ns1", dst="ns0").outcome == "answered"
"""


@pytest.fixture(autouse=True)
def only_this_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not it is installed as an entry point."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("FWSIM_FROM", raising=False)


def _run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, *args)


def test_the_fixtures_assert_about_the_place_that_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS.replace("    assert_isolated", "    #assert_isolated"))
    _run(pytester, "--fwsim-from", COMPLETE, "-W", "error").assert_outcomes(passed=2)
    result = _run(pytester, "--fwsim-from", "example:article-outbound-only")
    result.assert_outcomes(passed=1, failed=1)


def test_a_failure_is_the_explanation_and_nothing_of_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = _run(pytester, "--fwsim-from", "example:article-outbound-only", "-k", "out")
    result.assert_outcomes(failed=1, deselected=1)
    text = result.stdout.str()
    assert '>       assert_reaches("ns1", "8.8.8.8")' in text
    result.stdout.fnmatch_lines([
        "E*AssertionError: ns1 → 8.8.8.8, icmp: has to get through and be answered",
        "E*fwsim trace --from example:article-outbound-only --src ns1 --dst 8.8.8.8",
        "E*← decided here",
        "E*iptables -A FORWARD -o docker1 *",
        "*.py:2: AssertionError",
    ])  # fmt: skip
    for inner in ("__tracebackhide__", "testing.py", "pytest_plugin.py", "def _hold"):
        assert inner not in text


def test_a_change_is_tried_before_it_is_made(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS.replace("    assert_isolated", "    #assert_isolated"))
    fault = ("--fwsim-with", "iptables -I FORWARD -p tcp --dport 22 -j ACCEPT")
    result = _run(pytester, "--fwsim-from", COMPLETE, *fault)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*8.8.8.8 → 172.18.0.2 tcp port 22, in by eth0: forwarded"])


def test_the_place_may_stand_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(firewall):\n    assert firewall.world.title.endswith('rules')")
    (pytester.path / "rules").write_text("-P INPUT DROP\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n")
    pytester.makeini("[pytest]\nfwsim_from = rules\n")
    _run(pytester, "--strict-config").assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nfwsim_from = example:article-complete\n")
    _run(pytester).assert_outcomes(failed=1)


def test_what_is_missing_or_wrong_is_said_in_words(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(TESTS)
    result = _run(pytester)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["which firewall? Say --fwsim-from PLACE, *"])
    assert "Traceback" not in result.stdout.str()
    result = _run(pytester, "--fwsim-from", "example:artcle-complete")
    result.stdout.fnmatch_lines(["there is no example 'artcle-complete'"])
    monkeypatch.setenv("FWSIM_FROM", COMPLETE)
    _run(pytester, "-k", "out").assert_outcomes(passed=1, deselected=1)


def test_nothing_is_imported_before_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n\ndef test_it():\n"
        "    assert {n for n in sys.modules if n.startswith('fwsim')} == "
        "{'fwsim', 'fwsim.pytest_plugin'}\n"
    )
    pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)


def test_the_plugin_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"fwsim": "fwsim.pytest_plugin"}
    code = "import fwsim.pytest_plugin, sys; print(*(n for n in sys.modules if 'oxidd' in n))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_installing_fwsim_installs_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makepyfile("def test_it(firewall): assert firewall.rules()")
    result = pytester.runpytest_subprocess("--fwsim-from", COMPLETE, "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
