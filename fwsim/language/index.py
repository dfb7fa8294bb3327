"""Which rules of a long chain can be anything but a miss, for a packet.

Rules that ask for one address, network, port or device are found by it. Rules that ask for none, or
only behind a fact with memory, always count. What a rule asks for is read off its predicate. Of
lines that nobody has read, it is read off two of their shape, and the word in which these differ;
then a line that is asked for has the packet's word in it, and a search of the text finds it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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
        pred, drop, _ = part.meaning
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
        self._drops: dict[Pred, Test] = {}
        self._axes: dict[Axis, defaultdict[str, list[int]]] = {}  # rules by word
        alike: defaultdict[int, dict[int, Line]] = defaultdict(dict)
        for number, entry in enumerate(entries):
            if isinstance(entry, tuple):
                alike[id(entry[0])][number] = entry
            else:
                self._add_rule(number, _asked_first(entry))
        found: dict[int, Line] = {}
        for lines in alike.values():
            one = _asked_by([*lines.values()][:: len(lines) // 20 + 1])
            if one is None:
                self._always += lines
            else:
                self._rules(one)
                found |= lines
        self._text = _Text(found)
        for axis in self._axes:  # a zero may stand for any
            self._always += self._text.having(axis.word(0))
        self._always.sort()

    def _add_rule(self, number: int, one: Asked | None) -> None:
        if one is None:
            self._always.append(number)
        else:
            self._rules(one)[one.word].append(number)

    def _rules(self, one: Asked) -> defaultdict[str, list[int]]:
        if one.drops != FALSE and one.drops not in self._drops:
            self._drops[one.drops] = compile_pred(one.drops)
        return self._axes.setdefault(one.axis, defaultdict(list))

    @property
    def drops(self) -> Iterable[Pred]:
        """When rules that it passes over may drop a packet."""
        return self._drops

    def following(self, at: int, view: View) -> int:
        """The first rule from `at` on that may not miss; the chain's length if there is none."""
        if any(drops(view) for drops in self._drops.values()):
            return at
        least = _from(at, self._always, self._end)
        for axis, rules in self._axes.items():
            word = axis.word(view[axis.field.key])
            least = _from(at, rules.get(word, ()), least)
            least = _from(at, self._text.having(word), least)
        return least


_MOST_WORDS = 4096


class _Text:
    """Lines, with their numbers, as a text in which words are searched for."""

    def __init__(self, lines: dict[int, Line]) -> None:
        self._dump = next(iter(lines.values()))[0].dump if lines else None
        self._numbers = sorted(lines, key=lambda number: lines[number][1])
        self._starts = [lines[number][1] for number in self._numbers]
        self._found: dict[str, list[int]] = {}

    def having(self, word: str) -> list[int]:
        """The numbers of the lines in which the word stands; others may be among them."""
        if word not in self._found:
            if len(self._found) > _MOST_WORDS:
                self._found.clear()
            self._found[word] = sorted(set(self._search(f" {word}")))
        return self._found[word]

    def _search(self, word: str) -> Iterator[int]:
        if self._dump is None:
            return
        text, starts = self._dump.source.text, self._starts
        end = self._dump.end(starts[-1])
        at = text.find(word, starts[0], end)
        while at >= 0:
            if text[at + len(word) : at + len(word) + 1] in " \n":
                yield self._numbers[bisect_right(starts, at) - 1]
            at = text.find(word, at + 1, end)


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


def _asked_by(lines: list[Line]) -> Asked | None:
    """What lines of one shape ask for, in the word in which they differ most; None if that cannot
    be told. The word is that of the first line."""
    maker = lines[0][0].maker
    rows = [maker.words(start).groups() for _, start, _ in lines]
    columns = sorted(range(len(rows[0])), key=lambda c: -len({row[c] for row in rows}))
    told = (_told_by(column, rows, lines) for column in columns)
    return next(filter(None, told), None)


def _told_by(column: int, rows: list[tuple[str, ...]], lines: list[Line]) -> Asked | None:
    """What two lines ask for that differ in that word, if their predicates differ alike."""
    at = next((n for n, row in enumerate(rows) if row[column] != rows[0][column]), 0)
    words = rows[0][column], rows[at][column]
    both = zip(asked(rule_of(lines[0])), asked(rule_of(lines[at])), strict=False)
    fits = (
        one
        for one, other in both
        if (one.axis, one.drops) == (other.axis, other.drops) and (one.word, other.word) == words
    )
    return next(fits, None) if at else None
