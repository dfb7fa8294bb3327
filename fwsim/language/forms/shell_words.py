"""A shell script into words, operators and here-documents (POSIX, 2.2 and 2.3).

A word is kept in pieces: text, quoted or not, variables, and what is there only once something ran.
"""

from __future__ import annotations

import re

from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.tuples import NamedTuple

_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_REDIRECT = re.compile(r"\d*(?:<<<|<<-|<<|<&|<>|<|>&|>>|>\||>)|&>>?")
_OPERATOR = re.compile(r"&&|\|\||\|&|;;&?|;&|[;&|()\n]")
_PLAIN = re.compile(r"[^ \t\r\n\\'\"$`|&;()<>]+")
_IN_QUOTES = re.compile(r'[^"\\$`]+')
_SINGLE = re.compile(r"'([^']*)'")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_VARIABLE = re.compile(
    r"\$(?:([A-Za-z_]\w*|\d)|\{(\w+)(?:(:?)-([^}$`\"'\\]*))?\}|[@*#?$!-])", re.ASCII
)
_TOOL = re.compile(
    r"(?:which|command -v|type -p)\s+(?:-a )?(?:/\S*/)?(ip6?tables\S*)\s*(?:2>\S*)?\s*"
)
_NESTING = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|[()]", re.DOTALL)
_ESCAPED = ('"', "\\", "$", "`")


class Part(NamedTuple):
    """A piece of a word. `kind` is text, variable (`text` its name, `default` what stands for it
    if it is not set, and if `or_empty`, where it is empty too) or unknown."""

    kind: str
    text: str
    quoted: bool
    span: Span
    default: str | None = None
    or_empty: bool = False


class ShellWord(NamedTuple):
    """A word in its pieces, and where it stands."""

    parts: tuple[Part, ...]
    span: Span

    @property
    def literal(self) -> str:
        """Its text, if it is nothing but unquoted text; else empty."""
        plain = all(part.kind == "text" and not part.quoted for part in self.parts)
        return "".join(part.text for part in self.parts) if plain else ""


class Token(NamedTuple):
    """`kind` is word, redirect, operator or end; `text` the operator."""

    kind: str
    text: str
    span: Span
    word: ShellWord | None = None


class Heredoc:
    """A here-document. Its lines, `start` to `end`, are known once the lexer is past them."""

    def __init__(self, delimiter: ShellWord, tabs: bool) -> None:
        self.delimiter = "".join(part.text for part in delimiter.parts)
        self.expands = not any(part.quoted for part in delimiter.parts)
        self.tabs = tabs
        self.span = delimiter.span
        self.start = self.end = 0


