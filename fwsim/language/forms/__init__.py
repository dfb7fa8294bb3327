"""Texts that people paste, in whatever form: one module a form, imported when a text needs it.

A dump, which is what iptables-save prints and nothing else, shows in its first line and goes
straight to fwsim.language.read; every other text is recognised first.
"""

from __future__ import annotations

import re

from fwsim.language.forms.pasted import Pasted
from fwsim.language.read import family_of_dump
from fwsim.language.read import read as read_dump
from fwsim.language.ruleset import Ruleset
from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.frozen import replace

_FIRST = re.compile(r"^[ \t]*(?:[^\s#]|#!).*", re.M)
_TABLES = re.compile(r"^\*[ \t]*(\w+)", re.M)
_PROGRAMS = ("iptables-save", "ip6tables-save")
_TABLE = re.compile(r"\*[ \t]*[\w-]+[ \t]*\r?")


def paste(text: str, name: str = "ruleset", family: int | None = None) -> Pasted:
    """Read a text in any form, as if it was restored or carried out on an empty host. `family` is
    whose rules they are where nothing tells. Raises ReadError with file, line, column and caret."""
    try:
        return _pasted(text, name, family)
    except ReadError as err:
        from fwsim.language.forms.stray import advised

        raise advised(err) from None


def _pasted(text: str, name: str, family: int | None) -> Pasted:
    first = _FIRST.search(text)
    if first is not None and _TABLE.fullmatch(first[0]):
        shown = family_of_dump(text)
        if shown == 4 or first[0].endswith("\r") or not _of_both(text):
            own = family or shown
            return Pasted({own: read_dump(text, own, name)})
    from fwsim.language.forms.recognise import read_recognised

    return read_recognised(Source(name, text), family or 4)


def read(text: str, family: int | None = None, name: str = "ruleset") -> Ruleset:
    """One family's rules out of a text in any form, with what `Pasted.notes` says as its notes.

    Raises ReadError, also where `family` is needed to choose, or is not there."""
    pasted = paste(text, name, family)
    if len(pasted.rulesets) > 1 and family is None:
        raise _other("holds rules of IPv4 and of IPv6", text, name, "Say which: family=4 or 6.")
    own = family or next(iter(pasted.rulesets))
    if own not in pasted.rulesets:
        raise _other(f"holds no rules of IPv{own}", text, name)
    return replace(pasted.rulesets[own], notes=pasted.notes)


def _of_both(text: str) -> bool:
    """Whether a dump with signs of IPv6 is really one of each family."""
    names = _TABLES.findall(text)
    if len(names) == len(set(names)) and not all(program in text for program in _PROGRAMS):
        return False
    from fwsim.language.forms.dumps import sections

    return len({section.family for section in sections(text, 4)}) > 1


def _other(what: str, text: str, name: str, hint: str | None = None) -> ReadError:
    end = text.find("\n")
    span = Span(Source(name, text), 0, end if end > 0 else len(text))
    return ReadError(f"this text {what}", span=span, hint=hint)
