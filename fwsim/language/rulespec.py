"""The words behind `-A CHAIN` into rules, as iptables' do_parse reads them (iptables/xshared.c).

Core options are read here, all others by the extensions that the rule loads: -m and -j by name,
and by -p the protocol's own match, where an option of it follows (`-p tcp --dport 80`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from fwsim.language.options import (
    Context,
    Given,
    Match,
    Option,
    Options,
    Target,
    find,
    lookup,
)
from fwsim.language.optnames import (
    NO_PART,
    Loaded,
    ambiguous,
    core_option,
    counter_pair,
    known_option,
    meant_by,
    protocol_match,
)
from fwsim.language.ruleset import VERDICTS, Is, Rule
from fwsim.language.types import AddressMask, Interface
from fwsim.language.values import protocol
from fwsim.language.words import Word
from fwsim.model.actions import Jump
from fwsim.model.errors import ReadError, Span
from fwsim.model.frozen import replace

_NEGATABLE = {"src", "dst", "in_", "out", "proto", "frag", "family"}
_DEVICELESS = {"in_": ("OUTPUT", "POSTROUTING"), "out": ("PREROUTING", "INPUT")}
_ATTACHABLE = {"match", "goto", "counters"}  # do_parse looks at the words for the others


class OtherFamilyError(ReadError):
    """-4 or -6 stands in a rule of the other family, which iptables-restore passes over."""


def read_rules(
    words: list[Word],
    family: int,
    chain: str,
    span: Span,
    counters: tuple[int, int] | None = None,
    *,
    nft: bool = False,
) -> list[Rule]:
    """The rules that these words append: usually one, more where -s or -d lists addresses.
    `counters` are those that stood before them; `nft`: they go to nf_tables.

    Raises ReadError with the place of the word at fault."""
    reader = _Reader(words, Context(family, nft=nft), chain, span)
    reader.counters = counters
    return reader.rules()


class _Reader:
    def __init__(self, words: list[Word], around: Context, chain: str, span: Span) -> None:
        self.words = list(words)
        self.at = 0
        self.family, self.around = around.family, around
        self.chain = chain
        self.span = span
        self.core: dict[str, Is[Any]] = {}
        self.proto_match = ""
        self.addresses: dict[str, list[tuple[int, int]]] = {}
        self.loaded: list[Loaded] = []
        self.verdict: dict[str, Any] = {}
        self.counters: tuple[int, int] | None = None
        self.target_span: Span | None = None

    def rules(self) -> list[Rule]:
        while self.at < len(self.words):
            self._option()
        beside = tuple((one.ext.name, Options(one.given)) for one in self.loaded)
        context = self._context()._replace(beside=beside)
        uses = [one.use(context) for one in self.loaded]
        core: dict[str, Any] = {**self.core, **self.verdict}
        rule = Rule(
            self.family,
            matches=tuple(use for use in uses if isinstance(use.ext, Match)),
            target=next((use for use in uses if isinstance(use.ext, Target)), None),
            counters=self.counters or (0, 0),
            span=self.span,
            target_span=self.target_span,
            around=self.around if self.around.nft else None,
            **core,
        )
        return list(self._expanded(rule))

    def _expanded(self, rule: Rule) -> Iterator[Rule]:
        names = [name for name in ("src", "dst") if name in self.addresses]
        lists = [self.addresses[name] for name in names]
        if max(map(len, lists), default=1) > 1 and any(self.core[n].negated for n in names):
            raise ReadError("! does not go with several addresses", span=self.span)
        for values in product(*lists):
            changes: dict[str, Any] = {
                n: Is(v, self.core[n].negated) if v[1] or self.core[n].negated else None
                for n, v in zip(names, values, strict=True)
            }
            yield replace(rule, **changes)

    def _context(self) -> Context:
        proto = self.core.get("proto")
        if proto is None:
            return self.around
        plain = None if proto.negated else proto.value
        return self.around._replace(proto=plain, named=proto.value)

    def _next(self, option: Word, expected: str) -> Word:
        if self.at >= len(self.words):
            raise ReadError(f"{option.text} wants {expected} behind it", span=option.span)
        self.at += 1
        return self.words[self.at - 1]

    def _option(self) -> None:
        word = self._next(self.words[0], "an option")
        negated = word.text == "!"
        if negated:
            word = self._next(word, "the option that it negates")
        name = core_option(word.text, self.loaded)
        if name is None:
            self._extension_option(word, negated)
            return
        if negated and name not in _NEGATABLE:
            raise ReadError(f"! does not go with {word.text}", span=word.span)
        word = self._detached(word, name)
        if name in NO_PART:
            raise ReadError(f"{word.text} does not belong here", span=word.span)
        getattr(self, f"_read_{name}", self._read_core)(name, word, negated)

    def _detached(self, word: Word, name: str) -> Word:
        """`-mtcp` and `--match=tcp` as two words, where iptables reads them so."""
        text, span = word
        cut = text.find("=") if text.startswith("--") else 2
        if cut < 0 or len(text) == 2:
            return word
        if name not in _ATTACHABLE:
            raise ReadError(f"iptables wants a space between {text[:cut]} and its value", span=span)
        begin = cut + 1 if text[cut] == "=" else cut
        self.at -= 1
        self.words[self.at] = Word(text[begin:], Span(span.source, span.start + begin, span.end))
        return Word(text[:cut], Span(span.source, span.start, span.start + cut))

    # -- core options -------------------------------------------------------------------------

    def _read_core(self, name: str, option: Word, negated: bool) -> None:
        if name in self.core:
            raise ReadError(f"{option.text} is given twice", span=option.span)
        if self.chain in _DEVICELESS.get(name, ()):
            raise ReadError(
                f"{option.text} does not go with {self.chain}: a packet there has no such device",
                span=option.span,
            )
        value = self._value(option, name)
        if name == "proto" and negated and not value:
            raise ReadError("no packet is of no protocol: this would never match", span=option.span)
        self.core[name] = Is(value, negated)

    def _value(self, option: Word, name: str) -> Any:
        if name == "frag":
            if self.family == 6:
                raise ReadError("-f is for IPv4; in IPv6 use -m frag", span=option.span)
            return True
        word = self._next(option, {"proto": "a protocol"}.get(name, "a value"))
        if word.text == "!":
            raise ReadError(
                f"! stands before {option.text}, not behind it", span=word.span,
                hint=f"Write `! {option.text} VALUE`.",
            )  # fmt: skip
        try:
            if name == "proto":
                self.proto_match = protocol_match(word.text)
                return protocol(word.text.lower())
            if name in ("in_", "out"):
                return Interface().read([word.text], self._context())
            return self._address_list(name, word.text)
        except ValueError as err:
            raise ReadError(f"{word.text!r} behind {option.text}: {err}", span=word.span) from None

    def _address_list(self, name: str, text: str) -> tuple[int, int]:
        context = self._context()
        values = [AddressMask().read([part.lstrip()], context) for part in text.split(",")]
        self.addresses[name] = values
        return values[0]

    def _read_family(self, name: str, option: Word, negated: bool) -> None:
        if ("4" in option.text) != (self.family == 4):
            raise OtherFamilyError(f"{option.text} in IPv{self.family} rules", span=option.span)

    def _read_counters(self, name: str, option: Word, negated: bool) -> None:
        if self.counters is not None:
            raise ReadError("this rule's counters are given twice", span=option.span)
        rest = self.words[self.at :]
        self.counters = counter_pair(option, rest)
        self.at = len(self.words) - len(rest)

    def _read_verbose(self, name: str, option: Word, negated: bool) -> None:
        """-v says nothing about the rule."""

    def _read_match(self, name: str, option: Word, negated: bool) -> None:
        word = self._next(option, "a match")
        self.loaded.append(Loaded(lookup(Match, word.text, self.family, word.span), word.span))

    def _read_goto(self, name: str, option: Word, negated: bool) -> None:
        word = self._next(option, "a chain")
        self._once(word)
        self.verdict = {"jump": Jump(word.text, come_back=False)}

    def _read_jump(self, name: str, option: Word, negated: bool) -> None:
        word = self._next(option, "a target")
        self._once(word)
        if word.text in VERDICTS:
            self.verdict = {"verdict": VERDICTS[word.text]}
        elif find(Target, word.text) is not None:
            ext = lookup(Target, word.text, self.family, word.span)
            self.loaded.append(Loaded(ext, word.span))
        else:
            self.verdict = {"jump": Jump(word.text)}

    def _once(self, word: Word) -> None:
        if self.target_span is not None:
            raise ReadError("a rule has one target", span=word.span)
        self.target_span = word.span

    # -- extensions' options ------------------------------------------------------------------

    def _extension_option(self, word: Word, negated: bool) -> None:
        if not word.text.startswith("--"):
            raise ReadError(
                f"{word.text!r} is no option", span=word.span,
                hint="Options begin with -- (some also are -LETTER, then a space); a value with "
                "spaces stands in quotes.",
            )  # fmt: skip
        name, equals, value = word.text.partition("=")
        loaded, option = self._find_option(name[2:], word)
        if negated and not option.negatable:
            raise ReadError(f"! does not go with --{option.name}", span=word.span)
        if option.name in loaded.given and option.again:
            negated |= loaded.given.pop(option.name).negated
        elif option.name in loaded.given and not option.repeats:
            raise ReadError(f"--{option.name} is given twice", span=word.span)
        if equals and (not option.type.arity or option.optional):
            raise ReadError(f"--{option.name} takes no value", span=word.span)
        values = [value] if equals else []
        while len(values) < option.type.arity and not (option.optional and self._at_option()):
            values.append(self._next(word, "a value").text)
        last = self.words[self.at - 1].span
        span = Span(word.span.source, word.span.start, max(last.end, word.span.end))
        try:
            read = option.type.read(values, self._context())
        except ValueError as err:
            raise ReadError(f"--{option.name}: {err}", span=last) from None
        loaded.add(option.name, Given(read, negated, span))

    def _at_option(self) -> bool:
        return self.at >= len(self.words) or self.words[self.at].text[:1] in ("-", "!")

    def _find_option(self, name: str, word: Word) -> tuple[Loaded, Option]:
        found = known_option(name, word, self.proto_match, self.family, self.loaded)
        if found is not None:
            return found
        jump = self.verdict.get("jump")
        if jump is not None and self.target_span is not None:
            raise ReadError(
                f"{word.text} goes with no chain, and fwsim does not know the target {jump.chain}",
                span=self.target_span,
            )
        ambiguous(word, self.loaded)
        hint = meant_by(name, self.family, self.proto_match, self.loaded) or self._suggestion()
        raise ReadError(f"unknown option {word.text}", span=word.span, hint=hint)

    def _suggestion(self) -> str:
        if not self.loaded:
            return "Its match is to be loaded before it: -m NAME, or -p tcp for ports."
        return "; ".join(
            f"{one.ext.name} takes "
            + (", ".join(f"--{option.name}" for option in one.ext.options) or "no options")
            for one in self.loaded
        )
