"""Rules of a known shape, made from a sample: other values, other places, all else the same.

That a rule made so is what the reader makes of the line is tested (tests/language/test_quick.py).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from fwsim.language.options import Given, Options, Use
from fwsim.language.ruleset import Is, Rule
from fwsim.language.types import Context, Type
from fwsim.model.errors import Source, Span
from fwsim.model.frozen import record
from fwsim.model.tuples import NamedTuple

Anchor = tuple[int, int]  # which varying word stands before a place, and how far behind its end


class Slot(NamedTuple):
    """What a varying word is the value of: the rule's own option of that name, or that of its
    extension number `use`. Without a type it is a chain's name: `chain` or `jump`."""

    name: str
    kind: Type | None = None
    use: int = -1


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
                negated = getattr(self.sample, slot.name).negated
                changes[slot.name] = Is(self._value(slot, word), negated)
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
