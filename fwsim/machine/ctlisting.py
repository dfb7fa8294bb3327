"""The connections that a snapshot shows, looked up without reading them all: a line is taken apart
once a packet asks for its connection.

What only looks for tuples (`_quick`) goes over every line once; lines that it does not know are
read in full by fwsim.machine.ctline, the authority on what a line says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from fwsim.language.ruleset import Ruleset
from fwsim.machine.connection import Connection
from fwsim.machine.tcp_states import STATES
from fwsim.machine.tuples import Tuple
from fwsim.machine.words import say
from fwsim.model.names import address_value
from fwsim.model.packet import TCP, UDP

_SUMMARY = r"conntrack v[0-9.]+ \(conntrack-tools\): [0-9]+ flow entr.*"
_Key = tuple[int, ...]  # a Tuple, or a plain one like it
_MOST_PORTS = 0xFFFF
_MOST_SHOWN = 60  # characters of a line that is none


@cache
def _quick() -> re.Pattern[str]:
    """TCP and UDP as conntrack prints them. Compiled on use."""
    ends = r"src=([0-9a-f.:]+) dst=([0-9a-f.:]+) sport=([0-9]{1,5}) dport=([0-9]{1,5}) "
    counted = r"(?:packets=[0-9]{1,19} bytes=[0-9]{1,19} )?"
    return re.compile(
        rf"ipv(4     2|6     10) (?:tcp      (6) [0-9]{{1,9}} (?:{'|'.join(STATES)})"
        rf"|udp      17 [0-9]{{1,9}}) {ends}{counted}(?:\[UNREPLIED\] )?{ends}{counted}"
        r"(?:\[ASSURED\] )?mark=[0-9]{1,9} (?:helper=[a-zA-Z0-9._-]+ )?use=[0-9]+"
    )


class _Addresses(dict[str, int]):
    """Addresses of one family by their text, each read once."""

    def __init__(self, family: int) -> None:
        super().__init__()
        self.family = family

    def __missing__(self, text: str) -> int:
        value = self[text] = address_value(text, self.family)
        return value


class _Index:
    """Numbers of lines by what they show. Only hashes of keys are kept: whoever is told a line has
    to look at it."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        self.more: dict[int, list[int]] = {}

    def add(self, key: _Key, line: int) -> None:
        hashed = hash(key)
        if self.first.setdefault(hashed, line) != line:
            self.more.setdefault(hashed, []).append(line)

    def get(self, key: _Key) -> list[int]:
        hashed = hash(key)
        if hashed not in self.first:
            return []
        return [self.first[hashed], *self.more.get(hashed, ())]


class Listing:
    """The text of a `conntrack` file. `name` is what complaints call it."""

    def __init__(self, text: str = "", name: str = "") -> None:
        self._text, self._name = text, name

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listing) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _read(self) -> _Read:
        read, addresses = _Read(self._text.splitlines()), (_Addresses(4), _Addresses(6))
        for at, line in enumerate(read.lines):
            try:
                original, reply = _tuples(line, addresses)
            except (ValueError, LookupError):
                if line.strip() and not re.fullmatch(_SUMMARY, line):
                    read.bad.append(at)
                continue
            read.good.append(at)
            read.tuples.add(original, at)
            read.tuples.add(reply, at)
            read.sources.add(_source(original), at)
        return read

    def complaints(self) -> Iterator[str]:
        """What is wrong with the file: one sentence, if any."""
        lines, bad = self._read.lines, self._read.bad
        if bad:
            lost = f"{len(bad)} such lines" if bad[1:] else "this one connection"
            shown = ascii(lines[bad[0]][:_MOST_SHOWN])
            what = f"`conntrack -L -o extended` prints no such line: {shown}"
            yield f"{self._name}:{bad[0] + 1}:1: {what}; left out: {lost}"

    def holders(self, key: Tuple) -> list[int]:
        """The lines of connections that may have this tuple in one direction or the other."""
        return self._read.tuples.get(key) if self._text else []

    def of_source(self, key: Tuple) -> list[int]:
        """The lines of connections that may have the source of this tuple."""
        return self._read.sources.get(_source(key)) if self._text else []

    def all(self) -> list[int]:
        """All lines that show a connection."""
        return self._read.good if self._text else []

    def connection(self, line: int) -> Connection:
        """The connection of a line, made anew."""
        from fwsim.machine import ctline

        return ctline.connection(self._read.lines[line])


NOTHING = Listing()
_UNTOLD = ("connlabel", "connlimit")  # extensions that ask for what a listing has not


def untold(rulesets: Iterable[Ruleset], listing: Listing) -> Iterator[str]:
    """What these rules ask of the connections that are there and a listing does not tell."""
    loaded = frozenset[str]().union(*(ruleset.loaded for ruleset in rulesets))
    for name in _UNTOLD:
        if listing.all() and name in loaded:
            yield say(f"conntrack.{name}")


class _Read:
    def __init__(self, lines: list[str]) -> None:
        self.lines, self.tuples, self.sources = lines, _Index(), _Index()
        self.good: list[int] = []
        self.bad: list[int] = []


def _source(key: _Key) -> tuple[int, ...]:
    """Family, source, protocol, port."""
    return key[0], key[1], key[3], key[4]


def _tuples(line: str, addresses: tuple[_Addresses, _Addresses]) -> tuple[_Key, _Key]:
    """A line's tuples, plain ones where they are read quickly."""
    quick = _quick().fullmatch(line)
    if quick is None:
        from fwsim.machine import ctline

        read = ctline.connection(line)
        return read.original, read.reply
    family, tcp, src, dst, sport, dport, src2, dst2, sport2, dport2 = quick.groups()
    known = addresses[family[0] == "6"]
    proto = TCP if tcp else UDP
    ports = int(sport), int(dport), int(sport2), int(dport2)
    if max(ports) > _MOST_PORTS:
        raise ValueError(line)
    return (
        (known.family, known[src], known[dst], proto, ports[0], ports[1]),
        (known.family, known[src2], known[dst2], proto, ports[2], ports[3]),
    )
