"""A dump into a ruleset, as iptables-restore reads it (iptables/iptables-restore.c)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fwsim.language.builder import Builder
from fwsim.language.commands import run
from fwsim.language.ruleset import TABLES, Ruleset
from fwsim.language.rulespec import OtherFamilyError
from fwsim.language.validate import validate_table
from fwsim.language.words import Statement, statement
from fwsim.model.errors import ReadError, Source, Span

# Begins with one literal character: the search in a large dump is five times as fast so.
_V6_HINT = re.compile(r"-(?:p (?:icmpv6|ipv6-icmp)\b|[sd] [0-9a-fA-F]*:[0-9a-fA-F:]*[/ ])")
MANY_LINES = 500  # from here on it is worth while to learn their shapes


def read(text: str, family: int | None = None, name: str = "ruleset") -> Ruleset:
    """Restore a dump into an empty host; without a family, the text's own signs decide (IPv6
    addresses, ip6tables in a comment), IPv4 otherwise.

    Tables come in the order in which iptables-save would list them afterwards: the one first made
    comes last, as in the kernel's own list. Raises ReadError with file, line, column and caret."""
    source = Source(name, text)
    builder = Builder(Ruleset(family or family_of_dump(text)))
    _refuse_windows(source)
    if text.count("\n") < MANY_LINES:
        restore(builder, source, _lines(text))
    else:
        from fwsim.language.quick import read_lines

        reader = _Reader(builder, source, counted=True, flush=True)
        read_lines(reader, source)
        reader.finish()
    return _filled(builder.freeze(), source)


def read_as_listed(text: str, family: int | None = None, name: str = "ruleset") -> Ruleset:
    """As `read`, for what iptables-save printed on the host itself: tables stay in its order."""
    ruleset = read(text, family, name)
    return Ruleset(ruleset.family, dict(reversed([*ruleset.tables.items()])))


def restore(
    builder: Builder,
    source: Source,
    lines: Iterable[tuple[int, int]],
    *,
    counted: bool = True,
    flush: bool = True,
) -> None:
    """Restore lines of a dump, each a stretch of the source without its line end, onto a host.
    `counted` is iptables-restore's -c, `flush` the opposite of its -n."""
    reader = _Reader(builder, source, counted, flush)
    for start, end in lines:
        reader.line(statement(source, start, end))
    reader.finish()


def family_of_dump(text: str) -> int:
    """6 if the text looks like ip6tables-save's, else 4."""
    return 6 if "ip6tables-save" in text or _V6_HINT.search(text) else 4


def _refuse_windows(source: Source) -> None:
    found = "\r" in source.text and re.search(r"\r$", source.text, re.MULTILINE)
    if found:
        raise ReadError(
            "this line ends in CR LF, as Windows writes it; iptables-restore refuses that",
            span=Span(source, found.start(), found.end()),
            hint="Convert it first: `sed -i 's/\\r$//' FILE`.",
        )


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if line:
            yield start, end
        start = end + 1


class _Reader:
    def __init__(self, builder: Builder, source: Source, counted: bool, flush: bool) -> None:
        self.builder = builder
        self.source = source
        self.counted = counted
        self.flush = flush
        self.table: str | None = None
        self.opened: Span | None = None

    def line(self, line: Statement) -> None:
        if line.kind == "comment":
            return
        span = Span(self.source, line.words[0].span.start, line.words[-1].span.end)
        if line.kind == "table":
            self._open(line, span)
        elif self.table is None:
            raise ReadError(
                "this stands outside any table: expected a line such as *filter before it",
                span=span,
            )
        elif line.kind == "commit":
            self._commit()
        elif line.kind == "chain":
            self._chain(self.table, line, span)
        else:
            self._rule(self.table, line)

    def _open(self, line: Statement, span: Span) -> None:
        if self.table is not None:
            raise ReadError(f"COMMIT of table {self.table} is expected before this", span=span)
        self.table, self.opened = line.words[0].text, span
        (self.builder.clear if self.flush else self.builder.table)(self.table, span)

    def _commit(self) -> None:
        assert self.table is not None
        validate_table(self.builder.freeze().tables[self.table])
        self.table = None

    def _chain(self, table: str, line: Statement, span: Span) -> None:
        name = line.words[0].text
        if not self.flush and name in self.builder.heads[table] and name not in TABLES[table]:
            self.builder.flush(table, name, span)
        elif name not in TABLES[table]:
            self.builder.new(table, name, span)
        if len(line.words) < 2:
            raise ReadError(f"expected a policy behind :{name}, or - for a user chain", span=span)
        policy = line.words[1]
        if policy.text != "-":
            counters = (self.counted and line.counters) or (0, 0)
            self.builder.policy(table, name, policy.text, counters, policy.span)

    def _rule(self, table: str, line: Statement) -> None:
        try:
            run(self.builder, table, line.words, line.counters if self.counted else None)
        except OtherFamilyError:
            return

    def finish(self) -> None:
        if self.table is not None:
            raise ReadError(
                f"the dump ends inside table {self.table}: COMMIT is missing; is it cut off?",
                span=self.opened,
            )


def _filled(ruleset: Ruleset, source: Source) -> Ruleset:
    if not ruleset.tables:
        end = len(source.text)
        raise ReadError(
            "no ruleset is here: expected what iptables-save prints, beginning with *filter",
            span=Span(source, 0, min(end, 40)) if end else None,
        )
    return ruleset
