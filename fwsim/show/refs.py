"""Where a rule stands, as a line of text: family where it is IPv6, table, chain, number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.show.layout import PAD, Line, segment
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.model.trace import Ref


def chain_text(family: int, table: str, chain: str = "") -> str:
    """A chain, or a table, among those of both families."""
    return " ".join(word for word in ("ip6" if family == 6 else "", table, chain) if word)


def ref_line(ref: Ref) -> Line:
    """A rule with its place, or a policy with its chain."""
    chain = chain_text(ref.family, ref.table, ref.chain)
    if ref.rule == "policy":
        return [segment(f"{chain} ", "where"), segment(say("policy", policy=ref.text), "rule")]
    return [segment(f"{chain} {ref.rule}", "where"), segment("  ", PAD), segment(ref.text, "rule")]
