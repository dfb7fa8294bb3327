"""iptables commands: -A -I -D -R -C -P -N -X -F -E -Z, in a dump or behind `--with`.

As do_parse reads them (iptables/xshared.c): the command is usually the first word, but need not be;
-L and -S change nothing.
"""

from __future__ import annotations

from fwsim.language.builder import Builder
from fwsim.language.optnames import COMMANDS, CORE
from fwsim.language.ruleset import TABLES, Rule, Ruleset
from fwsim.language.rulespec import counter_pair, read_rules
from fwsim.language.validate import led_to, validate
from fwsim.language.values import number
from fwsim.language.words import Word, command_words
from fwsim.model.errors import ReadError, Source, Span

_LONG = {
    "append": "-A", "check": "-C", "insert": "-I", "delete": "-D", "replace": "-R", "policy": "-P",
    "new-chain": "-N", "delete-chain": "-X", "flush": "-F", "rename-chain": "-E", "zero": "-Z",
    "list": "-L", "list-rules": "-S",
}  # fmt: skip
_KNOWN = frozenset(_LONG.values())
_ON_RULES = ("-A", "-C", "-D", "-I", "-R")
_LOOKING = ("-C", "-L", "-S")  # they leave the table as it is, counters included
_CHAIN_OPTIONAL = ("-F", "-L", "-S", "-X", "-Z")
_ATTACHED = frozenset(f"-t{name}" for name in TABLES)
PROGRAMS = {
    f"{program}{backend}": family
    for program, family in (("iptables", 4), ("ip6tables", 6))
    for backend in ("", "-legacy", "-nft")
}


def apply(rulesets: dict[int, Ruleset], command: str, name: str = "command") -> None:
    """Carry out one command, `iptables -t nat -A …` or `ip6tables …`, on the rulesets by family,
    replacing the one it changes. Raises ReadError where iptables would refuse."""
    source = Source(name, command)
    words = command_words(source)
    family = 4
    if words and words[0].text == "sudo":
        words = words[1:]
    if words and words[0].text.rpartition("/")[2] in PROGRAMS:
        family = PROGRAMS[words[0].text.rpartition("/")[2]]
        words = words[1:]
    span = Span(source, 0, len(command))
    if not words:
        raise ReadError("this is no command; expected iptables -A CHAIN …", span=span)
    before = rulesets.get(family, Ruleset(family))
    builder = Builder(before)
    table, words = split_table(words)
    builder.table(table.text if table else "filter", table.span if table else span)
    run(builder, table.text if table else "filter", words)
    if next(filter(None, (letter_of(word.text) for word in words))) in _LOOKING:
        return
    changed = builder.freeze()
    validate(changed, before)
    rulesets[family] = changed


def split_table(words: list[Word]) -> tuple[Word | None, list[Word]]:
    """Take `-t TABLE` (or `-tTABLE`, `--table=TABLE`), and -w with its seconds, out."""
    table = None
    rest: list[Word] = []
    pending = list(reversed(words))
    while pending:
        word = pending.pop()
        if word.text in ("-t", "--table"):
            if not pending:
                raise ReadError("-t wants a table behind it", span=word.span)
            table = pending.pop()
        elif word.text.startswith("--table=") or word.text in _ATTACHED:
            table = word._replace(text=word.text.removeprefix("--table=").removeprefix("-t"))
        elif word.text in ("-w", "--wait", "-W", "--wait-interval"):
            if pending and pending[-1].text.isdecimal():
                pending.pop()
        else:
            rest.append(word)
    return table, rest


def run(
    builder: Builder,
    table: str,
    words: list[Word],
    counters: tuple[int, int] | None = None,
    *,
    at_once: bool = False,
) -> None:
    """Carry out one command's words on an open table. ReadError where iptables would refuse;
    `at_once`, that a chain is there when a rule goes to it is not left to `validate`."""
    if words:
        _Command(builder, table, words, counters, at_once).run()


def letter_of(text: str) -> str | None:
    """The command that a word names: `-A`, `-ACHAIN`, `--append`, `--app`, `--append=CHAIN`."""
    if not text.startswith("--"):
        return text[:2] if text[:2] in _KNOWN else None
    name = text[2:].partition("=")[0]
    if name in _LONG or name in CORE:
        return _LONG.get(name)
    begun = [known for known in (*_LONG, *COMMANDS, *CORE) if known.startswith(name)]
    return _LONG.get(begun[0]) if name and len(set(begun)) == 1 else None


