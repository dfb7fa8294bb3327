"""What web pages, word processors and terminals leave in a text that somebody copies, and what
people write into dumps that no iptables-restore takes: what to do about it, for an error there.
"""

from __future__ import annotations

import re

from fwsim.language.forms.lines import is_left_out
from fwsim.model.errors import ReadError

_STRAY = (
    (
        re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"),
        "is a terminal's colour code: `sed 's/\\x1b\\[[0-9;?]*[A-Za-z]//g' FILE` takes them away.",
    ),
    (
        re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d\udc96\udc97]+"),
        "is a typographic dash, into which some programs turn - and --: type it anew.",
    ),
    (
        re.compile("[\u2018-\u201f\u00ab\u00bb\u2033\udc91-\udc94]"),
        'is a typographic quote, which iptables and shells take for a letter: write ".',
    ),
    (
        re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000\udca0]+"),
        "is a no-break space or the like, which separates no words: type a plain space.",
    ),
    (
        re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]+"),
        "is a character that nobody sees: take it out.",
    ),
    (
        re.compile(
            r"&(?:[lg]t|amp|quot|apos|nbsp|#\w{1,6});|</?(?:pre|code|p|br|div|span)\b[^>]{0,80}>"
        ),
        "is HTML: copy what the page shows, not its source.",
    ),
)
_OTHERS = (
    (re.compile(r"^table (?:ip6?|inet|arp|bridge|netdev) \S+ \{", re.M), "`nft list ruleset`"),
    (re.compile(r"^Status: (?:in)?active\b", re.M), "`ufw status`"),
    (re.compile(r"^ +icmp-block-inversion:", re.M), "`firewall-cmd --list-all`"),
    (re.compile(r"^(?:create|add) \S+ \S", re.M), "`ipset save`"),
)
_BEFORE = re.compile(r"^(?:[ \t]*\d+[: \t][ \t]*|[-+])(?:\*\w+|:\w+ \w+ \[|-[AIP] \w)", re.M)
_MOST_CHARACTERS = 1 << 16  # of a text that is no ruleset, looked at


def advised(error: ReadError) -> ReadError:
    """The error, with a hint where what stands in its line does not belong there."""
    span = error.span
    if span is None or span.text.startswith("\r"):
        return error
    text = span.source.text
    begin = text.rfind("\n", 0, span.start) + 1
    line = text[begin : (text + "\n").index("\n", span.start)]
    before = text[text.rfind("\n", 0, max(0, begin - 1)) + 1 : max(0, begin - 1)]
    number = span.line
    hint = _advice(line, number) or _of_a_dump(line, span.text) or _advice(before, number - 1)
    return ReadError(error.message, span=span, hint=hint) if hint else error


def advice_anywhere(text: str) -> str | None:
    """What to do about a text in which no rules were recognised."""
    text = text[:_MOST_CHARACTERS]
    for number, line in enumerate(text.split("\n"), 1):
        if "tables" in line and (hint := _advice(line, number)):
            return hint
    for pattern, program in _OTHERS:
        if pattern.search(text):
            return f"{program} prints such. Give what `iptables-save` prints on that host."
    if _BEFORE.search(text):
        return "Numbers, or a diff's + and -, stand before its lines: take them away."
    return None


def _advice(line: str, number: int) -> str | None:
    for pattern, what in _STRAY:
        found = pattern.search(line)
        if found:
            return f"{found[0]!r} in line {number}, column {found.start() + 1}, {what}"
    return None


def _of_a_dump(line: str, wrong: str) -> str | None:
    if is_left_out(line.strip()):
        return "If something is left out here: it may decide. Give all that `iptables-save` prints."
    if line.strip() == "COMMIT":
        return "iptables-restore wants COMMIT alone in its line, without blanks around it."
    if wrong.startswith("#") and not line.startswith("#"):
        return "To iptables-restore # begins a comment only where it is the line's first character."
    if line.startswith("-A") and "'" in line:
        return "iptables-restore knows no single quotes: write double ones."
    return None
