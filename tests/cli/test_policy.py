"""`fwsim test`: what it prints for people and for other programs, and its exit statuses."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import Result

from cli.running import fwsim, refused

POLICY = """\
from = "example:article-complete"

[groups]
containers = ["ns0", "ns1"]

[[must]]
from = "containers"
to = "internet"
why = "updates"

[[must_not]]
from = "internet"
to = "containers"
why = "only Docker publishes ports"

[[must]]
from = "ns0"
to = "ns1"
proto = "tcp"
port = 5432
"""
OPENED = "iptables -I FORWARD -p tcp --dport 22 -j ACCEPT"
UNKNOWN = "iptables -I FORWARD -m string --algo bm --string x -j DROP"
# what the schema of Jenkins' xUnit plugin knows, and `file` and `line` as pytest writes them
JUNIT = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "file", "line", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return path


def _test(policy: Path, *args: str) -> Result:
    return fwsim("test", str(policy), *args)


def test_it_says_of_each_line_what_came_of_it(policy: Path) -> None:
    result = _test(policy)
    assert result.exit_code == 0
    assert (
        result.stdout
        == f"""\
example:article-complete, held against {policy}
✓ must        6  containers → internet  updates
✓ must_not   11  internet → containers  only Docker publishes ports
✓ must       16  ns0 → ns1, tcp 5432
note: the rules of IPv6 (ip6tables-save) are not told, and what they let through is not known
✓ All holds: 3 lines.
"""
    )


def test_where_a_line_fails_it_shows_a_packet_a_rule_and_a_command(policy: Path) -> None:
    result = _test(policy, "--with", OPENED)
    assert result.exit_code == 1
    assert (
        f"""\
✗ must_not   11  internet → containers  only Docker publishes ports
    8.8.8.8 → 172.18.0.2 tcp port 22, in by eth0: forwarded
    let through by filter FORWARD 1  -p tcp -m tcp --dport 22 -j ACCEPT
    fwsim trace --from example:article-complete --with '{OPENED}' --src 8.8.8.8 \
--dst 172.18.0.2 --proto tcp --dport 22 --in eth0 --one-way
"""
        in result.stdout
    )


def test_the_command_that_is_printed_shows_the_same(policy: Path) -> None:
    from shlex import split

    printed = _test(policy, "--with", OPENED).stdout
    command = next(line for line in printed.splitlines() if line.startswith("    fwsim trace"))
    again = fwsim(*split(command)[1:])
    assert again.exit_code == 0
    assert "tcp port 22: ✓ gets through." in again.stdout


def test_the_status_tells_failing_from_unknown(policy: Path) -> None:
    assert _test(policy, "--with", UNKNOWN).exit_code == 3
    assert _test(policy, "--with", UNKNOWN, "--assume", "x=yes").exit_code == 3
    assert _test(policy, "--with", UNKNOWN, "--with", OPENED).exit_code == 1
    assert _test(policy, "--from", "example:article-after-docker").exit_code == 1


def test_json_has_every_line(policy: Path) -> None:
    result = _test(policy, "--with", OPENED, "--json")
    found = json.loads(result.stdout)
    assert (found["result"], found["holds"], found["fails"], found["depends"]) == ("fails", 2, 1, 0)
    must, must_not, _ = found["lines"]
    assert must == {
        "line": 6, "kind": "must", "why": "updates", "result": "holds", "what": None,
        "packets": [], "witness": None, "decided_by": None, "depends_on": [],
    }  # fmt: skip
    assert must_not["decided_by"]["chain"] == "FORWARD"
    assert must_not["witness"]["dport"] == 22
    assert must_not["packets"][0]["dport"] == ["22"]


def test_junit_xml_is_what_ci_reads(policy: Path, tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    drop = "iptables -I FORWARD -d 8.8.4.4 -m string --algo bm --string x -j DROP"
    assert _test(policy, "--with", OPENED, "--with", drop, "--junit", str(file)).exit_code == 1
    top = Xml.parse(file).getroot()
    for element in top.iter():
        assert set(element.attrib) <= JUNIT[element.tag]
    (suite,) = top
    assert [suite.get(n) for n in ("tests", "failures", "errors")] == ["3", "1", "1"]
    cases = suite.findall("testcase")
    assert [case.get("line") for case in cases] == ["6", "11", "16"]
    error, failure = cases[0].find("error"), cases[1].find("failure")
    assert error is not None
    assert "depends on" in (error.get("message") or "")
    assert failure is not None
    assert "FORWARD" in (failure.get("message") or "")
    assert "request" in (failure.text or "")  # the trace


def test_sarif_names_the_policys_line_and_the_rule(policy: Path, tmp_path: Path) -> None:
    file, rules = tmp_path / "out.sarif", tmp_path / "rules.txt"
    rules.write_text(fwsim("save", "--from", "example:article-complete").stdout)
    place = ("--from", str(rules), "--with", "iptables -I FORWARD 2 -i eth0 -j ACCEPT")
    policy.write_text("[[must_not]]\nfrom = 'internet'\nto = '172.18.0.3'\n")
    assert _test(policy, *place, "--sarif", str(file)).exit_code == 1
    (run,) = json.loads(file.read_text())["runs"]
    (result,) = run["results"]
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uri"].endswith("policy.toml")
    assert physical["region"] == {"startLine": 1, "startColumn": 3}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "must_not"
    (related,) = result["relatedLocations"]
    assert "FORWARD rule 2" in related["message"]["text"]
    assert result["properties"]["witness"]["dst"] == "172.18.0.3"


def test_coverage_lists_the_rules_on_which_no_line_depends(policy: Path) -> None:
    result = _test(policy, "--coverage")
    assert result.exit_code == 0
    assert "Rules on which no line depends: 12 of 15\n" in result.stdout
    assert "DOCKER-USER 1 " in result.stdout
    assert "FORWARD 8 " not in result.stdout  # lets them out


@pytest.mark.parametrize(("text", "said"), [
    ("[[must]]\nfrom = 'ns9'\nto = 'ns0'\n", "policy.toml:2:8: nothing here is called 'ns9'"),
    ("\x1b[31m = 1\n", "policy.toml:1:1: this is no TOML"),
    ("'\\\\x1b]0;' = 1\n", "has no key"),
    ("from = 'nowhere'\n[[must_not]]\nto = 'ns0'\n", "nowhere: there is no such file"),
])  # fmt: skip
def test_what_is_wrong_is_refused_in_words(policy: Path, text: str, said: str) -> None:
    policy.write_text(text)
    message = refused("test", str(policy))
    assert said in message
    assert "\x1b" not in message


def test_hostile_words_drive_no_terminal(policy: Path) -> None:
    policy.write_text('[[must_not]]\nto = "ns0"\nfrom = "ns1"\nwhy = "\\u001b[2J\\u202e\\n✓"\n')
    result = _test(policy, "--from", "example:article-complete")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refused("test", str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b"[[must]]\nwhy = '\xe9'\n")
    assert "line 2 is no UTF-8" in refused("test", str(tmp_path / "latin.toml"))
    (tmp_path / "large.toml").write_text("#" * ((1 << 20) + 1))
    assert "larger than 1 MiB" in refused("test", str(tmp_path / "large.toml"))
    missing = str(tmp_path / "missing" / "junit.xml")
    (tmp_path / "p.toml").write_text("[[must]]\nfrom = 'ns0'\nto = 'internet'\n")
    assert fwsim("test", str(tmp_path / "p.toml"), "--junit", missing).exit_code == 2
