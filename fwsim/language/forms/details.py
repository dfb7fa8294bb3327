"""What stands behind the addresses in a listing's row, back into words as a rule has them.

Each extension says in its own file how its text is read back (`Unlist`). A row's text is that of
its matches in order, then its target's. Where it could be read in several ways, longer pieces are
preferred; a text that may hold anything ends as early as the rest can be read.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any, cast

from fwsim.language.options import Context, Extension, Match, Shown, Target, Unlist, find, known
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.tuples import NamedTuple

_PLAIN_START = re.compile(r"[\w/](?![?*{])")
_MOST_MATCHES = 64
_DOUBT = "where a text ends that may itself hold the sign for its end"
_LONGEST = 300  # of a text that may hold anything; a comment has at most 255 bytes


class Piece(NamedTuple):
    """A stretch of the text as one extension reads it: its end, the words that it stands for, what
    it leaves out, and the extension's name."""

    end: int
    words: tuple[Word, ...] = ()
    lost: tuple[str, ...] = ()
    name: str = ""


class Way(NamedTuple):
    """An extension's way back, compiled. `begins`: its text begins with one of these, if told."""

    ext: Extension
    begins: frozenset[str] | None
    head: re.Pattern[str]
    options: tuple[tuple[Shown, re.Pattern[str]], ...]


class _Taken(NamedTuple):
    shown: Shown
    pattern: re.Pattern[str]
    match: re.Match[str]


class Details(NamedTuple):
    """`matches` are the words before `-j NAME`, `target` those behind it."""

    matches: tuple[Word, ...]
    name: str
    target: tuple[Word, ...]
    lost: tuple[str, ...]


def read_details(source: Source, start: int, end: int, target: str, family: int) -> Details:
    """Read source.text[start:end], what a row shows behind its addresses, its target being
    `target`. Raises ReadError at the part that nobody reads back."""
    return _Reader(source, end, target, Context(family)).read(start)


@cache
def _ways(family: int, char: str) -> tuple[Way, ...]:
    """The matches whose text may begin with that character."""
    if char:
        return tuple(way for way in _ways(family, "") if way.begins is None or char in way.begins)
    found = (_way(Match, name) for name in known(Match))
    return tuple(way for way in found if way and family in way.ext.families)


@cache
def _targets(listed: str) -> tuple[Way, ...]:
    """The targets that have this name in listings."""
    ways = (_way(Target, name) for name in known(Target))
    return tuple(way for way in ways if way and listed in (way.ext.name, _listed_as(way.ext)))


def _listed_as(ext: Extension) -> str:
    return ext.listed_as if isinstance(ext, Target) else ""


@cache
def _way(kind: type[Any], name: str) -> Way | None:
    ext = find(cast("Hashable", kind), name)  # mypy does not see that a class is one
    if ext is None:
        return None
    unlist = ext.unlist
    if unlist is None and isinstance(ext, Match) and ext.listing is None:
        unlist = Unlist(re.escape(ext.name))  # which is all that is printed of it
    if unlist is None:
        return None
    negatable = {option.name for option in ext.options if option.negatable}
    compiled = ((one, _compiled(one, one.option in negatable)) for one in unlist.options)
    begins = _begins([unlist.head] if unlist.head else [one.title for one in unlist.options])
    return Way(ext, begins, re.compile(unlist.head), tuple(compiled))


def _begins(patterns: list[str]) -> frozenset[str] | None:
    """Characters with which a text must begin that matches one of the patterns, `!` among them;
    None where that is not easily told."""
    if all(_PLAIN_START.match(pattern) and "|" not in pattern for pattern in patterns):
        return frozenset({"!", *(pattern[0] for pattern in patterns)})
    return None


def _may_be_several(ext: Extension) -> bool:
    """Nothing shows where one such match ends and the next begins."""
    needed = any(option.required or option.choice for option in ext.options)
    return isinstance(ext, Match) and ext.unlist is not None and not (ext.unlist.head or needed)


def _compiled(one: Shown, negatable: bool) -> re.Pattern[str]:
    before, behind = ("(?:(?P<no>!) ?)?", "(?:(?P<not>!) ?)?") if negatable else ("", "")
    return re.compile(rf" *{before}(?P<all>{one.title}{behind}(?P<is>{one.value}){one.end})(?= |$)")


