"""The words behind `-A CHAIN` into rules, as iptables' do_parse reads them (iptables/xshared.c).

Core options are read here, all others by the extensions that the rule loads: -m and -j by name,
and by -p the protocol's own match, where an option of it follows (`-p tcp --dport 80`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from fwsim.language.options import (
    Context,
    Extension,
    Given,
    Match,
    Option,
    Options,
    Target,
    Use,
    checked,
    find,
    lookup,
)
from fwsim.language.ruleset import VERDICTS, Is, Rule
from fwsim.language.types import AddressMask, Interface, number
from fwsim.language.words import Word
from fwsim.model.actions import Jump
from fwsim.model.errors import PacketError, ReadError, Span
from fwsim.model.names import PROTOCOL_NAMES
from fwsim.model.packet import proto_number

_CORE = {
    "-s": "src", "--source": "src", "--src": "src",
    "-d": "dst", "--destination": "dst", "--dst": "dst",
    "-i": "in_", "--in-interface": "in_",
    "-o": "out", "--out-interface": "out",
    "-p": "proto", "--protocol": "proto", "--proto": "proto",
    "-f": "frag", "--fragment": "frag",
    "-m": "match", "--match": "match",
    "-j": "jump", "--jump": "jump",
    "-g": "goto", "--goto": "goto",
    "-c": "counters", "--set-counters": "counters",
    "-4": "family", "--ipv4": "family", "-6": "family", "--ipv6": "family",
}  # fmt: skip
_NEGATABLE = {"src", "dst", "in_", "out", "proto", "frag"}
_DEVICELESS = {"in_": ("OUTPUT", "POSTROUTING"), "out": ("PREROUTING", "INPUT")}
_IMPLICIT = {"ipv6-icmp": "icmp6", "mobility-header": "mh"}


def read_rules(words: list[Word], family: int, chain: str, span: Span) -> list[Rule]:
    """The rules that these words append: usually one, more where -s or -d lists addresses.

    Raises ReadError with the place of the word at fault."""
    return _Reader(words, family, chain, span).rules()


class _Loaded:
    """An extension being given its options."""

    def __init__(self, ext: Extension, span: Span) -> None:
        self.ext = ext
        self.span = span
        self.given: dict[str, Given] = {}

    def use(self, context: Context) -> Use:
        return checked(Use(self.ext, Options(self.given), self.span), context, self.span)


class _Reader:
    def __init__(self, words: list[Word], family: int, chain: str, span: Span) -> None:
        self.words = words
        self.at = 0
        self.family = family
        self.chain = chain
        self.span = span
        self.core: dict[str, Is[Any]] = {}
        self.addresses: dict[str, list[tuple[int, int]]] = {}
        self.matches: list[_Loaded] = []
        self.target: _Loaded | None = None
        self.verdict: dict[str, Any] = {}
        self.counters = (0, 0)
        self.target_span: Span | None = None

    def rules(self) -> list[Rule]:
        while self.at < len(self.words):
            self._option()
        context = self._context()
        rule = Rule(
            self.family,
            matches=tuple(loaded.use(context) for loaded in self.matches),
            target=self.target.use(context) if self.target else None,
            counters=self.counters,
            span=self.span,
            target_span=self.target_span,
            **self.core,
            **self.verdict,
        )
        return list(self._expanded(rule))

    def _expanded(self, rule: Rule) -> Iterator[Rule]:
        for name, values in self.addresses.items():
            if len(values) > 1 and self.core[name].negated:
                raise ReadError(f"! with several addresses in {name} says nothing", span=self.span)
        names = list(self.addresses)
        for values in product(*self.addresses.values()):
            changes: dict[str, Any] = {
                n: Is(v, self.core[n].negated) if v[1] or self.core[n].negated else None
                for n, v in zip(names, values, strict=True)
            }
            yield replace(rule, **changes)

    def _context(self) -> Context:
        proto = self.core.get("proto")
        return Context(self.family, proto.value if proto and not proto.negated else None)

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
        name = _CORE.get(word.text)
        if name is None:
            self._extension_option(word, negated)
            return
        if negated and name not in _NEGATABLE:
            raise ReadError(f"! does not go with {word.text}", span=word.span)
        getattr(self, f"_read_{name}", self._read_core)(name, word, negated)

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
                return self._protocol(word)
            if name in ("in_", "out"):
                return Interface().read([word.text], self.family)
            return self._address_list(name, word.text)
        except (ValueError, PacketError) as err:
            raise ReadError(f"{word.text!r} behind {option.text}: {err}", span=word.span) from None

    def _protocol(self, word: Word) -> int:
        text = word.text.lower()
        value = 0 if text == "all" else proto_number(text)
        if self.family == 6 and value in (0, 43, 44, 60) and text != "all" and value:
            raise ValueError("in IPv6 this header is matched with -m, not -p")
        return value

    def _address_list(self, name: str, text: str) -> tuple[int, int]:
        values = [AddressMask().read([part], self.family) for part in text.split(",")]
        self.addresses[name] = values
        return values[0]

    def _read_family(self, name: str, option: Word, negated: bool) -> None:
        if ("4" in option.text) != (self.family == 4):
            raise ReadError(f"{option.text} in IPv{self.family} rules", span=option.span)

    def _read_counters(self, name: str, option: Word, negated: bool) -> None:
        packets = self._next(option, "a number of packets")
        octets = self._next(option, "a number of bytes")
        try:
            self.counters = (number(packets.text), number(octets.text))
        except ValueError as err:
            raise ReadError(f"{option.text}: {err}", span=packets.span) from None

    def _read_match(self, name: str, option: Word, negated: bool) -> None:
        word = self._next(option, "a match")
        self.matches.append(_Loaded(lookup(Match, word.text, self.family, word.span), word.span))

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
            self.target = _Loaded(lookup(Target, word.text, self.family, word.span), word.span)
        else:
            self.verdict = {"jump": Jump(word.text)}

    def _once(self, word: Word) -> None:
        if self.target is not None or self.verdict:
            raise ReadError("a rule has one target", span=word.span)
        self.target_span = word.span

    # -- extensions' options ------------------------------------------------------------------

    def _extension_option(self, word: Word, negated: bool) -> None:
        if not word.text.startswith("-"):
            raise ReadError(
                f"{word.text!r} is no option", span=word.span,
                hint="Options begin with - or --; a value with spaces stands in quotes.",
            )  # fmt: skip
        name, equals, value = word.text.partition("=")
        loaded, option = self._find_option(name.removeprefix("--"), word)
        if negated and not option.negatable:
            raise ReadError(f"! does not go with --{option.name}", span=word.span)
        if option.name in loaded.given:
            raise ReadError(f"--{option.name} is given twice", span=word.span)
        values = [value] if equals else []
        while len(values) < option.type.arity:
            values.append(self._next(word, "a value").text)
        last = self.words[self.at - 1].span
        span = Span(word.span.source, word.span.start, max(last.end, word.span.end))
        try:
            read = option.type.read(values, self.family)
        except ValueError as err:
            raise ReadError(f"--{option.name}: {err}", span=last) from None
        loaded.given[option.name] = Given(read, negated, span)

    def _find_option(self, name: str, word: Word) -> tuple[_Loaded, Option]:
        loaded = [*reversed(self.matches), *([self.target] if self.target else [])]
        found = _named(loaded, name) or self._implicit(name, word)
        if found is None:
            raise ReadError(
                f"unknown option {word.text}", span=word.span, hint=self._suggestion(loaded)
            )
        return found

    def _implicit(self, name: str, word: Word) -> tuple[_Loaded, Option] | None:
        proto = self._context().proto
        if not proto or proto not in PROTOCOL_NAMES:
            return None
        title = PROTOCOL_NAMES[proto]
        ext = find(Match, _IMPLICIT.get(title, title))
        if ext is None or any(one.ext is ext for one in self.matches):
            return None
        loaded = _Loaded(ext, word.span)
        found = _named([loaded], name)
        if found:
            self.matches.append(loaded)
        return found

    def _suggestion(self, loaded: list[_Loaded]) -> str:
        if not loaded:
            return "Its match is to be loaded before it: -m NAME, or -p tcp for ports."
        takes = (
            f"{one.ext.name} takes {', '.join('--' + o.name for o in one.ext.options) or 'no options'}"
            for one in loaded
        )
        return "; ".join(takes) + "."


def _named(loaded: list[_Loaded], name: str) -> tuple[_Loaded, Option] | None:
    """The option of that name, or the only one whose name begins so (getopt_long's rule)."""
    for one in loaded:
        for option in one.ext.options:
            if name in option.spellings():
                return one, option
    begun = {
        (id(one), option.name): (one, option)
        for one in loaded
        for option in one.ext.options
        if len(name) > 1 and any(s.startswith(name) for s in option.spellings())
    }
    return next(iter(begun.values())) if len(begun) == 1 else None
