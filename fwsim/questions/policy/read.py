"""A policy's text. What is wrong with it is told with its place and the nearest word that would be
right; names are looked up later, by the place that is tested."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from os.path import dirname, exists, isabs, join
from typing import Any

from fwsim.machine.pile import read_file
from fwsim.model.errors import FwsimError, PlaceError, ReadError, Source, Span
from fwsim.model.fields import DPORT
from fwsim.model.packet import WITH_PORTS, proto_number
from fwsim.questions.asked import ports
from fwsim.questions.policy.model import (
    ANYWHERE,
    INTERNET,
    ISOLATED,
    KINDS,
    MUST,
    MUST_NOT,
    UNCHANGED,
    End,
    Line,
    Policy,
    Said,
)
from fwsim.questions.policy.places import Place, places

MOST_BYTES = 1 << 20
_MOST_LINES = 2000
_MOST_ENDS = 5000
_TOLD = 4
_TOP = ("from", "groups", *KINDS)
_ENDS = ("from", "except", "to", "in", "proto", "port", "why")
KEYS: Mapping[str, tuple[str, ...]] = {
    MUST: _ENDS,
    MUST_NOT: _ENDS,
    ISOLATED: ("between", "proto", "port", "why"),
    UNCHANGED: ("place", "from", "to", "in", "proto", "port", "why"),
}
_NEEDED = {MUST: ("from", "to"), MUST_NOT: ("to",), ISOLATED: ("between",), UNCHANGED: ("place",)}
_WHERE = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.S)


def open_policy(path: str) -> Policy:
    """The policy in a file. PlaceError if it cannot be read, ReadError for what is wrong in it."""
    data = read_file(path)
    if len(data) > MOST_BYTES:
        raise PlaceError(f"{path}: larger than {MOST_BYTES >> 20} MiB: this is no policy")
    try:
        return read_policy(data.decode().replace("\r\n", "\n"), path)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PlaceError(f"{path}: line {line} is no UTF-8 text, which TOML is") from None


def read_policy(text: str, name: str) -> Policy:
    """The policy of a text. ReadError with line, column and caret for whatever is wrong."""
    import tomllib

    source = Source(name, text)
    try:
        data = tomllib.loads(text)
        tree = places(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad_toml(error, source) from None
    except ValueError:
        raise _long_number(source) from None
    except RecursionError:
        raise ReadError(f"{name}: lists and tables are nested too deeply") from None
    return _Reader(data, tree, source).policy()


def _bad_toml(error: Exception, source: Source) -> ReadError:
    found = _WHERE.fullmatch(str(error))
    what = found[1] if found else str(error)
    at = len(source.text.rstrip())
    if found and found[2]:
        before = source.text.split("\n")[: int(found[2]) - 1]
        at = sum(len(line) + 1 for line in before) + int(found[3]) - 1
    what = what[:1].lower() + what[1:]
    return ReadError(f"this is no TOML: {what}", span=Span(source, at, at + 1))


def _long_number(source: Source) -> ReadError:
    """Python reads no number of more than some thousand digits."""
    found = re.search(r"[\d_]{1000,}", source.text)
    span = Span(source, found.start(), found.end()) if found else None
    return ReadError("this number is too long", span=span)


class _Reader:
    def __init__(self, data: dict[str, Any], tree: Place, source: Source) -> None:
        self.data, self.tree, self.source = data, tree, source
        self.groups: dict[str, Any] = {}
        self.ends = 0

    def policy(self) -> Policy:
        self._known(self.tree, self.data, _TOP, "a policy")
        self.groups = self._table(self.data.get("groups", {}), self.tree.at("groups"), "groups")
        for name in self.groups:
            at = self.tree.at("groups", name)
            if name in (ANYWHERE, INTERNET):
                raise self._error(f"{name!r} has a meaning already", Span(self.source, *at.key))
            tuple(self._ends(self.groups[name], at, (name,)))  # even if nobody uses it
        place = self.data.get("from", "")
        if not isinstance(place, str):
            raise self._wrong("from", 'a place, such as "rules.txt"', self.tree.at("from"))
        lines = sorted(self._lines(), key=lambda line: line.span.start if line.span else 0)
        if not lines:
            hint = 'Such as:\n[[must]]\nfrom = "web"\nto = "db"\nproto = "tcp"\nport = 5432'
            raise ReadError(f"{self.source.name}: this policy asks for nothing", hint=hint)
        return Policy(self.source.name, tuple(lines), self._beside(place), tuple(self.groups))

    def _lines(self) -> Iterator[Line]:
        for kind in KINDS:
            tables, tree = self.data.get(kind, []), self.tree.at(kind)
            if not isinstance(tables, list):
                hint = f"Every demand is a table of its own: [[{kind}]]"
                raise self._wrong(kind, f"a list of tables: write [[{kind}]]", tree, hint=hint)
            if len(tables) > _MOST_LINES:
                raise self._error(f"more than {_MOST_LINES} demands", self._span(tree))
            for number, table in enumerate(tables):
                yield self._line(kind, self._table(table, tree.at(number), kind), tree.at(number))

    def _line(self, kind: str, table: dict[str, Any], tree: Place) -> Line:
        self._known(tree, table, KEYS[kind], f"[[{kind}]]")
        for name in _NEEDED[kind]:
            if name not in table:
                raise self._error(f"[[{kind}]] does not say {name!r}", self._span(tree))
        why = table.get("why", "")
        if not isinstance(why, str):
            raise self._wrong(_text(why), "a text", tree.at("why"))
        sides = self._sides(table, tree)
        line = Line(
            kind,
            sources=self._ends_at(table, tree, "from"),
            targets=self._ends_at(table, tree, "to"),
            but=self._ends_at(table, tree, "except"),
            sides=sides,
            protos=self._said(table, tree, "proto", 'a protocol, such as "tcp"', _proto),
            ports=self._said(table, tree, "port", 'a port, or ports: 80, "8000-8010"', _port),
            in_=self._word(table, tree, "in", "a device"),
            place=self._word(table, tree, "place", 'a place, such as "before.txt"'),
            why=why,
            who=_words(table["between"], " ↔ ") if sides else _words(table.get("from", "")),
            whom=_words(table.get("to", "")),
            span=self._span(tree),
        )
        self._check(line, tree)
        return line

    def _check(self, line: Line, tree: Place) -> None:
        """What single values do not show."""
        if line.ports:
            at = self._span(tree.at("port"))
            for proto in line.protos:
                if proto_number(proto.text) not in WITH_PORTS:
                    raise self._error(f"{proto.text} has no ports", proto.span or at)
        if line.kind == ISOLATED and len(line.sides) < 2:
            hint = 'Such as between = ["dmz", "office"].'
            raise self._error("between whom?", self._span(tree.at("between")), hint)

    # -- values ------------------------------------------------------------------------------------

    def _ends_at(self, table: dict[str, Any], tree: Place, key: str) -> tuple[End, ...]:
        if key not in table:
            return ()
        return tuple(dict.fromkeys(self._ends(table[key], tree.at(key), ())))

    def _sides(self, table: dict[str, Any], tree: Place) -> tuple[tuple[End, ...], ...]:
        """Each is what one word of `between` means; a group is one side."""
        if "between" not in table:
            return ()
        listed = self._listed(table["between"], tree.at("between"), "a list of who is kept apart")
        return tuple(tuple(self._ends(value, at, ())) for value, at in listed)

    def _ends(self, value: Any, tree: Place, within: tuple[str, ...]) -> Iterator[End]:
        """Names and addresses, groups told by their members."""
        what = "a name, an address, a network, or a list of such"
        for text, at in self._listed(value, tree, what):
            if not isinstance(text, str) or not text:
                raise self._wrong(_text(text), what, at)
            if text in within:
                ring = " → ".join([*within[within.index(text) :], text])
                raise self._error(f"group {text!r} is a part of itself: {ring}", self._span(at))
            self.ends += 1
            if self.ends > _MOST_ENDS:
                raise self._error(f"more than {_MOST_ENDS} names and addresses", self._span(at))
            if text in self.groups:
                inner = self._ends(self.groups[text], self.tree.at("groups", text), (*within, text))
                yield from (end._replace(span=self._span(at)) for end in inner)
            else:
                yield End(text, self._span(at))

    def _said(
        self, table: dict[str, Any], tree: Place, key: str, what: str, fits: Callable[[Any], str]
    ) -> tuple[Said, ...]:
        if key not in table:
            return ()
        found = []
        for value, at in self._listed(table[key], tree.at(key), what):
            try:
                found.append(Said(fits(value), self._span(at)))
            except (FwsimError, TypeError, ValueError) as error:
                hint = error.message if isinstance(error, FwsimError) else ""
                raise self._wrong(_text(value), what, at, hint=hint) from None
        return tuple(found)

    def _word(self, table: dict[str, Any], tree: Place, key: str, what: str) -> Said | None:
        if key not in table:
            return None
        value, at = table[key], tree.at(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(_text(value), what, at)
        return Said(self._beside(value) if key == "place" else value, self._span(at))

    def _listed(self, value: Any, tree: Place, what: str) -> Iterator[tuple[Any, Place]]:
        """A value, or the members of a list of such."""
        if not isinstance(value, list):
            yield value, tree
            return
        if not value:
            raise self._wrong("[]", what, tree)
        yield from ((member, tree.at(number)) for number, member in enumerate(value))

    def _table(self, value: Any, tree: Place, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(key, "a table", tree)
        return value

    def _known(self, tree: Place, table: dict[str, Any], names: tuple[str, ...], of: str) -> None:
        for name in table:
            if name not in names:
                near = get_close_matches(name, names, 1, 0.5)
                known = f"There is: {', '.join(names)}."
                hint = f"Did you mean {near[0]!r}?" if near else known
                span = Span(self.source, *tree.at(name).key)
                raise self._error(f"{of} has no key {name!r}", span, hint)

    def _beside(self, place: str) -> str:
        """A place as seen from where one is: files stand beside the policy."""
        beside = join(dirname(self.source.name), place)
        return beside if place and not isabs(place) and exists(beside) else place

    def _span(self, tree: Place) -> Span:
        return Span(self.source, tree.start, tree.end)

    def _error(self, message: str, span: Span, hint: str = "") -> ReadError:
        return ReadError(message, span=span, hint=hint or None)

    def _wrong(self, value: str, what: str, at: Place, hint: str = "") -> ReadError:
        return self._error(f"{value[:60]!r} is not {what}", self._span(at), hint)


def _words(value: Any, between: str = ", ") -> str:
    """Ends as the policy has them, not too many."""
    named = [_text(v) for v in (value if isinstance(value, list) else [value])]
    more = ["…"] if len(named) > _TOLD else []
    return between.join([*named[:_TOLD], *more])


def _text(value: Any) -> str:
    """As text, whatever it is: hexadecimal numbers may be longer than Python writes out."""
    try:
        return str(value)
    except ValueError:
        return "…"


def _proto(value: Any) -> str:
    proto_number(value)
    return str(value)


def _port(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(value)
    ports(str(value), DPORT)
    return str(value)
