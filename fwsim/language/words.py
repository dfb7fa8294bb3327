"""Lines into words that know their place, as iptables-restore and a shell split them.

The lark grammar (grammars/iptables.lark) is the authority. Lines without quotes or backslashes are
split here without it, since importing lark costs more than reading a usual dump; that both read
every line alike is a test (tests/language/test_words.py).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fwsim.model.errors import ReadError, Source, Span

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
_COUNTERS = re.compile(r"\[(\d+):(\d+)\]$")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def statement(source: Source, start: int, end: int) -> Statement:
    """Read one line of a dump, source.text[start:end] without surrounding white space.

    Raises ReadError where a quote is left open or the line has no such form."""
    text = source.text[start:end]
    if '"' in text or not text.isprintable():
        return _by_grammar(source, start, end)
    if text[0] == "#":
        return Statement("comment", [Word(text, Span(source, start, end))])
    words = [
        Word(m[0], Span(source, start + m.start(), start + m.end())) for m in _WORD.finditer(text)
    ]
    return _simple(words) or _by_grammar(source, start, end)


def _simple(words: list[Word]) -> Statement | None:
    """The statement that plain words make; None where the grammar shall decide."""
    first = words[0].text
    counted = _COUNTERS.match(first)
    if counted:
        if len(words) == 1 or words[1].text[0] in "[:*#":
            return None
        return Statement("rule", words[1:], (int(counted[1]), int(counted[2])))
    if first == "COMMIT":
        return Statement("commit", words) if len(words) == 1 else None
    if first[0] == ":":
        return _chain(words)
    if first[0] == "*":
        name = words if len(first) > 1 else words[1:]
        return Statement("table", [_without_mark(name[0])]) if len(name) == 1 else None
    return None if first[0] == "[" else Statement("rule", words)


def _chain(words: list[Word]) -> Statement | None:
    if len(words[0].text) == 1 or len(words) > 3:
        return None
    name = [_without_mark(words[0]), *words[1:2]]
    if len(words) < 3:
        return Statement("chain", name)
    counted = _COUNTERS.match(words[2].text)
    return Statement("chain", name, (int(counted[1]), int(counted[2]))) if counted else None


def _without_mark(word: Word) -> Word:
    if word.text[0] not in "*:":
        return word
    return Word(word.text[1:], Span(word.span.source, word.span.start + 1, word.span.end))


def command_words(source: Source) -> list[Word]:
    """The words of one command as a POSIX shell would pass them."""
    text = source.text
    if not any(c in text for c in "\"'\\") and text.isprintable():
        return [Word(m[0], Span(source, m.start(), m.end())) for m in _WORD.finditer(text)]
    start = len(text) - len(text.lstrip())
    tree = _parse(source, start, len(text.rstrip()), "command")
    return [_shell_word(source, start, part.children) for part in tree.children]


@cache
def grammar() -> Lark:
    """The grammar, compiled; shipped as fwsim/grammars in a wheel, beside the package otherwise."""
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
    words: list[Word] = []
    counters = None
    for token in tree.children:
        if token.type == "COUNTERS":
            packets, _, count = token[1:-1].partition(":")
            counters = (int(packets), int(count))
        elif token.type != "COMMIT":
            words.append(_token_word(source, start, token))
    if tree.data == "commit":
        words = [Word("COMMIT", Span(source, start, end))]
    return Statement(str(tree.data), words, counters)


def _token_word(source: Source, start: int, token: Token) -> Word:
    text = str(token)
    at = start + (token.start_pos or 0)
    span = Span(source, at, at + len(text))
    if token.type == "CHAIN":
        return _without_mark(Word(text, span))
    if token.type == "WORD" and '"' in text:
        opened = text.index('"')
        text = text[:opened] + _ESCAPE.sub(r"\1", text[opened + 1 : -1])
    return Word(text, span)


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