class _Command:
    def __init__(
        self,
        builder: Builder,
        table: str,
        words: list[Word],
        counters: tuple[int, int] | None,
        at_once: bool,
    ) -> None:
        self.builder = builder
        self.table = table
        self.counters = counters
        self.at_once = at_once
        self.span = Span(words[0].span.source, words[0].span.start, words[-1].span.end)
        at = next((n for n, word in enumerate(words) if letter_of(word.text)), None)
        if at is None:
            raise ReadError(
                f"expected a command, one of {' '.join(_LONG.values())}, not {words[0].text!r}",
                span=words[0].span,
            )
        self.letter = letter_of(words[at].text) or ""
        self.before = words[:at]
        self.rest = [*_attached(words[at]), *words[at + 1 :]]

    def run(self) -> None:
        if self.letter in _ON_RULES:
            self._rule_command()
        elif self.letter in _CHAIN_OPTIONAL:
            self._chain_command()
        else:
            self._name_command()

    def _take(self, expected: str) -> Word:
        if not self.rest:
            raise ReadError(f"{self.letter} wants {expected}", span=self.span)
        return self.rest.pop(0)

    def _may_take(self) -> Word | None:
        """The next word, unless it is an option."""
        if self.rest and self.rest[0].text[:1] not in ("-", "!"):
            return self.rest.pop(0)
        return None

    def _number(self) -> int | None:
        word = self._may_take()
        if word is None:
            return None
        try:
            return number(word.text, 1, 0x7FFFFFFF)
        except ValueError as err:
            raise ReadError(f"the number of a rule: {err}", span=word.span) from None

    def _rule_command(self) -> None:
        chain = self._take("a chain").text
        at = self._number() if self.letter in ("-D", "-I", "-R") else None
        if self.letter == "-D" and at is not None:
            self._end()
            self.builder.delete(self.table, chain, at, self.span)
            return
        rules = self._rules(chain)
        if self.letter in ("-A", "-I"):
            where = None if self.letter == "-A" else at or 1
            self.builder.insert(self.table, chain, where, rules, self.span)
        elif self.letter == "-R":
            self._replace(chain, at, rules)
        else:
            act = self.builder.delete if self.letter == "-D" else self.builder.check
            for rule in rules:
                act(self.table, chain, rule, self.span)

    def _rules(self, chain: str) -> list[Rule]:
        words, family = self.before + self.rest, self.builder.family
        rules = read_rules(words, family, chain, self.span, self.counters)
        for rule in rules:
            if self.at_once:
                led_to(rule, self.table, self.builder.heads[self.table])
            if self.table == "nat" and rule.target_name == "DROP":
                raise ReadError(
                    "table nat is not for filtering: iptables refuses DROP in it",
                    span=rule.target_span or self.span,
                    hint="Drop in filter, or in raw if it has to be early.",
                )
        return rules

    def _replace(self, chain: str, at: int | None, rules: list[Rule]) -> None:
        if at is None:
            raise ReadError("-R wants a rule's number", span=self.span)
        if len(rules) != 1:
            raise ReadError("-R puts one rule in the place of one", span=self.span)
        self.builder.change(self.table, chain, at, rules[0], self.span)

    def _chain_command(self) -> None:
        word = self._may_take()
        chain = word.text if word else None
        at = self._number() if self.letter in ("-L", "-S", "-Z") else None
        if chain:
            self.builder.head(self.table, chain, self.span)
        if self.letter in ("-L", "-S"):
            return
        self._end()
        if self.letter == "-F":
            self.builder.flush(self.table, chain, self.span)
        elif self.letter == "-X":
            self.builder.remove(self.table, chain, self.span)
        else:
            self.builder.zero(self.table, chain, at, self.span)

    def _name_command(self) -> None:
        chain = self._take("a chain").text
        if self.letter == "-N":
            self.builder.new(self.table, chain, self.span, checked=True)
        elif self.letter == "-E":
            self.builder.rename(self.table, chain, self._take("a new name").text, self.span)
        else:
            self._policy(chain)
        self._end()

    def _policy(self, chain: str) -> None:
        policy = self._take("ACCEPT or DROP")
        if self.table == "nat" and policy.text == "DROP":
            raise ReadError("table nat is not for filtering: no policy DROP", span=policy.span)
        counters = self.counters or (0, 0)
        if self.rest and self.rest[0].text in ("-c", "--set-counters"):
            counters = counter_pair(self.rest.pop(0), self.rest)
        self.builder.policy(self.table, chain, policy.text, counters, policy.span)

    def _end(self) -> None:
        if self.before or self.rest:
            raise ReadError("nothing more is expected here", span=(self.before + self.rest)[0].span)


def _attached(word: Word) -> list[Word]:
    """What hangs on a command's word: the chain of -ACHAIN and --append=CHAIN."""
    text, span = word
    cut = text.find("=") + 1 if text.startswith("--") else 2
    if cut <= 0 or cut >= len(text):
        return []
    return [Word(text[cut:], Span(span.source, span.start + cut, span.end))]
