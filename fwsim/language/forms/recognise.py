"""Which form a text has. Nothing is read here: a few patterns tell.

Where people show rules, what they show counts; commands that change rules are a script where
nothing is shown."""

from __future__ import annotations

import re

from fwsim.language.forms.pasted import Pasted
from fwsim.language.ruleset import TABLES
from fwsim.model.errors import ReadError, Source, Span

MOST_CHARACTERS = 16 << 20
MOST_OF_A_SCRIPT = 4 << 20
_BEGIN = r"^(?:[ \t]*+>)*+[ \t]*+"
_TABLES = "|".join(TABLES)
_RESTORED = re.compile(
    r"ip6?tables(?:-legacy|-nft)?-restore\b[^\n]{0,80}<<|<<[^\n]{0,80}\|[^\n]{0,80}tables-restore"
)
_SHOWN = re.compile(
    rf"{_BEGIN}(?:Chain \S{{1,99}} \((?:policy|\d)|\*[ \t]*(?:{_TABLES})[ \t]*\r?$"
    r"|-P \S{1,99} (?:ACCEPT|DROP)\b)",
    re.M,
)
_CHANGED = re.compile(
    r"(?:^|[\s/;&|\"'}])(?:ip6?tables(?:-legacy|-nft)?|\$\{?\w{1,99}\}?)[\"']?[ \t]"
    r"[^\n]{0,80}?(?<!\S)(?:-[AIDRPNXFEZ]\b|--\w|\\$)",
    re.M,
)
_RULE = re.compile(rf"{_BEGIN}-[AN] \S", re.M)


def read_recognised(source: Source, family: int) -> Pasted:
    """Read a text that is no plain dump; `family` is whose rules they are where nothing tells.
    ReadError if there are none in it, or if it is too long to be anything that people paste."""
    text = source.text
    if len(text) > MOST_CHARACTERS:
        raise _too_long(source, MOST_CHARACTERS)
    script = text.startswith("#!") or _RESTORED.search(text)
    if not script and (_SHOWN.search(text) or (_RULE.search(text) and not _CHANGED.search(text))):
        from fwsim.language.forms.outputs import read_outputs

        return read_outputs(source, family)
    if script or _CHANGED.search(text):
        if len(text) > MOST_OF_A_SCRIPT:
            raise _too_long(source, MOST_OF_A_SCRIPT)
        from fwsim.language.forms.script import read_script

        return read_script(source)
    if not text.strip():
        raise ReadError(f"{source.name} is empty: expected what iptables-save prints")
    from fwsim.language.forms.stray import advice_anywhere

    raise ReadError(
        "no ruleset is here: expected what `iptables-save`, `iptables -S` or `iptables -L` prints, "
        "or commands that change rules",
        span=_first(source),
        hint=advice_anywhere(text),
    )


def _too_long(source: Source, most: int) -> ReadError:
    return ReadError(
        f"more than {most >> 20} MiB, and not what iptables-save prints",
        span=_first(source),
        hint="A dump may be longer: it begins with a line such as *filter.",
    )


def _first(source: Source) -> Span | None:
    found = re.compile(r"\S[^\n]{0,39}").search(source.text, 0, MOST_CHARACTERS)
    return Span(source, *found.span()) if found else None
