"""Which rules were reached, in lines of text: a row a chain, then the rules that were not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.show.layout import PAD, Line, segment
from fwsim.show.refs import chain_text, ref_line
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.questions.coverage import Coverage, Covered, InChain


def coverage_lines(found: Coverage) -> list[Line]:
    """How many, by chain, and which were not."""
    lines: list[Line] = [[segment(found.title, "dim")], [_verdict(found)]]
    chains = [chain for chain in found.chains if chain.rules or chain.policy]
    if chains:
        lines += [[], *_table(chains)]
    missing = found.unreached
    if missing:
        lines += [[], [segment(say("coverage.unreached"), "head")], *map(_rule, missing)]
    if missing and not found.proved:
        lines.append([segment(say("coverage.unproved"), "note")])
    if found.unsure:
        lines.append([segment(say("coverage.unsure", count=found.unsure), "note")])
    if found.by == "counters" and not any(rule.packets for rule in found.rules):
        lines.append([segment(say("coverage.zero"), "note")])
    if found.damage:
        lines.append([segment(say("replay.damage"), "bad")])
    return lines


def _verdict(found: Coverage) -> tuple[str, str]:
    rules, missing = sum(1 for _ in found.rules), len(found.unreached)
    if not rules:
        return segment(say("coverage.no_rules"), "note")
    by = say(f"coverage.{found.by}")
    if not missing:
        return segment(say("coverage.all", by=by, rules=rules), "good")
    reached = rules - missing
    told = say("coverage.some", by=by, rules=rules, reached=reached, percent=found.percent)
    return segment(told, "head")


def _table(chains: list[InChain]) -> Iterator[Line]:
    names = ("table", "chain", "reached", "policy")
    rows = [tuple(say(f"coverage.{name}") for name in names), *map(_cells, chains)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(names))]
    for number, row in enumerate(rows):
        style = "" if number else "head"
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        chain = chains[number - 1] if number else None
        bare = chain is not None and chain.reached < len(chain.rules)
        yield [
            segment("  "), segment("  ".join(padded[:2]) + "  ", style),
            segment(padded[2], "unsure" if bare else style),
            segment(f"  {row[3]}".rstrip(), style),
        ]  # fmt: skip


def _cells(chain: InChain) -> tuple[str, ...]:
    reached = say("coverage.of", reached=chain.reached, rules=len(chain.rules))
    policy = "" if chain.policy is None else f"{chain.policy:,}"
    return chain_text(chain.family, chain.table), chain.chain, reached, policy


def _rule(rule: Covered) -> Line:
    ref = rule.ref
    line: Line = [segment("  ")]
    if ref.line:
        line += [segment(say("coverage.line", line=ref.line), "dim"), segment("  ", PAD)]
    line += ref_line(ref)
    if rule.never:
        key = "unreached_chain" if rule.never == "unreached" else rule.never
        line += [segment("  ", PAD), segment(say(f"coverage.{key}"), "note")]
    return line
