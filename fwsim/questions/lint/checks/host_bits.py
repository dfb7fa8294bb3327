"""host-bits: an address is written with more bits than its prefix length keeps.

iptables cuts them off without a word; only the text as its author wrote it still shows them, not
what iptables-save prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.model.names import address_text, address_value, family_of
from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.subject import Subject

if TYPE_CHECKING:
    from fwsim.model.errors import Source

_WRITTEN = re.compile(
    r"(?:^|\s)(?:-s|-d|--s(?:ou)?rc[a-z]*|--d(?:e)?st[a-z]*)[\s=]+([0-9a-fA-F.:/,]+)"
)
_ONE = re.compile(r"([^/]+)/([^/]+)")


def find(subject: Subject) -> Iterator[Finding]:
    """Rules whose -s or -d says more than it means."""
    texts: dict[Source, dict[int, list[str]]] = {}
    for survey in subject.surveys():
        for row, number, rule in survey.rules():
            if rule.span is None or not (rule.src or rule.dst):
                continue
            source = rule.span.source
            if source not in texts:
                texts[source] = _suspects(source.text, subject.family)
            for said in texts[source].get(rule.span.line, ()) if texts[source] else ():
                at = (row.chain.name, number)
                yield Finding("host-bits", "warning", subject.ref(survey.table.name, at), said)


def _suspects(text: str, family: int) -> dict[int, list[str]]:
    """What is said of the lines in which there are such addresses."""
    found: dict[int, list[str]] = {}
    for match in _WRITTEN.finditer(text):
        for word in match[1].split(","):
            said = _said(word, family)
            if said:
                found.setdefault(text.count("\n", 0, match.start(1)) + 1, []).append(said)
    return found


def _said(word: str, family: int) -> str:
    one = _ONE.fullmatch(word)
    if not one or family_of(one[1]) != family:
        return ""
    bits, value = (32 if family == 4 else 128), address_value(one[1], family)
    mask = _mask(one[2], family, bits)
    if mask is None or value & mask == value:
        return ""
    return f"means more than it says: {word} is all of {address_text(value & mask, bits)}/{one[2]}"


def _mask(text: str, family: int, bits: int) -> int | None:
    """A length, or a mask written as an address."""
    if family_of(text) == family:
        return address_value(text, family)
    if not (text.isascii() and text.isdecimal() and int(text) <= bits):
        return None
    return (1 << bits) - (1 << bits - int(text))
