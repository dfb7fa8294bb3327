"""Which rules of a long chain can be anything but a miss, for a packet.

Rules that ask for one address, network, port or device are found by it. Rules that ask for none, or
only behind a fact with memory, always count. What a rule asks for is read off its predicate; of
lines that nobody has read, off those of two lines of their shape, and the word in which these two
differ tells it of all others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from fwsim.language.rules import Entry, Line, Rules, rule_of
from fwsim.language.ruleset import Rule
from fwsim.model.fields import Field
from fwsim.model.names import address_text, iface_text
from fwsim.model.pred import FALSE, And, Free, In, Pred, any_of, atoms
from fwsim.model.tuples import NamedTuple
from fwsim.readings.concrete import Test, View, compile_pred

MANY_RULES = 64  # in shorter chains, asking every rule is as quick
_BEST = ("dst", "src", "dport", "sport", "in", "out")


class Axis(NamedTuple):
    """A field without its last `shift` bits, on which rules ask for one value each."""

    field: Field
    shift: int = 0

    def word(self, value: int) -> str:
        """The value as iptables-save writes it; empty if not as one word."""
        if self.field.kind == "address":
            text = address_text(value >> self.shift << self.shift, self.field.bits)
            return f"{text}/{self.field.bits - self.shift}"
        if self.shift:
            return ""
        return iface_text(value) if self.field.kind == "iface" else str(value)


class Asked(NamedTuple):
    """That a rule asks for the value that is written so. A packet for which `drops` holds may be
    dropped by the rule before that."""

    axis: Axis
    word: str
    drops: Pred


def asked(rule: Rule) -> Iterator[Asked]:
    """What a rule asks for, before any fact that remembers being asked."""
    drops: Pred = FALSE
    for part in rule.parts:
        pred, drop = part.meaning
        drops = any_of(drops, drop)
        for one in (drop, *(pred.preds if isinstance(pred, And) else (pred,))):
            if any(isinstance(atom, Free) for atom in atoms(one)):
                return
            if isinstance(one, In) and one.mask is None and len(one.spans) == 1:
                low, high = one.spans[0]
                axis = Axis(one.field, (high - low).bit_length())
                if low | (1 << axis.shift) - 1 == high and not low & (1 << axis.shift) - 1:
                    yield Asked(axis, axis.word(low), drops)


class Index:
    """Where the rules of a chain stand, by what they ask for."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._end = len(entries)
        self._always: list[int] = []
        self._places: defaultdict[Axis, defaultdict[str, list[int]]]
        self._places = defaultdict(lambda: defaultdict(list))
        self._drops: dict[Pred, Test] = {}
        self._fill(entries)
        self._always.sort()
        for places in self._places.values():
            for numbers in places.values():
                numbers.sort()

    def _fill(self, entries: Sequence[Entry]) -> None:
        alike: defaultdict[int, list[tuple[int, Line]]] = defaultdict(list)
        for number, entry in enumerate(entries):
            if isinstance(entry, tuple):
                alike[id(entry[0])].append((number, entry))
            else:
                one = _asked_first(entry)
                self._put(one, [(number, one.word)] if one else [(number, "")])
        for lines in alike.values():
            self._put(*_asked_by(lines))

    def _put(self, one: Asked | None, words: Iterable[tuple[int, str]]) -> None:
        """Rules, each with its word, that ask for such words."""
        if one is None:
            self._always += (number for number, _ in words)
            return
        places, none = self._places[one.axis], one.axis.word(0)  # which may stand for any
        for number, word in words:
            (places[word] if word != none else self._always).append(number)
        if one.drops != FALSE and one.drops not in self._drops:
            self._drops[one.drops] = compile_pred(one.drops)

    def following(self, at: int, view: View) -> int:
        """The first rule from `at` on that may not miss; the chain's length if there is none."""
        if any(drops(view) for drops in self._drops.values()):
            return at
        least = _from(at, self._always, self._end)
        for axis, places in self._places.items():
            least = _from(at, places.get(axis.word(view[axis.field.key]), ()), least)
        return least


def index_of(rules: Sequence[Rule]) -> Index | None:
    """The index of a long chain, made when it is first asked for; None for a short one."""
    if len(rules) < MANY_RULES or not isinstance(rules, Rules):
        return None
    index: Index | None = getattr(rules.entries, "index", None)
    if index is None:
        index = rules.entries.index = Index(rules.entries)
    return index


def _from(at: int, numbers: Sequence[int], end: int) -> int:
    """The first of these sorted numbers from `at` on, `end` at most."""
    place = bisect_left(numbers, at)
    return min(numbers[place], end) if place < len(numbers) else end


def _asked_first(rule: Rule) -> Asked | None:
    """The most telling of what a rule asks for."""
    found = {one.axis.field.name: one for one in asked(rule) if one.word}
    return next((found[name] for name in _BEST if name in found), None)


_SOME = 50


def _asked_by(lines: list[tuple[int, Line]]) -> tuple[Asked | None, Iterable[tuple[int, str]]]:
    """What lines of one shape ask for, in the word in which they differ most; each with its word.
    None if that cannot be told."""
    some = [line for _, line in lines[:: len(lines) // _SOME + 1]]
    find = some[0][0].maker.words
    rows = [find(start).groups() for _, start, _ in some]
    for column in sorted(range(len(rows[0])), key=lambda c: -len({row[c] for row in rows})):
        one = _told_by(column, rows, some)
        if one is not None:
            return one, ((number, find(start)[column + 1]) for number, (_, start, _) in lines)
    return None, [(number, "") for number, _ in lines]


def _told_by(column: int, rows: list[tuple[str, ...]], lines: list[Line]) -> Asked | None:
    """What two lines ask for that differ in that word, if it is that word and no other."""
    first = rows[0]
    at = next((n for n, row in enumerate(rows) if row[column] != first[column]), 0)
    words = first[column], rows[at][column]
    if [*zip(first, rows[at], strict=True)].count(words) > 1:
        return None
    both = zip(asked(rule_of(lines[0])), asked(rule_of(lines[at])), strict=False)
    fits = [
        one
        for one, other in both
        if (one.axis, one.drops) == (other.axis, other.drops) and (one.word, other.word) == words
    ]
    return fits[0] if at and len(fits) == 1 else None
