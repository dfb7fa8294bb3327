"""The lines of a text that somebody pasted, without what mail and Markdown put around them, and the
commands that stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwsim.language.ruleset import TABLES
from fwsim.model.errors import Source, Span
from fwsim.model.tuples import NamedTuple

_LINE = re.compile(r"(?:[ \t]*+>[ \t]?)*+([ \t]*)([^\n]*)\n?")
_PROGRAM = re.compile(r"(?<![\w.-])(ip6?tables)(?:-legacy|-nft)?(-save)?(?![\w-])([^\n`'\"|;&)]*)")
_NAMED = re.compile(
    rf"\btable:?[ `'\"*]+({'|'.join(TABLES)})\b|\b({'|'.join(TABLES)})[`'\"*]* table\b", re.I
)
_BUNDLE = re.compile(r"-[nvxwLSt46]+")
_CHANGES = re.compile(r"(?<![\w.-])ip6?tables(?:-legacy|-nft)?\s[^\n]{0,80}?(?<!\S)-[AIDRPNXFE]\b")
_LEFT_OUT = re.compile(r"[\[(<]?(?:\.\.\.+|…|snip\w*|\.\.\.+ ?snip\w* ?\.\.\.+)[\])>]?", re.I)
_PROMPT = re.compile(
    r"(?:\[[^\]\n]{1,80}\]|[\w.-]{1,40}@[^\s$#%]{1,80}(?: [^\s$#%]{1,80})? ?"
    r"|(?:ba)?sh(?:-[\d.]+)?)?[$#%](?: +|$)"
)


class Line(NamedTuple):
    """A line as the stretch that is left without quoting (`> `) and blanks around it; `indent` is
    how many blanks stood before it."""

    start: int
    end: int
    indent: int


class Asked(NamedTuple):
    """What a line says about the rules below it. It may be the command that shows them: `what` is
    -L, -S or save; `table` is None where it names none that fwsim knows. Or it names a table."""

    family: int | None
    what: str
    table: str | None


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[Line]:
    """The lines from `start` on that begin before `end`."""
    end = len(text) if end is None else end
    while start < end:
        found = _LINE.match(text, start)
        assert found is not None  # it matches anything
        first, last = found.span(2)
        while last > first and text[last - 1] in " \t\r":
            last -= 1
        yield Line(first, last, len(found[1]))
        start = found.end()


def is_fence(text: str) -> bool:
    """A line of Markdown that begins or ends code."""
    return text.startswith(("```", "~~~"))


def is_left_out(text: str) -> bool:
    """A line such as `...`, with which people say that they left something out."""
    return _LEFT_OUT.fullmatch(text) is not None


def after_prompt(text: str) -> int:
    """How many characters of the line are a shell's prompt; 0 if it begins with none."""
    found = _PROMPT.match(text)
    return found.end() if found else 0


def changes(text: str) -> bool:
    """Whether a line has a command that changes rules."""
    return _CHANGES.search(text) is not None


def said_of_other(source: Source, passed: int, first: Line, change: Line | None) -> Iterator[str]:
    """What to say of lines that were passed over: how many, the first of them, and the first with a
    command that changes rules."""
    if change:
        at = Span(source, change.start, change.end).line
        yield f"commands that change rules are not carried out (line {at})"
    at = Span(source, first.start, first.end).line
    lines_ = "1 line" if passed == 1 else f"{passed} lines"
    yield f"{lines_} of other text passed over, from line {at} on"


def asked(text: str) -> Asked | None:
    """The last command in a line that shows rules; else the table that it names."""
    found = [one for match in _PROGRAM.finditer(text) if (one := _asked(match))]
    named = _NAMED.search(text)
    if found or named is None:
        return found[-1] if found else None
    return Asked(None, "", (named[1] or named[2]).lower())


def _asked(match: re.Match[str]) -> Asked | None:
    what, table = ("save" if match[2] else ""), "filter"
    words = iter(match[3].replace("=", " ").split())
    for word in words:
        if word in ("--list", "--list-rules"):
            what = what or {"--list": "-L", "--list-rules": "-S"}[word]
        elif word == "--table":
            table = next(words, "")
        elif word.startswith("-t") and word[2:] in TABLES:
            table = word[2:]
        elif _BUNDLE.fullmatch(word):
            what = what or next((f"-{c}" for c in word if c in "LS"), "")
            table = next(words, "") if word.endswith("t") else table
    if not what:
        return None
    family = 6 if match[1] == "ip6tables" else 4
    return Asked(family, what, table if table in TABLES else None)
