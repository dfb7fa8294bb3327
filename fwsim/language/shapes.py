"""Shapes of lines: one line read by the grammar and the options' types, and from it a regular
expression that finds the lines which differ from it in values only.

What may differ: the user chain that the rule stands in, the chain it jumps to, counters, and the
values of options whose types tell how they are spelled (fwsim.language.spelling), where nothing
else in the rule depends on them. All else must be the same, character by character. So a line that
is found reads without fault as the first of its shape did, provided that both chains exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fwsim.language.maker import Maker, Slot
from fwsim.language.options import Target, find, modules
from fwsim.language.rules import Dump, Shape
from fwsim.language.ruleset import TABLES, VERDICTS, Rule
from fwsim.language.spelling import spellings
from fwsim.language.types import AddressMask, Interface
from fwsim.language.words import Statement, Word
from fwsim.language.write import rule_line
from fwsim.model.tuples import NamedTuple

BUILT_IN = frozenset(chain for chains in TABLES.values() for chain in chains)
_NAME = r"[^ \t\n\"]++"  # of a chain; whether there is one of that name is seen elsewhere
_USER_CHAIN = rf"(?![FIOP][A-Z]+(?: |$)){_NAME}"  # as no name of a built-in one
_BARE, _QUOTED = r"([^ \n]++)", r'("[^"\n]*+")'  # words that are known to be good
_COUNTER = "(?:0|[1-9][0-9]{0,18})"
_COUNTERS = rf"\[{_COUNTER}:{_COUNTER}\] "
_CORE: Mapping[str, Slot] = {
    "-s": Slot("src", AddressMask()), "-d": Slot("dst", AddressMask()),
    "-i": Slot("in_", Interface()), "-o": Slot("out", Interface()),
}  # fmt: skip


class Plain(dict[str, bool]):
    """Names, and whether -j with each can only mean a user chain. All names longer than `longest`
    are such."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys((*VERDICTS, *BUILT_IN), False))
        self.longest = max(map(len, (*self, *modules())))

    def __missing__(self, name: str) -> bool:
        plain = self[name] = find(Target, name) is None
        return plain


def shape_of(dump: Dump, line: Statement, start: int, end: int, rule: Rule) -> Shape:
    """The shape of a line, -A CHAIN and what follows, that was read as that one rule."""
    text, first = dump.source.text, line.words[0].span.start
    counted = start < first
    regular = re.fullmatch(_COUNTERS, text[start:first]) is not None
    before = _COUNTERS if regular else re.escape(text[start:first])
    saved = rule_line(line.words[1].text, rule)
    canonical = text[first:end] == saved and (regular or not counted)
    match, values, slots = _patterns(dump, line, first, end, rule)
    counts = r"\[([0-9]++):([0-9]++)\] " if regular else before
    maker = Maker(dump.source, start, rule, counts + values, slots, counted=regular)
    pattern, particular = re.compile(before + match), bool(rule.particular or rule.final)
    return Shape(dump, rule, pattern, maker, canonical, counted, particular)


def _patterns(
    dump: Dump, line: Statement, first: int, end: int, rule: Rule
) -> tuple[str, str, tuple[Slot, ...]]:
    """Of the line without its counters: the pattern that finds lines of its shape, the one that
    takes found ones apart, and what their words are."""
    text, at = dump.source.text, first
    match = values = ""
    slots: list[Slot] = []
    for word, form, slot in _varying(line.words, rule, dump.family):
        between = re.escape(text[at : word.span.start])
        match += between + (form if slot.kind else f"({form})")
        values += between + (_QUOTED if word.span.text[0] == '"' else _BARE)
        slots.append(slot)
        at = word.span.end
    rest = re.escape(text[at:end])
    return match + rest + ("" if rule.jump else "()"), values + rest, tuple(slots)


def _varying(words: list[Word], rule: Rule, family: int) -> Iterator[tuple[Word, str, Slot]]:
    """The words that may differ in lines of the same shape, with the form and use of each."""
    yield words[1], _form((_USER_CHAIN,), words[1]) or re.escape(words[1].span.text), Slot("chain")
    given = dict(_given(rule, family))
    at = 2
    while at < len(words):
        word, at = words[at], at + 1
        taken = given.get(word.span.start) or _core(word, words[at:], rule)
        values = [value for value in words[at:] if value.span.start < taken.end]
        at += len(values)
        form = _form(taken.forms, values[0]) if len(values) == 1 else ""
        if form:
            yield values[0], form, taken.slot
        elif taken.slot.name == "jump":
            yield values[0], re.escape(values[0].span.text), taken.slot


class _Taken(NamedTuple):
    """What an option takes: what it is, the forms that its value may have, and where that ends."""

    slot: Slot = Slot("")
    forms: tuple[str, ...] = ()
    end: int = 0


def _given(rule: Rule, family: int) -> Iterator[tuple[int, _Taken]]:
    """The options of the rule's extensions, by where they begin."""
    for number, use in enumerate(rule.uses):
        for option in use.ext.options:
            span = use.options.given[option.name].span if option.name in use.options else None
            if span is not None:
                forms = spellings(option.type, family) if use.is_regular(option.name) else ()
                yield span.start, _Taken(Slot(option.name, option.type, number), forms, span.end)


def _core(option: Word, rest: list[Word], rule: Rule) -> _Taken:
    """As `_given`, for an option that is iptables' own."""
    flag = option.span.text
    if flag in _CORE:
        slot = _CORE[flag]
        assert slot.kind is not None
        return _Taken(slot, spellings(slot.kind, rule.family), rest[0].span.end)
    if flag in ("-j", "-g") and rule.jump:
        return _Taken(Slot("jump"), (_NAME,), rest[0].span.end)
    return _Taken()


def _form(forms: tuple[str, ...], word: Word) -> str:
    """The form that a word has; empty if it has none of them."""
    return next((form for form in forms if re.fullmatch(form, word.span.text)), "")