class _Reader:
    def __init__(self, source: Source, end: int, target: str, context: Context) -> None:
        self.source = source
        self.end = end
        self.context = context
        self.target = target
        self.unreadable: set[int] = set()

    def read(self, start: int) -> Details:
        pieces = self._pieces(self._blanks(start), 0)
        if pieces is None:
            at = max(self.unreadable)
            raise ReadError(
                f"fwsim cannot read this part of a listing back: {self.source.text[at : self.end]}",
                span=Span(self.source, at, self.end),
                hint="Paste what iptables-save prints: it says every match in full.",
            )
        matches = tuple(word for piece in pieces[:-1] for word in piece.words)
        lost = tuple(text for piece in pieces for text in piece.lost)
        last = pieces[-1]
        return Details(matches, last.name or self.target, last.words, lost)

    def _pieces(self, at: int, depth: int) -> list[Piece] | None:
        """The pieces from here on, the target's last; None if there is no way to read them."""
        last = self._last(at)
        if last is not None:
            return [last]
        if depth > _MOST_MATCHES:
            raise ReadError(
                f"more than {_MOST_MATCHES} matches in a row", span=Span(self.source, at, self.end)
            )
        for piece in self._matches(at) if at not in self.unreadable else ():
            rest = self._pieces(self._blanks(piece.end), depth + 1)
            if rest is not None:
                return [piece, *rest]
        self.unreadable.add(at)
        return None

    def _last(self, at: int) -> Piece | None:
        """The target's own text, if nothing else is left; it may have none."""
        if at == self.end:
            return Piece(at)
        found = (piece for way in _targets(self.target) for piece in self._readings(way, at))
        return next((piece for piece in found if self._blanks(piece.end) == self.end), None)

    def _matches(self, at: int) -> Iterator[Piece]:
        char = self.source.text[at]
        readings = [self._readings(way, at) for way in _ways(self.context.family, char)]
        first = [piece for one in readings if (piece := next(one, None)) is not None]
        yield from sorted(first, key=lambda piece: -piece.end)
        for one in readings:
            yield from one

    def _blanks(self, at: int) -> int:
        while at < self.end and self.source.text[at] == " ":
            at += 1
        return at

    def _readings(self, way: Way, start: int) -> Iterator[Piece]:
        """The ways to read one extension's text here, the best first: usually one or none."""
        head = way.head.match(self.source.text, start, self.end)
        if head is None:
            return
        at = head.end()
        taken: list[_Taken] = []
        while found := self._option(way, at, taken):
            taken.append(found)
            at = found.match.end()
        if not taken and (at == start or self._within_a_word(at)):
            return
        longer = list(self._longer(taken[-1])) if taken and taken[-1].shown.end else []
        doubt = (_DOUBT,) if longer else ()
        for last in (taken[-1:], *([one] for one in longer)):
            yield self._piece(way, Span(self.source, start, at), [*taken[:-1], *last], doubt)

    def _within_a_word(self, at: int) -> bool:
        return at < self.end and self.source.text[at] != " "

    def _option(self, way: Way, at: int, taken: list[_Taken]) -> _Taken | None:
        used = {one.shown.option for one in taken}
        for shown, pattern in way.options:
            if shown.option not in used:
                match = pattern.match(self.source.text, at, self.end)
                if match:
                    return _Taken(shown, pattern, match)
        return None

    def _longer(self, taken: _Taken) -> Iterator[_Taken]:
        """The same option with its value ending later."""
        start, at = taken.match.start(), taken.match.end()
        until = min(self.end, start + _LONGEST)
        while at < until:
            at = self.source.text.find(" ", at + 1, until)
            at = self.end if at < 0 else at
            if at > until:
                return
            match = taken.pattern.fullmatch(self.source.text, start, at)
            if match:
                yield taken._replace(match=match)

    def _piece(self, way: Way, span: Span, taken: list[_Taken], doubt: tuple[str, ...]) -> Piece:
        name = [Word("-m", span), Word(way.ext.name, span)] if isinstance(way.ext, Match) else []
        words = [word for one in taken for word in self._words(one)]
        lost = tuple(one.shown.lost for one in taken if one.shown.lost)
        if len(taken) > 1 and _may_be_several(way.ext):
            lost += (f"whether one -m {way.ext.name} or several ask for what stands in a row",)
        end = taken[-1].match.end() if taken else span.end
        return Piece(end, (*name, *words), lost + doubt, way.ext.name)

    def _words(self, taken: _Taken) -> Iterator[Word]:
        shown, match = taken.shown, taken.match
        whole = Span(self.source, *match.span("all"))
        value = Span(self.source, *match.span("is"))
        if match.groupdict().get("no") or match.groupdict().get("not"):
            yield Word("!", whole)
        if shown.words is None:
            yield Word(f"--{shown.option}", whole)
            if shown.value:
                yield Word(match["is"], value)
            return
        try:
            yield from (Word(text, value) for text in shown.words(match["is"], self.context))
        except ValueError as error:
            raise ReadError(str(error), span=value) from None
