"""What `iptables -L` printed, with any of -n, -v, -x and --line-numbers, back into rules.

The columns are those of print_header and print_rule_details (iptables/xshared.c), of today's
releases and of older ones: protocols by name or number, in IPv6 with or without `opt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwsim.language.forms.details import read_details
from fwsim.language.forms.gather import Gathered
from fwsim.language.forms.lines import Line
from fwsim.language.forms.row import WRAPPED, Columns, Row, columns, row
from fwsim.language.rulespec import read_rules
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Span
from fwsim.model.names import family_of

CHAIN = re.compile(
    r"Chain (\S+) \((?:policy (\S+)(?: (\S+) packets, (\S+) bytes)?|(\d{1,9}) references?)\)"
)
_COUNTER = re.compile(r"(\d{1,20})([KMGT]?)")
_THOUSANDS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_GOTO = re.compile(r" *\[goto\](?= |$)")
# Addresses that are shown without -n by names which every machine has for them.
_NAMES = {
    4: {
        "anywhere": "0.0.0.0/0", "localhost": "127.0.0.1", "loopback": "127.0.0.0",
        "link-local": "169.254.0.0", "base-address.mcast.net": "224.0.0.0",
    },
    6: {"anywhere": "::/0", "localhost": "::1", "ip6-localhost": "::1", "ip6-loopback": "::1"},
}  # fmt: skip


class Listing:
    """One table's listing on its way into `gathered`, line by line."""

    def __init__(self, gathered: Gathered, family: int, table: str) -> None:
        self.gathered = gathered
        self.source = gathered.source
        self.family = family
        self.table = table
        self.builder = gathered.builder(family)
        self.chain = ""
        self.columns: Columns | None = None
        self.count = 0
        self.numeric = False

    def line(self, line: Line, head: re.Match[str] | None) -> None:
        """`Chain NAME (…)` if it is a `head`; else the columns' names or a rule."""
        if head:
            self._chain(line, head)
        elif self.columns is None:
            self._heading(line)
        else:
            span = Span(self.source, line.start, line.end)
            self._rule(row(self.source, line, self.columns), span)

    def _chain(self, line: Line, match: re.Match[str]) -> None:
        span = Span(self.source, line.start, line.end)
        self.chain, self.columns, self.count = match[1], None, 0
        self.gathered.show(self.family, self.table, self.chain, span)
        if match[2] is None:
            self.builder.new(self.table, self.chain, span)
            self.gathered.references[self.family, self.table, self.chain] = int(match[5])
            return
        packets, octets = (self._counter(self._group(match, n)) for n in (3, 4))
        self.builder.policy(self.table, self.chain, match[2], (packets, octets), span)

    def _group(self, match: re.Match[str], group: int) -> Word | None:
        text = match[group]
        return Word(text, Span(self.source, *match.span(group))) if text else None

    def _heading(self, line: Line) -> None:
        self.columns = columns(self.source, line)
        if self.columns is None:
            raise ReadError(
                f"expected the names of the columns (target, prot, …) below Chain {self.chain}",
                span=Span(self.source, line.start, line.end),
                hint=WRAPPED,
            )
        if not self.columns.verbose:
            self.gathered.lose("devices (-i, -o) and counters, which only -v shows")

    def _rule(self, cut: Row, span: Span) -> None:
        self.count += 1
        if cut.number and cut.number.text != str(self.count):
            raise ReadError(
                f"expected rule {self.count} of {self.chain}: are rows missing before it?",
                span=cut.number.span,
            )
        packets, octets = (self._counter(word) for word in cut.counters or (None, None))
        words = [*self._core(cut), *self._details(cut, span.end)]
        rules = read_rules(words, self.family, self.chain, span, (packets, octets))
        self.builder.insert(self.table, self.chain, None, rules, span)

    def _counter(self, word: Word | None) -> int:
        if word is None:
            return 0
        found = _COUNTER.fullmatch(word.text)
        if not found:
            raise ReadError("expected a counter such as 84 or 664K", span=word.span)
        if found[2]:
            self.gathered.lose("counters in full (664K may be 663500 to 664499), which -x shows")
        return min(int(found[1]) * _THOUSANDS[found[2]], (1 << 64) - 1)

    def _core(self, cut: Row) -> Iterator[Word]:
        """iptables' own options."""
        if cut.proto.text not in ("all", "0"):
            yield from _option("-p", cut.proto)
        if cut.opt and cut.opt.text != "--":
            yield from _option("-f", cut.opt._replace(text=cut.opt.text.replace("-f", "")))
        for flag, word in zip(("-i", "-o"), cut.devices, strict=False):
            self.numeric |= word.text == "*"
            if word.text not in ("any", "*"):
                yield from _option(flag, word)
        for flag, word in zip(("-s", "-d"), cut.addresses, strict=True):
            yield from _option(flag, word._replace(text=self._address(word)))

    def _address(self, word: Word) -> str:
        """The address, its name made one; the `!` before it stays."""
        mark = "!" if word.text.startswith("!") else ""
        name, slash, length = word.text.removeprefix("!").partition("/")
        known = _NAMES[self.family].get(name)
        self.numeric |= word.text in ("0.0.0.0/0", "::/0")
        if known is None:
            if family_of(name) is None:
                raise ReadError(
                    f"{name!r} is a name: no name is resolved",
                    span=word.span,
                    hint="With -n, `iptables -L` shows addresses.",
                )
            return word.text
        if name != "anywhere":
            self.gathered.note(f"{name} is taken for {known}")
        elif self.family == 6:
            self.gathered.lose("networks that begin with :: and show as `anywhere` without -n")
        return f"{mark}{known}{slash}{length}"

    def _details(self, cut: Row, end: int) -> Iterator[Word]:
        """The matches' words, then the target's."""
        text = self.source.text
        goto = _GOTO.match(text, cut.end, end)
        start = goto.end() if goto else cut.end
        target = cut.target.text if cut.target else ""
        found = read_details(self.source, start, end, target, self.family)
        for lost in found.lost:
            self.gathered.lose(lost)
        yield from found.matches
        if cut.target:
            yield Word("-g" if goto else "-j", cut.target.span)
            yield cut.target._replace(text=found.name)
        yield from found.target

    def finish(self) -> None:
        """The table is whole: say what it was read as."""
        columns = self.columns or Columns(False, False, False, 0)
        given = (self.numeric, columns.verbose, columns.exact, columns.numbered)
        flags = (f for f, on in zip(("-n", "-v", "-x", "--line-numbers"), given, strict=True) if on)
        program = "iptables" if self.family == 4 else "ip6tables"
        self.gathered.forms[" ".join([f"a listing by {program} -L", *flags])] = None


def _option(flag: str, word: Word) -> Iterator[Word]:
    """`-s 10.0.0.0/8`, or `! -s 10.0.0.0/8` for `!10.0.0.0/8`"""
    if word.text.startswith("!"):
        yield Word("!", word.span)
    yield Word(flag, word.span)
    value = word.text.removeprefix("!")
    if flag != "-f":
        yield Word(value, word.span)