class Lexer:
    """The tokens of a text. `text` is the source's own, or the same with blanks in some places."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.text = text
        self.at = 0
        self.here: list[Heredoc] = []
        self.ahead: Token | None = None

    def peek(self) -> Token:
        """The next token, which stays."""
        if self.ahead is None:
            self.ahead = self._token()
        return self.ahead

    def take(self) -> Token:
        """The next token. Behind a line's end, the here-documents that it announced are read."""
        token, self.ahead = self.peek(), None
        if token.text == "\n" and token.kind == "operator":
            self.finish()
        return token

    def finish(self) -> None:
        """Read the here-documents that were announced."""
        for document in self.here:
            self._document(document)
        self.here.clear()

    def balanced(self, opened: int) -> int:
        """Behind the parenthesis that closes the one at `opened`, quotes respected."""
        depth = 0
        for found in _NESTING.finditer(self.text, opened):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if not depth:
                return found.end()
        raise self._open(opened, "a parenthesis")

    def span(self, start: int, end: int) -> Span:
        """A stretch of the source."""
        return Span(self.source, start, end)

    def _open(self, at: int, what: str) -> ReadError:
        return ReadError(f"{what} is opened here and never closed", span=self.span(at, at + 1))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _token(self) -> Token:
        self._skip(_BLANK)
        self._skip(_COMMENT)
        for kind, pattern in (("redirect", _REDIRECT), ("operator", _OPERATOR)):
            found = pattern.match(self.text, self.at)
            if found:
                self.at = found.end()
                return Token(kind, found[0], self.span(*found.span()))
        start = self.at
        if start >= len(self.text):
            return Token("end", "", self.span(start, start))
        parts = self._parts()
        word = ShellWord(tuple(parts), self.span(start, self.at))
        return Token("word", word.literal, word.span, word)

    def _parts(self) -> list[Part]:
        parts: list[Part] = []
        while self.at < len(self.text):
            start = self.at
            if found := _PLAIN.match(self.text, start):
                self.at = found.end()
                kind = "unknown" if _has_braces(found[0]) else "text"
                parts.append(Part(kind, found[0], False, self.span(start, self.at)))
            elif found := _SINGLE.match(self.text, start):
                self.at = found.end()
                parts.append(Part("text", found[1], True, self.span(start, self.at)))
            elif found := _ESCAPE.match(self.text, start):
                self.at = found.end()
                if found[1] != "\n":
                    parts.append(Part("text", found[1], True, self.span(start, self.at)))
            elif self.text[start] == '"':
                self.at += 1
                parts += self._quoted(start)
            elif self.text[start] in "$`":
                parts.append(self._expansion(quoted=False))
            elif self.text[start] in "'\\":
                raise self._open(start, "a quote")
            else:
                break
        return parts

    def _quoted(self, opened: int) -> list[Part]:
        """Up to the closing double quote, its pieces; at least one."""
        parts = [Part("text", "", True, self.span(opened, opened + 1))]
        while self.at < len(self.text):
            start = self.at
            char = self.text[start]
            if found := _IN_QUOTES.match(self.text, start):
                self.at = found.end()
                parts.append(Part("text", found[0], True, self.span(start, self.at)))
            elif char == '"':
                self.at += 1
                return parts
            elif char == "\\":
                self.at += 2
                escaped = self.text[start + 1 : self.at]
                text = {"\n": ""}.get(escaped, escaped if escaped in _ESCAPED else char + escaped)
                parts.append(Part("text", text, True, self.span(start, self.at)))
            else:
                parts.append(self._expansion(quoted=True))
        raise self._open(opened, "a quote")

    def _expansion(self, quoted: bool) -> Part:
        """What begins with `$` or a backquote."""
        start = self.at
        if found := _VARIABLE.match(self.text, start):
            self.at = found.end()
            name = found[1] or found[2] or found[0]
            span = self.span(start, self.at)
            return Part("variable", name, quoted, span, found[4], bool(found[3]))
        if self.text.startswith("$(", start):
            self.at = self.balanced(start + 1)
            inner = self.text[start + 2 : self.at - 1]
        elif self.text[start] == "`" or self.text.startswith("${", start):
            end = self.text.find("`" if self.text[start] == "`" else "}", start + 1)
            if end < 0:
                raise self._open(start, "an expansion")
            self.at = end + 1
            inner = self.text[start + 1 : end]
        else:
            self.at += 1
            return Part("text", "$", quoted, self.span(start, self.at))
        span = self.span(start, self.at)
        tool = _TOOL.fullmatch(inner.strip())
        return Part("text", tool[1], quoted, span) if tool else Part("unknown", "", quoted, span)

    def _document(self, document: Heredoc) -> None:
        document.start = self.at
        while self.at < len(self.text):
            start, end = self.at, self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
            line = self.text[start : self.at].rstrip("\r\n")
            if (line.strip() if document.tabs else line) == document.delimiter:
                document.end = start
                return
        raise ReadError(
            f"a here-document begins here and {document.delimiter} never ends it",
            span=document.span,
        )


def _has_braces(text: str) -> bool:
    """It looks as if bash made several words of it: `{80,443}`, `{1..5}`."""
    return "{" in text and "}" in text and ("," in text or ".." in text)
