"""Lines into words that know their place, as iptables-restore and a shell split them.

The lark grammar (grammars/iptables.lark) is the authority. Lines as people have them are split here
without it, since importing lark costs more than reading a usual dump, and only what is left goes to
the grammar; that both read every line alike is a test (tests/language/test_words.py).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from lark import Lark, Token


class Word(NamedTuple):
    """One word: its text without quotes, and where it stands."""

    text: str
    span: Span


class Statement(NamedTuple):
    """One line of a dump: `kind` is table, chain, commit, comment or rule."""

    kind: str
    words: list[Word]
    counters: tuple[int, int] | None = None


_WORD = re.compile(r"[^ \t]+")
_QUOTED_WORD = re.compile(r'[^ \t"]*"(?:\\.|[^"\\])*"|[^ \t"]+')
_COUNTERS = re.compile(r"\[(\d+):(\d+)[^\]]*\]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def statement(source: Source, start: int, end: int) -> Statement:
    """Read one line of a dump, source.text[start:end], which is not empty.

    Raises ReadError where a quote is left open or the line has no such form."""
    text = source.text[start:end]
    if text[0] == "#":
        return Statement("comment", [Word(text, Span(source, start, end))])
    if text == "COMMIT":
        return Statement("commit", [Word(text, Span(source, start, end))])
    if text[0] in "*:":
        words = _plain_words(source, start + 1, end)
        return _declaration(text[0], words) if words else _by_grammar(source, start, end)
    counted = _COUNTERS.match(text)
    begin = start + (counted.end() if counted else 0)
    words = (_quoted_words if '"' in text else _plain_words)(source, begin, end)
    return Statement("rule", words, _numbers(counted)) if words else _by_grammar(source, start, end)


def _plain_words(source: Source, start: int, end: int) -> list[Word]:
    found = _WORD.finditer(source.text, start, end)
    return [Word(m[0], Span(source, m.start(), m.end())) for m in found]


def _quoted_words(source: Source, start: int, end: int) -> list[Word]:
    """The words of a rule; none where a quote is left open."""
    words = []
    at = start
    for found in _QUOTED_WORD.finditer(source.text, start, end):
        if source.text[at : found.start()].strip(" \t"):
            return []
        at = found.end()
        words.append(_unquoted_word(found[0], Span(source, found.start(), at)))
    return [] if source.text[at:end].strip(" \t") else words


def _unquoted_word(text: str, span: Span) -> Word:
    if '"' not in text:
        return Word(text, span)
    opened = text.index('"')
    return Word(text[:opened] + _ESCAPE.sub(r"\1", text[opened + 1 : -1]), span)


def _declaration(mark: str, words: list[Word]) -> Statement:
    """A table's or a chain's line: its name, for a chain also policy and counters."""
    if mark == "*":
        return Statement("table", words[:1])
    counted = _COUNTERS.match(words[2].text) if len(words) > 2 else None
    return Statement("chain", words[:2], _numbers(counted))


def _numbers(counted: re.Match[str] | None) -> tuple[int, int] | None:
    return (_counter(counted[1]), _counter(counted[2])) if counted else None


def _counter(digits: str) -> int:
    """64 bits; more stay at the largest, as strtoull has it."""
    return min(int(digits.lstrip("0")[:21] or "0"), (1 << 64) - 1)


def command_words(source: Source) -> list[Word]:
    """The words of one command as a POSIX shell would pass them."""
    text = source.text
    if not any(c in text for c in "\"'\\\n"):
        return _plain_words(source, 0, len(text))
    start = len(text) - len(text.lstrip())
    tree = _parse(source, start, len(text.rstrip()), "command")
    return [_shell_word(source, start, part.children) for part in tree.children]


@cache
def grammar() -> Lark:
    """The grammar, compiled; shipped as fwsim/grammars in a wheel, beside the package otherwise."""
    from pathlib import Path

    from lark import Lark

    package = Path(__file__).parents[1]
    for folder in (package / "grammars", package.parent / "grammars"):
        if (folder / "iptables.lark").exists():
            text = (folder / "iptables.lark").read_text("utf-8")
            return Lark(text, parser="lalr", start=["statement", "command"])
    raise FileNotFoundError("grammars/iptables.lark is missing from this installation")


def _parse(source: Source, start: int, end: int, what: str) -> Any:
    from lark.exceptions import UnexpectedInput

    try:
        return grammar().parse(source.text[start:end], start=what)
    except UnexpectedInput as err:
        at = start + (err.pos_in_stream if err.pos_in_stream is not None else end - start)
        left = source.text[at:end]
        open_quote = left[:1] in ('"', "'", "\\") or left.count('"') % 2
        message = (
            "a quote is opened here and never closed"
            if open_quote
            else "this is no line of a ruleset: expected *table, :CHAIN POLICY [packets:bytes], "
            "-A CHAIN …, COMMIT or a comment"
        )
        raise ReadError(message, span=Span(source, at, max(end, at + 1))) from None


def _by_grammar(source: Source, start: int, end: int) -> Statement:
    tree = _parse(source, start, end, "statement").children[0]
    words = [_token_word(source, start, token) for token in tree.children]
    kind = str(tree.data)
    if kind in ("table", "chain"):
        return _declaration("*" if kind == "table" else ":", words)
    if kind == "rule" and tree.children[0].type == "COUNTERS":
        return Statement(kind, words[1:], _numbers(_COUNTERS.match(words[0].text)))
    return Statement(kind, words)


def _token_word(source: Source, start: int, token: Token) -> Word:
    text = str(token)
    at = start + (token.start_pos or 0)
    span = Span(source, at, at + len(text))
    return _unquoted_word(text, span) if token.type == "WORD" else Word(text, span)


def _shell_word(source: Source, start: int, pieces: list[Token]) -> Word:
    text = "".join(_unquoted(piece) for piece in pieces)
    first, last = pieces[0], pieces[-1]
    begin = start + (first.start_pos or 0)
    return Word(text, Span(source, begin, start + (last.end_pos or 0)))


def _unquoted(piece: Token) -> str:
    if piece.type == "SHELL_SINGLE":
        return str(piece[1:-1])
    if piece.type == "SHELL_QUOTED":
        return re.sub(r'\\(["\\$`])', r"\1", piece[1:-1])
    return _ESCAPE.sub(r"\1", piece)
