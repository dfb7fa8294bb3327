"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from fwsim.model.trace import Ref
    from fwsim.questions.lint import Lint
    from fwsim.questions.lint.finding import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(found: Lint, version: str) -> dict[str, Any]:
    """One run of fwsim in that version."""
    codes = sorted({finding.code for finding in found})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fwsim",
                        "version": version,
                        "rules": [{"id": code} for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes, found.sources) for finding in found],
            }
        ],
    }


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
