"""Lines of ipset's commands as words with their places."""

from __future__ import annotations

import re

from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.tuples import NamedTuple

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_NAMED = 31  # bytes of a set's name
_COMMANDS = {  # in the order in which a word cut short is tried
    "create": ("create", "new", "-N"), "add": ("add", "-A"), "del": ("del", "-D"),
    "test": ("test", "-T"), "destroy": ("destroy", "x", "-X"), "list": ("list", "-L"),
    "save": ("save", "-S"), "flush": ("flush", "-F"), "rename": ("rename", "e", "-E"),
    "swap": ("swap", "w", "-W"),
}  # fmt: skip
_SILENT = frozenset({
    "-q", "-quiet", "-r", "-resolve", "-s", "-sorted", "-n", "-name", "-t", "-terse"
})  # fmt: skip
_EXIST = frozenset({"-!", "-exist", "--exist"})


class Word(NamedTuple):
    """A word, without the quotes around it."""

    text: str
    span: Span


class Line(NamedTuple):
    """A command: its words, and whether -exist stands among them (and is left out)."""

    words: list[Word]
    exist: bool

    def word(self, at: int, expected: str) -> Word:
        """ReadError where the line ends before it."""
        if at < len(self.words):
            return self.words[at]
        raise ReadError(f"expected {expected} behind this", span=self.words[-1].span)


def split(source: Source, start: int, end: int) -> Line:
    """The words of a stretch of a text."""
    found = [
        Word(match[2] if match[1] is None else match[1], Span(source, *match.span()))
        for match in _WORD.finditer(source.text, start, end)
    ]
    return line_of(found)


def line_of(words: list[Word]) -> Line:
    """The command of these words."""
    exist = any(word.text in _EXIST for word in words)
    return Line([w for w in words if w.text not in _EXIST and w.text not in _SILENT], exist)


def verb_of(word: Word) -> str:
    """Which command a word begins."""
    text = word.text.removeprefix("--")
    for verb, names in _COMMANDS.items():
        if text not in ("", "-") and any(name.startswith(text) for name in names):
            return verb
    raise ReadError(
        f"{word.text!r} is no command of ipset that fwsim knows",
        span=word.span,
        hint=f"Known: {', '.join(_COMMANDS)}.",
    )


def set_name(word: Word) -> str:
    """A name that a set may have."""
    if not 1 <= len(word.text.encode("utf-8", "surrogateescape")) <= _NAMED:
        raise ReadError(f"a set's name has 1 to {_NAMED} bytes", span=word.span)
    return word.text
