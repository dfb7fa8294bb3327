"""Rules of a known shape, made from a sample: other values, other places, all else the same.

That a rule made so is what the reader makes of the line is tested (tests/language/test_quick.py).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from fwsim.language.options import Given, Options, Use
from fwsim.language.ruleset import Is, Part, Rule
from fwsim.language.types import Context, Type
from fwsim.model.errors import Source, Span
from fwsim.model.frozen import record, replace
from fwsim.model.tuples import NamedTuple

Anchor = tuple[int, int]  # which varying word stands before a place, and how far behind its end


class Slot(NamedTuple):
    """What a varying word is the value of: the rule's own option of that name, or that of its
    extension number `use`. Without a type it is a chain's name: `chain` or `jump`."""

    name: str
    kind: Type | None = None
    use: int = -1


class Parts(NamedTuple):
    """A rule's parts before all are known: of its `core` options, which are told on asking, those
    that other rules have too (`still`), and its `matches`."""

    still: tuple[Part, ...]
    matches: Sequence[Part]
    core: Callable[[], tuple[Part, ...]]


class Maker:
    """Makes the rules of lines that `values` matches: its groups are, if `counted`, the counters,
    then one for each slot. The first such line begins at `start` and was read as `sample`."""

    def __init__(
        self,
        source: Source,
        start: int,
        sample: Rule,
        values: str,
        slots: tuple[Slot, ...],
        *,
        counted: bool,
    ) -> None:
        self.source, self.start, self.sample = source, start, sample
        self.values, self.slots, self.counted = values, slots, counted
        self._known: dict[tuple[int | str, ...], Part] = {}

    def words(self, start: int) -> re.Match[str]:
        """The varying words of a line of this shape."""
        found = self._values.match(self.source.text, start)
        assert found is not None
        return found

    def rule(self, start: int) -> Rule:
        """The rule of the line that begins there."""
        found = self.words(start)
        words = found.groups()
        changes = dict(self._fields)
        if self.counted:
            changes["counters"] = (int(words[0]), int(words[1]))
        given: dict[int, dict[str, Any]] = {}
        for slot, word in zip(self.slots, words[2:] if self.counted else words, strict=True):
            if slot.use >= 0:
                given.setdefault(slot.use, {})[slot.name] = self._value(slot, word)
            elif slot.kind is not None:
                changes[slot.name] = self._core(slot, word)
            elif slot.name == "jump":
                assert self.sample.jump is not None
                changes["jump"] = self.sample.jump._replace(chain=word)
        spans = self._placed([start, *(found.end(n + 1) for n in range(len(words)))])
        changes["span"], changes["target_span"] = next(spans), next(spans)
        uses = [_use(use, given.get(n, {}), spans) for n, use in enumerate(self.sample.uses)]
        if self.sample.target:
            changes["target"] = uses.pop()
        changes["matches"] = tuple(uses)
        return record(Rule, changes)

    def options(self, start: int, use: int) -> Options:
        """Those of one extension in the rule of that line, without their places."""
        options = self.sample.uses[use].options
        own = [n for n, slot in enumerate(self.slots) if slot.use == use]
        if not own:
            return options
        words = self.words(start).groups()[2 if self.counted else 0 :]
        given = dict(options.given)
        for slot, word in ((self.slots[n], words[n]) for n in own):
            given[slot.name] = Given(self._value(slot, word), given[slot.name].negated)
        return Options(given)

    @cached_property
    def acts_alike(self) -> bool:
        """All rules of the shape do the same with their packets."""
        target = len(self.sample.matches)
        return not self.sample.sharing and all(slot.use < target for slot in self.slots)

    def parts(self, start: int) -> Parts:
        """Those of the rule of that line, without making it; a match's are made once for all lines
        in which its own words are the same."""
        words = self.words(start).groups()[2 if self.counted else 0 :]
        matches = []
        for use, places in enumerate(self._places):
            key = use, *(words[place] for place in places)
            if key not in self._known:
                own = replace(self.sample.matches[use], options=self.options(start, use))
                self._known[key] = self.sample.part(use, own)
            matches.append(self._known[key])
        return Parts(self.still, matches, lambda: self._core_parts(words))

    def _core_parts(self, words: Sequence[str]) -> tuple[Part, ...]:
        pairs = zip(self.slots, words, strict=True)
        changes = {s.name: self._core(s, word) for s, word in pairs if s.use < 0 and s.kind}
        return record(Rule, {**self._fields, **changes}).core()

    @cached_property
    def still(self) -> tuple[Part, ...]:
        """What all lines of the shape have in their core options."""
        varying = {slot.name: None for slot in self.slots if slot.use < 0 and slot.kind}
        return record(Rule, {**self._fields, **varying}).core()

    @cached_property
    def _places(self) -> list[list[int]]:
        """The words that are values of each match."""
        return [
            [n for n, slot in enumerate(self.slots) if slot.use == use]
            for use in range(len(self.sample.matches))
        ]

    def _core(self, slot: Slot, word: str) -> Is[Any]:
        return Is(self._value(slot, word), getattr(self.sample, slot.name).negated)

    def _value(self, slot: Slot, word: str) -> Any:
        assert slot.kind is not None
        return slot.kind.read([word.strip('"')], self._context)

    @cached_property
    def _fields(self) -> dict[str, Any]:
        return {name: getattr(self.sample, name) for name in Rule._fields}

    @cached_property
    def _values(self) -> re.Pattern[str]:
        return re.compile(self.values)

    @cached_property
    def _context(self) -> Context:
        """As the reader has it behind -p; values of the known forms depend on no more."""
        proto = self.sample.proto
        if proto is None:
            return Context(self.sample.family)
        return Context(self.sample.family, None if proto.negated else proto.value, proto.value)

    @cached_property
    def _anchors(self) -> list[tuple[Anchor, Anchor] | None]:
        """Where the sample's places are, counted from its varying words."""
        found = self.words(self.start)
        ends = [self.start, *(found.end(n + 1) for n in range(len(found.groups())))]

        def anchor(at: int) -> Anchor:
            word = bisect_right(ends, at) - 1
            return word, at - ends[word]

        return [span and (anchor(span.start), anchor(span.end)) for span in _spans(self.sample)]

    def _placed(self, ends: list[int]) -> Iterator[Span | None]:
        for anchors in self._anchors:
            if anchors is None:
                yield None
            else:
                (first, before), (last, behind) = anchors
                yield Span(self.source, ends[first] + before, ends[last] + behind)


def _spans(rule: Rule) -> Iterator[Span | None]:
    """All places that a rule knows, in a fixed order."""
    yield from (rule.span, rule.target_span)
    for use in rule.uses:
        yield use.span
        yield from (given.span for given in use.options.given.values())


def _use(use: Use, values: dict[str, Any], spans: Iterator[Span | None]) -> Use:
    span = next(spans)
    given = {
        name: record(
            Given,
            {"value": values.get(name, old.value), "negated": old.negated, "span": next(spans)},
        )
        for name, old in use.options.given.items()
    }
    options = record(Options, {"given": given})
    return record(Use, {"ext": use.ext, "options": options, "span": span})
