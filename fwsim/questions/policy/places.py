"""Where in a TOML text its tables, keys and values stand, which tomllib does not tell.

Only texts that tomllib has read are looked at, so nothing is checked again here; the tree has the
shape of the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwsim.model.tuples import NamedTuple

_TOKEN = re.compile(
    r"""(?P<newline>\n) | [ \t\r]+ | \#[^\n]*
    | (?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
    | (?P<mark>[\[\]{},=]) | (?P<bare>[^\s\[\]{},=\#"']+)""",
    re.X | re.S,
)


class Token(NamedTuple):
    """A word or a sign of the text; ends of lines are words too."""

    text: str
    start: int
    end: int


class Place:
    """Where a value stands (`start`, `end`), where its key does, and its members' places by key or
    number."""

    def __init__(self, start: int, end: int, key: tuple[int, int] | None = None) -> None:
        self.start, self.end, self.key = start, end, key or (start, end)
        self.members: dict[str | int, Place] = {}

    def at(self, *path: str | int) -> Place:
        """The place of a member of a member …; of the last that is known, if some are not."""
        found = self
        for part in path:
            if part not in found.members:
                break
            found = found.members[part]
        return found


def places(text: str) -> Place:
    """The places of all that stands in a TOML text."""
    return _Reader(text).document()


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup:
            yield Token(found[0], *found.span())


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = [*_tokens(text), Token("", len(text), len(text))]
        self.next = 0
        self.root = Place(0, 0)

    def document(self) -> Place:
        table = self.root
        while (token := self._peek()).text:
            if token.text == "\n":
                self.next += 1
            elif token.text == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.root

    def _peek(self) -> Token:
        return self.tokens[self.next]

    def _take(self) -> Token:
        self.next += 1
        return self.tokens[self.next - 1]

    def _header(self) -> Place:
        """`[a.b]` or `[[a.b]]`, and the table that is meant."""
        first = self._take()
        many = self._peek().text == "[" and self._peek().start == first.end
        self.next += many
        start = self._peek().start
        path = self._key("]")
        end = self.tokens[self.next - 1].start
        self.next += many
        table = self.root
        for name in path[:-1]:
            table = _last(table.members.setdefault(name, Place(start, end)))
        found = table.members.setdefault(path[-1], Place(start, end))
        if many:
            found = found.members.setdefault(len(found.members), Place(start, end))
        return found

    def _pair(self, table: Place) -> None:
        start = self._peek().start
        path = self._key("=")
        key = start, self.tokens[self.next - 2].end
        for name in path[:-1]:
            table = table.members.setdefault(name, Place(*key))
        value = self._value()
        value.key = key
        table.members[path[-1]] = value

    def _key(self, until: str) -> list[str]:
        """The parts of a dotted key; what ends it is taken too."""
        parts: list[str] = []
        while (token := self._take()).text != until:
            if token.text[0] in "\"'":
                parts.append(_unquoted(token.text))
            else:
                parts += filter(None, token.text.split("."))
        return parts

    def _value(self) -> Place:
        first = self._take()
        if first.text == "[":
            return self._members(first, "]")
        if first.text == "{":
            return self._members(first, "}")
        last = first
        while self._peek().text not in ("", "\n", ",", "]", "}"):  # a date and its time
            last = self._take()
        return Place(first.start, last.end)

    def _members(self, first: Token, until: str) -> Place:
        found = Place(first.start, first.end)
        while (token := self._peek()).text != until:
            if token.text in (",", "\n"):
                self.next += 1
            elif until == "}":
                self._pair(found)
            else:
                found.members[len(found.members)] = self._value()
        found.end = self._take().end
        return found


def _last(place: Place) -> Place:
    """Of tables of one name, the one that a header speaks of."""
    numbers = [name for name in place.members if isinstance(name, int)]
    return place.members[numbers[-1]] if numbers else place


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text.strip("'")
    import tomllib

    return str(tomllib.loads(f"key = {text}")["key"])
