"""A host's rules as text with numbered lines, in which each rule and policy has its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

from fwsim.language.rules import entries_in, is_unmoved, raw_chains
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import save
from fwsim.model.errors import Source
from fwsim.model.trace import Ref
from fwsim.model.tuples import NamedTuple
from fwsim.show.layout import one_line
from fwsim.show.markup import Child, element
from fwsim.show.words import say

Where = tuple[str, str, "int | str"]  # table, chain, rule or "policy"
_MOST, _AROUND = 400, 2  # lines of a text that is shown whole; of a longer one, beside each shown


class Dump(NamedTuple):
    """The text's lines; where rules and policies stand in it, lines counting from 1; and the name
    of the text, if it is the one that the rules were read from."""

    lines: Sequence[str]
    places: Mapping[Where, int]
    name: str = ""

    @property
    def is_whole(self) -> bool:
        """All of its lines are shown."""
        return len(self.lines) <= _MOST

    def line(self, ref: Ref | None) -> int:
        """Where it stands; 0: nowhere."""
        return self.places.get((ref.table, ref.chain, ref.rule), 0) if ref else 0


def dump_of(ruleset: Ruleset) -> Dump:
    """The text that the rules were read from, if it is what iptables-save printed and tells them as
    they are now; else what iptables-save would print."""
    source = _source(ruleset)
    if source is not None:
        dump, policies = _scanned(source.text, source.name)
        if _agrees(ruleset, dump, policies):
            return dump
    return _scanned(save(ruleset), "")[0]


def saved_dump(ruleset: Ruleset) -> Dump:
    """What iptables-save would print; with counters if one has moved."""
    chains = (chain for t in ruleset.tables.values() for chain in raw_chains(t).values())
    moved = any(not is_unmoved(entry) for chain in chains for entry in entries_in(chain))
    return _scanned(save(ruleset, counters=moved), "")[0]


def _source(ruleset: Ruleset) -> Source | None:
    """The one text that all rules came from; None: there is no such one."""
    found: Source | None = None
    for table in ruleset.tables.values():
        for chain in raw_chains(table).values():
            for entry in entries_in(chain):
                if isinstance(entry, tuple):
                    source = entry[0].dump.source
                elif entry.span is not None:
                    source = entry.span.source
                else:
                    return None
                if found is not None and source is not found and source != found:
                    return None
                found = source
    return found


def _scanned(text: str, name: str) -> tuple[Dump, dict[tuple[str, str], str]]:
    """Where rules stand in iptables-save's text, and its policies."""
    lines = text.rstrip("\n").split("\n")
    places: dict[Where, int] = {}
    counts: dict[tuple[str, str], int] = {}
    policies: dict[tuple[str, str], str] = {}
    table = ""
    for number, line in enumerate(lines, 1):
        words = line.split(maxsplit=3)
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":") and words[1:]:
            chain = words[0][1:]
            policies[table, chain] = words[1]
            places[table, chain, "policy"] = number
        elif "-A" in words[:2]:
            chain = words[words.index("-A") + 1] if words[-1] != "-A" else ""
            counts[table, chain] = counts.get((table, chain), 0) + 1
            places[table, chain, counts[table, chain]] = number
    return Dump(lines, places, name), policies


def _agrees(ruleset: Ruleset, dump: Dump, policies: Mapping[tuple[str, str], str]) -> bool:
    """The text has as many rules in each chain, and the same policies."""
    for table in ruleset.tables.values():
        for name, chain in table.chains.items():
            count = len(chain.rules)
            if (count and (table.name, name, count) not in dump.places) or (
                (table.name, name, count + 1) in dump.places
            ):
                return False
            if chain.policy and policies.get((table.name, name), "ACCEPT") != chain.policy:
                return False
    return True


# -- as HTML ---------------------------------------------------------------------------------------


class Marks(NamedTuple):
    """What is marked in a text: lines that packets matched, the one that decided and what is said
    behind it, and lines that something else in the page points to."""

    matched: Collection[int] = ()
    decided: int = 0
    words: str = ""
    near: Collection[int] = ()


def dump_lines(
    dump: Dump,
    marks: Marks,
    shown: Sequence[int] = (),
    name: Callable[[int], str | None] = lambda _: None,
) -> Element:
    """The text; each line is called `name(number)`. Of a long one the lines that are `shown`, else
    those that are marked, and a few around them."""
    shown = shown or _shown(dump, marks)
    wide = len(str(len(dump.lines)))
    return element("pre", *_numbered(dump, marks, shown, wide, name), class_=f"dump digits{wide}")


def _shown(dump: Dump, marks: Marks) -> Sequence[int]:
    every = range(1, len(dump.lines) + 1)
    if dump.is_whole:
        return every
    wanted = {*marks.matched, marks.decided, *marks.near} - {0}
    around = {n for line in wanted for n in range(line - _AROUND, line + _AROUND + 1)}
    heads = (n for n in every if dump.lines[n - 1].startswith("*"))
    return sorted(n for n in {*around, *heads} if n in every)


def _numbered(
    dump: Dump, marks: Marks, shown: Sequence[int], wide: int, name: Callable[[int], str | None]
) -> Iterator[Child]:
    last = 0
    for number in [*shown, len(dump.lines) + 1]:
        if number > last + 1:
            key = "page.lines" if number > last + 2 else "page.lines.one"
            gap = say(key, first=last + 1, last=number - 1, count=number - last - 1)
            yield element("span", f"{' ' * wide}   {gap}", class_="line gap")
            yield "\n"
        if number <= len(dump.lines):
            yield _line(dump, marks, number, wide, name(number))
            yield "\n"
        last = number


_TARGET = re.compile(r'"(?:[^"\\]|\\.)*"| -[jg] (\S+)')
_VERDICTS = {"ACCEPT": "accept", "DROP": "stop", "REJECT": "stop"}


def _coloured(text: str) -> Child:
    """A line with what it is by its look: a table or a chain, a remark, a rule and what it does."""
    if text.startswith(("*", ":")):
        return element("b", text)
    if text.startswith("#"):
        return element("span", text, class_="comment")
    found = next((match for match in _TARGET.finditer(text) if match[1]), None)
    if found is None:
        return text
    target = element("b", found[1], class_=_VERDICTS.get(found[1]))
    return [text[: found.start(1)], target, text[found.end(1) :]]


def _line(dump: Dump, marks: Marks, number: int, wide: int, name: str | None) -> Element:
    decided, matched = number == marks.decided, number in marks.matched
    sign = "→" if decided else "✓" if matched else " "
    words = element("strong", f"  {marks.words}", class_="decided") if decided else None
    kind = "line lit" if decided else "line hit" if matched else "line"
    text = _coloured(one_line(dump.lines[number - 1].rstrip("\r")))
    return element(
        "span", element("span", f"{number:>{wide}} {sign} ", class_="number"), text, words,
        id=name, class_=kind,
    )  # fmt: skip
