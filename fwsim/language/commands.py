"""iptables commands: -A -I -D -R -C -P -N -X -F -E -Z, in a dump or behind `--with`.

As do_parse reads them (iptables/xshared.c): the command is usually the first word, but need not be;
-L and -S change nothing.
"""

from __future__ import annotations

from fwsim.language.builder import Builder
from fwsim.language.getopt import apart
from fwsim.language.optnames import (
    LISTING,
    ambiguous,
    attached,
    core_option,
    counter_pair,
    letter_of,
)
from fwsim.language.ruleset import Rule, Ruleset
from fwsim.language.rulespec import read_rules
from fwsim.language.validate import led_to, validate
from fwsim.language.values import number
from fwsim.language.words import Word, command_words
from fwsim.model.errors import ReadError, Source, Span

_ON_RULES = ("-A", "-C", "-D", "-I", "-R")
_LOOKING = ("-C", "-L", "-S")  # they leave the table as it is, counters included
_ON_CHAINS = ("-P", "-N", "-X", "-F", "-E", "-Z", "-L", "-S")
_CHAIN_OPTIONAL = ("-F", "-L", "-S", "-X", "-Z")
_LISTS = ("-L", "-S")
_EXPECTED = f"expected a command, one of {' '.join((*_ON_RULES, *_ON_CHAINS))}"
AND = "&&"  # as a shell joins commands
PROGRAMS = {
    f"{program}{backend}": family
    for program, family in (("iptables", 4), ("ip6tables", 6))
    for backend in ("", "-legacy", "-nft")
}


def apply(rulesets: dict[int, Ruleset], command: str, name: str = "command") -> None:
    """Carry out one command, `iptables -t nat -A …` or `ip6tables …`, or several with `&&` between
    them, on the rulesets by family, replacing the one it changes. Raises ReadError where iptables
    would refuse."""
    source = Source(name, command)
    words = command_words(source)
    span = Span(source, 0, len(command))
    while any(word.text == AND for word in words):
        end = next(number for number, word in enumerate(words) if word.text == AND)
        _apply(rulesets, words[:end], span)
        words = words[end + 1 :]
    _apply(rulesets, words, span)


def _apply(rulesets: dict[int, Ruleset], words: list[Word], span: Span) -> None:
    family = 4
    if words and words[0].text == "sudo":
        words = words[1:]
    if words and words[0].text.rpartition("/")[2] in PROGRAMS:
        family = PROGRAMS[words[0].text.rpartition("/")[2]]
        words = words[1:]
    if not words:
        raise ReadError("this is no command; expected iptables -A CHAIN …", span=span)
    before = rulesets.get(family, Ruleset(family))
    builder = Builder(before)
    table, words = apart(words, family)
    if not words:
        raise ReadError(_EXPECTED, span=span)
    builder.table(table.text if table else "filter", table.span if table else span)
    if run(builder, table.text if table else "filter", words) in _LOOKING:
        return
    changed = builder.freeze()
    validate(changed, before)
    rulesets[family] = changed


def run(
    builder: Builder,
    table: str,
    words: list[Word],
    counters: tuple[int, int] | None = None,
    *,
    at_once: bool = False,
) -> str:
    """Carry out one command's words on an open table; the command, as `-A`. ReadError where
    iptables would refuse; `at_once`, that a chain is there when a rule goes to it is not left to
    `validate`."""
    if not words:
        return ""
    command = _Command(builder, table, words, counters, at_once)
    command.run()
    return command.letter


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
            for word in words:
                if word.text.startswith("--"):
                    ambiguous(word, ())
            raise ReadError(f"{_EXPECTED}, not {words[0].text!r}", span=words[0].span)
        self.letter = letter_of(words[at].text) or ""
        hanging = attached(words[at])
        self.before = words[:at]
        self.rest: list[Word] = [*([hanging] if hanging else ()), *words[at + 1 :]]
        self.lists = self.letter == "-L"
        if self.letter in (*_LISTS, "-Z"):
            self._listed_and_zeroed()

    def run(self) -> None:
        if self.letter in _ON_RULES:
            self._rule_command()
        elif self.letter in _CHAIN_OPTIONAL:
            self._chain_command()
        else:
            self._name_command()

    def _listed_and_zeroed(self) -> None:
        """-L or -S with -Z beside it, which is to list, then to zero."""
        for at, word in enumerate(self.rest):
            other = letter_of(word.text)
            if other and {self.letter, other} in ({"-L", "-Z"}, {"-S", "-Z"}):
                hanging = attached(word)
                self.rest[at : at + 1] = [hanging] if hanging else []
                self.lists = "-L" in (self.letter, other)
                self.letter = "-Z"
                return

    def _take(self, expected: str) -> Word:
        if not self.rest:
            raise ReadError(f"{self.letter} wants {expected}", span=self.span)
        taken: Word = self.rest.pop(0)
        return taken

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
        words, builder = self.before + self.rest, self.builder
        rules = read_rules(words, builder.family, chain, self.span, self.counters, nft=builder.nft)
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
        at = self._number() if self.letter in (*_LISTS, "-Z") else None
        if chain:
            self.builder.head(self.table, chain, self.span)
        self._end()
        if self.letter in _LISTS:
            return
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
        for words in (self.before, self.rest):
            if words and core_option(words[0].text, ()) == "counters":
                option = words.pop(0)
                hanging = attached(option)
                words[:0] = [hanging] if hanging else []
                counters = counter_pair(option, words)
        self.builder.policy(self.table, chain, policy.text, counters, policy.span)

    def _end(self) -> None:
        for word in self.before + self.rest:
            if not (self.lists and core_option(word.text, ()) in LISTING):
                raise ReadError("nothing more is expected here", span=word.span)
