"""What stands behind `create NAME` and behind an element of `add`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fwsim.language.ipset.kinds import ALIASES, IGNORED, KINDS, Kind
from fwsim.language.ipset.model import Entry, Head
from fwsim.language.ipset.options import ENTRY, NEEDS, create_value, flag_or_value, settled
from fwsim.language.ipset.words import Line, Word
from fwsim.model.errors import ReadError

_FAMILIES = {"inet": 4, "ipv4": 4, "-4": 4, "inet6": 6, "ipv6": 6, "-6": 6}


def kind_of(word: Word) -> Kind:
    """The type of that name."""
    found = KINDS.get(word.text) or ALIASES.get(word.text)
    if found is None:
        raise ReadError(
            f"{word.text!r} is no type of set", span=word.span, hint=f"Types: {', '.join(KINDS)}."
        )
    return found


def created(kind: Kind, line: Line, at: int) -> tuple[int, dict[str, Any]]:
    """Family and options of a new set."""
    words = line.words[at:]
    family = _family(kind, words)
    options: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        name = word.text.removeprefix("--")
        if name in _FAMILIES:
            continue
        try:
            valued = name in IGNORED or name == "family" or flag_or_value(kind, name)
            value = next(rest, None) if valued else None
            if valued and value is None:
                raise ValueError("a value is expected behind it")
            if name not in IGNORED and name != "family":
                text = value.text if value else ""
                options[name] = not valued or create_value(kind, name, text, family or 4)
        except ValueError as err:
            raise ReadError(f"{word.text!r}: {err}", span=word.span) from None
    try:
        return family, settled(kind, family, options)
    except ValueError as err:
        raise ReadError(str(err), span=line.words[2].span) from None


def _family(kind: Kind, words: Sequence[Word]) -> int:
    if kind.families == (0,):
        return 0
    for before, word in zip([None, *words], words, strict=False):
        if word.text in _FAMILIES and (word.text[0] == "-" or (before and before.text == "family")):
            family = _FAMILIES[word.text]
            if family not in kind.families:
                raise ReadError(f"{kind.name} is not for IPv{family}", span=word.span)
            return family
        if word.text.removeprefix("--") in _FAMILIES:
            return _FAMILIES[word.text.removeprefix("--")]
    return kind.families[0]


def entry_of(head: Head, line: Line) -> tuple[Entry, dict[str, str]]:
    """What stands behind an element of `add`."""
    given: dict[str, str] = {}
    values: dict[str, Any] = {}
    rest = iter(line.words[3:])
    for word in rest:
        name = word.text.removeprefix("--")
        if name == "nomatch" and head.kind.nets:
            values["nomatch"] = True
        elif name == "wildcard" and "iface" in head.kind.parts:
            continue
        elif name in ENTRY or (name in ("before", "after") and head.kind.name == "list:set"):
            value = next(rest, None)
            if value is None:
                raise ReadError(f"{word.text} wants a value behind it", span=word.span)
            given[name] = value.text
            _take(head, name, value, values)
        else:
            raise ReadError(f"{word.text!r} does not go with this set", span=word.span)
    return Entry(**values), given


def _take(head: Head, name: str, value: Word, values: dict[str, Any]) -> None:
    if name not in ENTRY:
        return
    if NEEDS[name] not in head.options:
        raise ReadError(f"the set was created without {NEEDS[name]}", span=value.span)
    field, read = ENTRY[name]
    try:
        values[field] = read(value.text)
    except ValueError as err:
        raise ReadError(f"{name}: {err}", span=value.span) from None
