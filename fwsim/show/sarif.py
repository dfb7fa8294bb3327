"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fwsim.questions.policy.outcome import FAILS, HOLDS
from fwsim.show.junit import name
from fwsim.show.layout import plain
from fwsim.show.lint import page
from fwsim.show.policy import details

if TYPE_CHECKING:
    from fwsim.model.trace import Ref
    from fwsim.questions.lint import Lint
    from fwsim.questions.lint.finding import Finding
    from fwsim.questions.policy.outcome import Outcome, Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(found: Lint, version: str) -> dict[str, Any]:
    """One run of fwsim in that version."""
    codes = sorted({finding.code for finding in found})
    rules = [{"id": code, "help": {"text": page(code)}} for code in codes]
    return _run(rules, [_result(finding, codes, found.sources) for finding in found], version)


def of_policy(found: Report, version: str) -> dict[str, Any]:
    """The lines of a policy that fail, or depend on what nobody knows, as such a run."""
    kinds = sorted({outcome.line.kind for outcome in found.outcomes})
    results = [_line(o, kinds, found) for o in found.outcomes if o.result != HOLDS]
    return _run([{"id": kind} for kind in kinds], results, version)


def _run(
    rules: list[dict[str, Any]], results: list[dict[str, Any]], version: str
) -> dict[str, Any]:
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fwsim",
                        "version": version,
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _line(outcome: Outcome, kinds: list[str], found: Report) -> dict[str, Any]:
    line = outcome.line
    told = plain(details(outcome, found.words))
    region: dict[str, Any] = {"startLine": max(1, line.number)}
    if line.span:
        region["startColumn"] = line.span.column
    place = {"artifactLocation": {"uri": quote(found.policy)}, "region": region}
    result: dict[str, Any] = {
        "ruleId": line.kind,
        "ruleIndex": kinds.index(line.kind),
        "level": "error" if outcome.result == FAILS else "warning",
        "message": {"text": f"{name(outcome)}\n{told}"},
        "locations": [{"physicalLocation": place}],
    }
    if outcome.ref:
        text = {"text": _where(outcome.ref)}
        related = {"id": 0, "message": text, **_location(outcome.ref, found.sources)}
        result["relatedLocations"] = [related]
    if packet := outcome.sent():
        result["properties"] = {"witness": packet}
    return result


def _result(finding: Finding, codes: list[str], sources: Mapping[int, str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{_where(finding.rule)} {finding.message}"},
        "locations": [_location(finding.rule, sources)],
    }
    near = (*finding.because, *finding.also)
    if near:
        result["relatedLocations"] = [
            {"id": n, "message": {"text": _where(ref)}, **_location(ref, sources)}
            for n, ref in enumerate(near)
        ]
    if finding.witness:
        result["properties"] = {"witness": finding.witness.to_dict()}
    return result


def _where(ref: Ref) -> str:
    number = "policy" if ref.rule == "policy" else f"rule {ref.rule}"
    return f"IPv{ref.family} {ref.table} {ref.chain} {number} ({ref.text})"


def _location(ref: Ref, sources: Mapping[int, str]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [
            {"fullyQualifiedName": f"IPv{ref.family}/{ref.table}/{ref.chain}/{ref.rule}"}
        ]
    }
    if ref.line and ref.family in sources:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(sources[ref.family])},
            "region": {"startLine": ref.line},
        }
    return location
