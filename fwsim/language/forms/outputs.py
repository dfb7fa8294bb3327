"""A text in which people show rules: what iptables-save, `iptables -S` and `iptables -L` print, one
or several of them, among whatever else was written.

Other text is passed over where it stands apart, and that is said; where it stands within rules, it
is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from fwsim.language.forms.chunk import Chunk
from fwsim.language.forms.dumps import sections
from fwsim.language.forms.gather import Gathered
from fwsim.language.forms.lines import (
    Asked,
    Line,
    after_prompt,
    asked,
    changes,
    is_fence,
    is_left_out,
    lines,
    said_of_other,
)
from fwsim.language.forms.listing import CHAIN, Listing
from fwsim.language.forms.pasted import Pasted
from fwsim.language.forms.row import WRAPPED, cells
from fwsim.language.forms.rule_list import RULE, RuleList
from fwsim.language.ipset.words import split
from fwsim.language.read import restore
from fwsim.language.ruleset import TABLES
from fwsim.model.errors import ReadError, Source, Span

_STRAY = re.compile(r":\S+ (?:ACCEPT|DROP|-) \[\d+:\d+\]|COMMIT")
_SET = re.compile(r"create (\S+) (?:hash|bitmap|list):\w|add (\S+) \S")
_OUTSIDE = "this stands outside any table: expected a line such as *filter before it"
_MOST_LINES = 250_000


def read_outputs(source: Source, family: int) -> Pasted:
    """Everything that the text shows; `family` is whose rules they are where nothing tells.

    Raises ReadError where rules cannot be read, or stand there twice."""
    return _Scan(source, family).read()


class _Scan:
    def __init__(self, source: Source, family: int) -> None:
        self.gathered = Gathered(source)
        self.source = source
        self.family = family
        self.sections = {one.start: one for one in sections(source.text, family)}
        self.dumped = {(one.family, one.table) for one in self.sections.values()}
        self.lines = lines(source.text)
        self.asked: Asked | None = None
        self.chunk: Chunk | None = None
        self.chunks: list[tuple[Chunk, int, str]] = []
        self.table = "filter"
        self.sets: set[str] = set()
        self.open = False  # the next line may be of the same chain or run of rules
        self.foreign: Line | None = None  # what stands between rules, if more of them follow
        self.passed = 0
        self.first: Line | None = None
        self.change: Line | None = None
        self.count = 0

    def read(self) -> Pasted:
        for line in self.lines:
            self._line(line, self.source.text[line.start : line.end])
        self._close()
        self._read_chunks()
        self._say_what_was_passed_over()
        return self.gathered.finish()

    def _line(self, line: Line, text: str) -> None:
        if not text or is_fence(text):
            self.open, self.foreign = False, None
        elif self.chunk and is_left_out(text):
            self._left_out(line)
        elif line.start in self.sections:
            self._dump(line)
        elif match := CHAIN.fullmatch(self.source.text, line.start, line.end):
            self._head(line, match)
        elif self.chunk and self.chunk.form == "-L" and self.open and not after_prompt(text):
            self._row(self.chunk, line)
        elif match := RULE.match(self.source.text, line.start, line.end):
            self._rule(line, match)
        elif (match := _SET.match(text)) and (match[1] or match[2] in self.sets):
            self._set(line, match[1])
        elif _STRAY.fullmatch(text):
            self._refuse(line, _OUTSIDE)
        else:
            self._other(line, text)

    def _refuse(self, line: Line, message: str, hint: str | None = None) -> NoReturn:
        raise ReadError(message, span=Span(self.source, line.start, line.end), hint=hint)

    # what shows rules

    def _dump(self, line: Line) -> None:
        self._close()
        section = self.sections[line.start]
        for chain in TABLES[section.table]:
            self.gathered.show(
                section.family, section.table, chain, Span(self.source, line.start, line.end)
            )
        program = "iptables-save" if section.family == 4 else "ip6tables-save"
        self.gathered.forms[f"what {program} prints"] = None
        restore(self.gathered.builder(section.family), self.source, self._dumped(line))

    def _dumped(self, first: Line) -> Iterator[tuple[int, int]]:
        """The lines of one table, up to its COMMIT."""
        yield first.start, first.end
        for line in self.lines:
            text = self.source.text[line.start : line.end]
            if is_left_out(text):
                self._left_out(line)
            if is_fence(text):
                return
            if text:
                yield line.start, line.end
            if text == "COMMIT":
                return

    def _head(self, line: Line, match: re.Match[str]) -> None:
        chunk = self._into("-L", match[1], begins=True)
        self._add(chunk, line, match)

    def _row(self, chunk: Chunk, line: Line) -> None:
        chunk.look([word.text for word in cells(self.source, line)])
        self._add(chunk, line, None)

    def _rule(self, line: Line, match: re.Match[str]) -> None:
        if self.foreign:
            self._refuse(self.foreign, "this is no rule, but stands between rules", WRAPPED)
        chunk = self._into("-S", match[2], begins=match[1] != "A")
        chunk.look(self.source.text[line.start : line.end].split(None, 16)[:16])
        self._add(chunk, line, match)

    def _set(self, line: Line, created: str | None) -> None:
        self._close()
        self.sets |= {created} if created else set()
        self.gathered.forms["what ipset save prints"] = None
        self.gathered.sets.command(split(self.source, line.start, line.end))

    def _into(self, form: str, chain: str, begins: bool) -> Chunk:
        """The chunk that a line about this chain belongs to; `begins`: it shows the chain itself,
        not a rule in it."""
        chunk = self.chunk
        if chunk and (chunk.form != form or not chunk.takes(chain, begins)):
            self._close()
        if self.chunk is None:
            fits = self.asked is not None and self.asked.what in (form, "")
            self.chunk = Chunk(form, self.asked if fits else None)
            self.asked = None
        self.chunk.add(chain)
        return self.chunk

    def _add(self, chunk: Chunk, line: Line, match: re.Match[str] | None) -> None:
        self.open = True
        self.count += 1
        if self.count > _MOST_LINES:
            self._refuse(line, f"more than {_MOST_LINES} lines", "Give what iptables-save prints.")
        chunk.lines.append((line, match))

    def _close(self) -> None:
        """The chunk is over: settle what it is of."""
        chunk, self.chunk, self.open = self.chunk, None, False
        if chunk is not None:
            self.table = chunk.table(self.table, self.source)
            self.chunks.append((chunk, chunk.family(self.family), self.table))

    def _read_chunks(self) -> None:
        """Read what was shown, but for what is there in a form that tells more."""
        listed: dict[tuple[int, str], set[str]] = {}
        for chunk, family, table in self.chunks:
            if chunk.form == "-S":
                listed.setdefault((family, table), set()).update(chunk.chains)
        for chunk, family, table in self.chunks:
            first = chunk.lines[0][0]
            span = Span(self.source, first.start, first.end)
            better = "its dump" if (family, table) in self.dumped else ""
            if chunk.form == "-L" and chunk.chains <= listed.get((family, table), set()):
                better = better or "what -S prints"
            if better:
                self.gathered.note(f"table {table} is shown in several forms: {better} was read")
                continue
            self.gathered.builder(family).table(table, span)
            reader = (Listing if chunk.form == "-L" else RuleList)(self.gathered, family, table)
            for line, match in chunk.lines:
                reader.line(line, match)
            reader.finish()

    # what does not

    def _other(self, line: Line, text: str) -> None:
        one = asked(text)
        if one:
            self._close()
            self.asked = one
        elif text.startswith("# Warning"):
            self.gathered.note(f"the text says {text.removeprefix('# ')!r}")
        else:
            change = changes(text)
            self.change = self.change or (line if change else None)
            if change or not after_prompt(text):
                self._pass_over(line)
        self.open = self.open and self.chunk is not None and self.chunk.form == "-S"

    def _pass_over(self, line: Line) -> None:
        self.passed += 1
        self.first = self.first or line
        if self.open:
            self.foreign = self.foreign or line
        else:
            self._close()

    def _left_out(self, line: Line) -> None:
        self._refuse(
            line,
            "something is left out here, and it may decide",
            "Give the rules in full: what `iptables-save` prints.",
        )

    def _say_what_was_passed_over(self) -> None:
        if self.first:
            for said in said_of_other(self.source, self.passed, self.first, self.change):
                self.gathered.note(said)
