"""What a script's words become: variables filled in, quotes gone, blanks in values making words
(POSIX, 2.6). What only running something would tell is refused where it is needed.
"""

from __future__ import annotations

import re

from fwsim.language.forms.shell_words import Part, ShellWord
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Span
from fwsim.model.tuples import NamedTuple

_MOST_CHARACTERS = 64 << 20
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_IN_TEXT = re.compile(r"\$(?:([A-Za-z_]\w*|\d)|\{(\w+)\}|(?=[({]))|`", re.ASCII)


class Unknown(NamedTuple):
    """A value that is not known: why, and where that came about."""

    why: str
    span: Span


class Values:
    """The variables of a script as it goes on. What is read of them is bounded in all."""

    def __init__(self) -> None:
        self.known: dict[str, str | Unknown] = {}
        self.spent = 0

    def words(self, word: ShellWord) -> list[Word]:
        """The words that it becomes: usually one. ReadError where that is not known."""
        done: list[str] = []
        text: str | None = None
        for part in word.parts:
            value = self._value(part)
            if part.kind == "text" or part.quoted:
                text = (text or "") + value
                continue
            begins, *others = value.split() or [""]
            if text is not None and value[:1].isspace():
                done.append(text)
                text = None
            text = (text or "") + begins if begins else text
            for other in others:
                done.append(text or "")
                text = other
            if text is not None and value[-1:].isspace():
                done.append(text)
                text = None
        if text is not None:
            done.append(text)
        return [Word(one, word.span) for one in done]

    def text(self, word: ShellWord) -> str:
        """The one text that it becomes. ReadError where that is not known."""
        return "".join(self._value(part) for part in word.parts)

    def filled(self, word: Word) -> str:
        """A word of a here-document with its variables filled in. ReadError where it holds what
        only running something would tell."""
        return _IN_TEXT.sub(lambda found: self._filled(found, word), word.text)

    def _filled(self, found: re.Match[str], word: Word) -> str:
        name = found[1] or found[2]
        if not name:
            raise ReadError(_RUNS, span=word.span)
        return self._variable(name, None, word.span)

    def assignment(self, word: ShellWord) -> tuple[str, ShellWord, bool] | None:
        """NAME, the value's word and whether it is added (`+=`), if the word is `NAME=value`."""
        first = word.parts[0]
        found = _ASSIGNMENT.match(first.text) if first.kind == "text" and not first.quoted else None
        if found is None:
            return None
        rest = first._replace(text=first.text[found.end() :])
        return found[1], ShellWord((rest, *word.parts[1:]), word.span), bool(found[2])

    def assign(self, name: str, word: ShellWord, added: bool = False) -> None:
        """Give a variable its value; one that is not known is refused once it is needed."""
        before = self.known.get(name, "") if added else ""
        unknown = before if isinstance(before, Unknown) else self.unknown(word)
        self.known[name] = unknown or f"{before}{self.text(word)}"

    def unknown(self, word: ShellWord) -> Unknown | None:
        """What of a word is not known; None if all of it is."""
        for part in word.parts:
            if part.kind == "unknown":
                return Unknown(_RUNS, part.span)
            value = self.known.get(part.text, part.default) if part.kind == "variable" else ""
            if value is None:
                return Unknown(f"{part.text} has no value in this text", part.span)
            if isinstance(value, Unknown):
                return value
        return None

    def _value(self, part: Part) -> str:
        if part.kind == "unknown":
            raise ReadError(_RUNS, span=part.span)
        if part.kind == "variable":
            value = self._variable(part.text, part.default, part.span)
            return value or part.default or "" if part.or_empty else value
        return part.text

    def _variable(self, name: str, default: str | None, span: Span) -> str:
        value = self.known.get(name, default)
        if isinstance(value, Unknown):
            raise ReadError(
                f"what ${name} is since line {value.span.line} is not known: {value.why}", span=span
            )
        if value is None:
            raise ReadError(
                f"{name} has no value in this text",
                span=span,
                hint=f"Write `{name}=…` above it." if name.isidentifier() else None,
            )
        self.spent += len(value)
        if self.spent > _MOST_CHARACTERS:
            raise ReadError("this expands to more than any script would", span=span)
        return value


_RUNS = "fwsim runs nothing and follows no such expansion, so what stands here is not known"
