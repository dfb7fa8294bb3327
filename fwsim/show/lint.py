"""The findings of `fwsim lint` in lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.questions.lint.finding import SEVERITIES
from fwsim.show.covers import witness_line
from fwsim.show.layout import Line, segment
from fwsim.show.refs import ref_line
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.questions.lint import Lint
    from fwsim.questions.lint.finding import Finding

_STYLES = {"error": "bad", "warning": "note", "info": "dim"}
_ALIKE = 5  # so many findings of a code in a chain are told in full
_NAMED = 4  # so many rules at fault are told


def lint_lines(found: Lint) -> list[Line]:
    """What was looked at, each finding, and how many there are."""
    lines: list[Line] = [[segment(found.title, "dim")]]
    seen: Counter[tuple[str, int, str, str]] = Counter()
    for finding in found:
        key = (finding.code, finding.rule.family, finding.rule.table, _group(finding.rule.chain))
        seen[key] += 1
        if seen[key] <= _ALIKE:
            lines += _finding(finding)
    for (code, _, table, chain), count in seen.items():
        if count > _ALIKE:
            more = say("lint.more", more=count - _ALIKE, code=code, table=table, chain=chain)
            lines.append([segment(more, "note")])
    if found.left_out:
        lines.append([segment(say("lint.left_out", count=found.left_out), "dim")])
    if found:
        lines.append([segment(_pages({finding.code for finding in found}), "dim")])
    return [*lines, [segment(_summary(found), "head")]]


def page(code: str) -> str:
    """Where a code is explained."""
    return say("lint.page", code=code)


def _pages(codes: set[str]) -> str:
    return page(*codes) if len(codes) == 1 else say("lint.pages")


def _group(chain: str) -> str:
    """Chains that software numbers, such as KUBE-SVC-…, are told as one."""
    stem, dash, last = chain.rpartition("-")
    numbered = dash and len(last) >= 8 and last.isalnum() and any(c.isdigit() for c in last)
    return f"{stem}-…" if numbered else chain


def _finding(finding: Finding) -> Iterator[Line]:
    yield [
        segment(say(f"lint.{finding.severity}"), _STYLES[finding.severity]),
        segment("  "), segment(finding.code, "head"), segment("  "), *ref_line(finding.rule),
    ]  # fmt: skip
    yield [segment("  "), segment(finding.message)]
    if finding.also:
        key = "lint.also.one" if len(finding.also) == 1 else "lint.also"
        yield [segment("  "), segment(say(key, count=len(finding.also)), "dim")]
    for ref in finding.because[:_NAMED]:
        yield [segment("    "), segment(say("lint.because"), "dim"), *ref_line(ref)]
    if len(finding.because) > _NAMED:
        more = len(finding.because) - _NAMED
        yield [segment("    "), segment(say("lint.because_more", count=more), "dim")]
    if finding.witness:
        line = witness_line(finding.witness)
        yield [segment("    "), segment(say("lint.witness"), "dim"), *line[1:]]


def _summary(found: Lint) -> str:
    counts = Counter(finding.severity for finding in found)
    if not counts:
        return say("lint.nothing")
    told = (
        say(f"lint.count.{s}" if counts[s] > 1 else f"lint.count.{s}.one", count=counts[s])
        for s in SEVERITIES
        if counts[s]
    )
    return say("comma").join(told)
