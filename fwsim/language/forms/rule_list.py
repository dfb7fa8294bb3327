"""What `iptables -S` printed, with or without -v, back into rules: each line is a command."""

from __future__ import annotations

import re

from fwsim.language.commands import run
from fwsim.language.forms.chunk import BUILT_IN
from fwsim.language.forms.gather import Gathered
from fwsim.language.forms.lines import Line
from fwsim.language.words import statement
from fwsim.model.errors import Span

RULE = re.compile(r"(?:\[\d+:\d+\] )?-([PNA]) (\S+)")


class RuleList:
    """One table's rules on their way into `gathered`, line by line."""

    def __init__(self, gathered: Gathered, family: int, table: str) -> None:
        self.gathered = gathered
        self.family = family
        self.table = table
        self.builder = gathered.builder(family)
        self.shown: set[str] = set()
        self.counted = False

    def line(self, line: Line, match: re.Match[str] | None) -> None:
        """`-P CHAIN POLICY`, `-N CHAIN` or `-A CHAIN …`, as RULE matched it."""
        assert match is not None
        source = self.gathered.source
        read = statement(source, line.start, line.end)
        chain = match[2]
        self.counted |= read.counters is not None or any(w.text == "-c" for w in read.words)
        if chain not in self.shown and (match[1] != "A" or chain in BUILT_IN):
            self._show(chain, Span(source, line.start, line.end), match[1])
        run(self.builder, self.table, read.words, read.counters)

    def _show(self, chain: str, span: Span, letter: str) -> None:
        self.shown.add(chain)
        self.gathered.show(self.family, self.table, chain, span)
        if letter == "A":
            self.gathered.note(f"the policy of {chain} is not shown: ACCEPT is assumed")

    def finish(self) -> None:
        """The table is whole: say what it was read as."""
        program = "iptables" if self.family == 4 else "ip6tables"
        verbose = " -v" if self.counted else ""
        self.gathered.forms[f"what {program} -S{verbose} prints"] = None
        if not self.counted:
            self.gathered.lose("counters, which -S shows with -v")
