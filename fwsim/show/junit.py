"""What came of a policy as JUnit XML, as CI systems read it: a test suite, a test case a line. What
depends on something unknown is an error there, since nothing was found to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from fwsim.questions.policy.outcome import DEPENDS, FAILS
from fwsim.show.layout import one_line, plain
from fwsim.show.policy import details, ends
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.questions.policy.outcome import Outcome, Report

_ELEMENTS = {FAILS: "failure", DEPENDS: "error"}


def junit(found: Report) -> str:
    """The XML. Times are 0: a policy is proved, and how long that takes says nothing."""
    counts = {
        "tests": str(len(found.outcomes)), "failures": str(found.count(FAILS)),
        "errors": str(found.count(DEPENDS)), "time": "0",
    }  # fmt: skip
    top = Xml.Element("testsuites", {"name": "fwsim", **counts})
    suite = Xml.SubElement(
        top, "testsuite", {"name": one_line(found.policy), "skipped": "0", **counts}
    )
    for outcome in found.outcomes:
        _case(suite, outcome, found)
    Xml.indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(top, "unicode")


def _case(suite: Xml.Element, outcome: Outcome, found: Report) -> None:
    line, policy = outcome.line, one_line(found.policy)
    told = {"classname": policy, "name": name(outcome), "file": policy, "line": str(line.number)}
    case = Xml.SubElement(suite, "testcase", {**told, "time": "0"})
    if outcome.result in _ELEMENTS:
        lines = [*details(outcome, found.words)]
        message = plain(lines[:2]).replace("\n", ": ")
        element = _ELEMENTS[outcome.result]
        inner = Xml.SubElement(case, element, {"type": line.kind, "message": message})
        trace = outcome.trace.text() if outcome.trace else ""
        inner.text = f"{plain(lines)}\n\n{trace}" if trace else plain(lines)


def name(outcome: Outcome) -> str:
    """What a line is called."""
    line = outcome.line
    key = "policy.name.why" if line.why else "policy.name"
    told = say(key, kind=line.kind, number=line.number, ends=ends(line), why=line.why)
    return one_line(told)
