"""What was read of a text, piece by piece: rules, what their form cannot show, what was assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fwsim.language.bind import bind
from fwsim.language.builder import Builder
from fwsim.language.forms.pasted import Pasted
from fwsim.language.ipset.read import Sets
from fwsim.language.ruleset import TABLES, Ruleset, Table
from fwsim.language.validate import validate
from fwsim.model.errors import ReadError, Source, Span


class Gathered:
    """Rulesets under construction, from the pieces of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.builders: dict[int, Builder] = {}
        self.forms: dict[str, None] = {}
        self.lost: dict[str, None] = {}
        self.notes: dict[str, None] = {}
        self.sets = Sets({})
        self.chains: dict[tuple[int, str, str], Span] = {}
        self.references: dict[tuple[int, str, str], int] = {}

    def builder(self, family: int) -> Builder:
        """The family's ruleset."""
        return self.builders.setdefault(family, Builder(Ruleset(family)))

    def show(self, family: int, table: str, chain: str, span: Span) -> None:
        """A chain stands here. ReadError if the text has it already."""
        first = self.chains.setdefault((family, table, chain), span)
        if first is not span:
            raise ReadError(
                f"{chain} of table {table} (IPv{family}) stands here a second time; "
                f"the first is in line {first.line}",
                span=span,
                hint="Give one of the two. If this is another table or family, put its command "
                "before it, such as `# iptables -t nat -L` or `# ip6tables -S`.",
            )

    def lose(self, text: str) -> None:
        """The form does not show this."""
        self.lost.setdefault(text)

    def note(self, text: str) -> None:
        """This was assumed or passed over."""
        self.notes.setdefault(text)

    def finish(self) -> Pasted:
        """Everything that was read. ReadError where the kernel would not take it."""
        rulesets = {family: b.freeze() for family, b in sorted(self.builders.items())}
        for ruleset in rulesets.values():
            for table in ruleset.tables.values():
                self._whole(ruleset.family, table)
            validate(ruleset)
        sets = self.sets.frozen()
        bound = bind(rulesets, sets) if sets else rulesets
        return Pasted(bound, tuple(self._said()), sets=sets)

    def _whole(self, family: int, table: Table) -> None:
        """What of a table the text leaves out."""
        absent = [c for c in TABLES[table.name] if (family, table.name, c) not in self.chains]
        if absent:
            self.note(
                f"{', '.join(absent)} of table {table.name} (IPv{family}) is not shown: taken to "
                "have no rules, and policy ACCEPT"
            )
        jumps = [rule for chain in table.chains.values() for rule in chain.rules if rule.jump]
        for rule in jumps:
            if rule.jump and rule.jump.chain not in table.chains:
                raise ReadError(
                    f"this goes to {rule.jump.chain}, which is no target that fwsim knows, nor a "
                    f"chain of table {table.name} that this text shows",
                    span=rule.target_span or rule.span,
                    hint=f"Give the whole table: what `iptables-save -t {table.name}` prints.",
                )
        count = Counter(rule.jump.chain for rule in jumps if rule.jump)
        for name in table.chains:
            said = self.references.get((family, table.name, name), 0)
            if said > count[name]:
                self.note(
                    f"{name} has {said} references, but this text shows {count[name]}: "
                    "rules are missing from it"
                )

    def _said(self) -> Iterator[str]:
        lost = f"; lost: {'; '.join(self.lost)}" if self.lost else ""
        if self.forms:
            yield f"read as {' and '.join(self.forms)}{lost}"
        yield from self.notes
