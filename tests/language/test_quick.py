"""Large dumps are read quickly, and as every dump is: rule for rule, error for error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwsim.language import quick
from fwsim.language import read as reading
from fwsim.language.commands import apply
from fwsim.language.options import Option
from fwsim.language.rules import Rules, parts_of
from fwsim.language.ruleset import Chain, Rule, Ruleset, drops_of, pred_of
from fwsim.language.spelling import spellings
from fwsim.language.types import AddressMask, Context, Interface, Type
from fwsim.language.words import statement
from fwsim.language.write import rule_text, save
from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.pred import And, Pred

from .dumps import published, random_dump
from .examples import ACCEPTED, MODULES, extensions

Seen = tuple[Any, ...] | str


def _read(text: str, family: int, many: int) -> Seen:
    """All that can be told of what comes of a dump, if `many` lines make it a large one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MANY_LINES", many)
        patch.setattr(quick, "FEW_LINES", 1)
        try:
            return tuple(_seen(reading.read(text, family, "x.rules")))
        except ReadError as error:
            return str(error)


def _seen(ruleset: Ruleset) -> Iterator[Any]:
    yield ruleset.family
    yield save(ruleset, counters=True)  # before the rules are read
    yield save(ruleset)
    for table in ruleset.tables.values():
        for chain in table.chains.values():
            yield table.name, chain.name, chain.policy, chain.counters, _place(chain.span)
            yield tuple(_condition(chain.rules, at) for at in range(len(chain.rules)))
            yield tuple(_shown(rule.pred, rule.drops) for rule in chain.rules)
            yield tuple((rule, rule_text(rule), *_aside(rule)) for rule in chain.rules)
    yield save(ruleset, counters=True)


def _condition(rules: Sequence[Rule], at: int) -> str:
    """A rule's, which need not be read for that. What all rules of its shape ask for is a part."""
    found = parts_of(rules, at)
    parts = (*found.core(), *found.matches)
    still = {one for part in found.still for one in _conjuncts(part.meaning.pred)}
    assert still <= {one for part in parts for one in _conjuncts(part.meaning.pred)}
    return _shown(pred_of(parts), drops_of(parts))


def _shown(*preds: Pred) -> str:
    """They, but for which of equal functions an extension made for its own field."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(preds))


def _conjuncts(pred: Pred) -> tuple[Pred, ...]:
    return pred.preds if isinstance(pred, And) else (pred,)


def _aside(rule: Rule) -> Iterator[Any]:
    """What does not count when rules are compared."""
    yield rule.counters
    yield _place(rule.span), _place(rule.target_span)
    for use in rule.uses:
        yield _place(use.span), [_place(given.span) for given in use.options.given.values()]


def _place(span: Span | None) -> tuple[Any, ...] | None:
    return span and (span.source.name, span.line, span.column, span.text)


def _agree(text: str, family: int) -> Seen:
    slowly = _read(text, family, many=1 << 60)
    assert _read(text, family, many=0) == slowly
    return slowly


# on real dumps, on random ones


@pytest.mark.parametrize("file", published(), ids=str)
def test_a_published_ruleset_is_read_alike(file: Any) -> None:
    _agree(file.text(), file.family)


@pytest.mark.parametrize("family", [4, 6])
def test_random_dumps_are_read_alike(family: int, seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        text = random_dump(random, family)
        assert not isinstance(_agree(text, family), str)


_VALUES = (
    "0", "1", "7", "00", "010", "80", "65535", "65536", "70000", "4294967295", "4294967296", "-1",
    "0x0", "0x1", "0x10", "0x01", "0xffffffff", "0xfffffffff", "0x1/0xff", "0x1/0xffffffff", "1/1",
    "10.0.0.1", "10.0.0.1/32", "10.1.2.0/24", "10.1.2.3/24", "10.1.0.0/16", "0.0.0.0/0", "10.1",
    "010.0.0.1", "256.0.0.1", "10.0.0.1:80", "10.0.0.1:0", "10.0.0.1:080", "10.0.0.1:65536",
    "10.0.0.1-10.0.0.9", ":80", "1.2.3.4/255.0.255.0", "fd00::1", "fd00::1/128", "fd00::/64",
    "fd00:0:0:1::/64", "fd00::0:1/128", "FD00::1/128", "1:2:3:4:5:6:7:8/128", "::1/128", "::/0",
    "1:2:3:4:5:6::8/128", "1::2::3/128", "[fd00::1]:80", "lo", "+", "eth0", "eth+", "a+b", "!",
    "abcdefghijklmno", "abcdefghijklmnop", "x y", '"x y"', '"a\\"b"', '"plain"', '""', '"', "ä",
    "'x'", '"x' + "y" * 255 + '"', '" ' + "y" * 254 + '"', "INPUT", "web", "ACCEPT", "MARK", "mark",
    "nosuch", "-j", "--dport", "tcp", "udp", "RETURN", "dns", "-A",
)  # fmt: skip
_SPLIT = re.compile(r'[ \t]+|"(?:\\.|[^"\\])*"|[^ \t"]+')


def _varied(random: Random, line: str) -> str:
    """The line with one or two of its words replaced, most often where a value stands."""
    words = _SPLIT.findall(line)
    values = [at for at, word in enumerate(words) if at > 1 and word.strip() and word[0] != "-"]
    for _ in range(random.choice((1, 1, 1, 2))):
        at = random.choice(values) if values and random.random() < 0.9 else len(words) - 1
        words[at] = random.choice(_VALUES)
    return "".join(words)


def _dump(table: str, *lines: str) -> str:
    return "\n".join([f"*{table}", ":web - [0:0]", ":dns - [0:0]", *lines, "COMMIT", ""])


@pytest.mark.parametrize("module", MODULES)
def test_lines_that_look_alike_are_read_alike(module: str, seed: int) -> None:
    """Each extension's examples: repeated, so that their shape is known, then with other values."""
    random = Random(f"{seed}{module}")
    for example in (example for example in ACCEPTED if example.extension == module):
        chain = random.choice((example.chain, "web"))
        option = random.choice(("", "-s 10.0.0.1/32", "-d fd00::1/128", "-i eth0", "! -o lo"))
        line = f"-A {chain} {option} {example.rule}".replace("  ", " ")
        for _ in range(2):
            text = _dump(example.table, line, line, line, _varied(random, line))
            _agree(text, example.family)


CORE = (
    "-A web -s 10.0.0.1/32 -j dns",
    "-A web -s 10.0.0.1/32 -d 10.1.2.0/24 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT",
    "-A INPUT -i eth0 -g web",
    '[1:2] -A web ! -d 10.0.0.1 -o eth+ -j LOG --log-prefix "x y"',
    '-A dns -p udp -m comment --comment "a b" -m udp --sport 53 -m mark --mark 0x1/0xff -j web',
    "-A web -p tcp -m tcp --dport 80 --sport 80 -j REJECT --reject-with tcp-reset",
    "-A web -m comment --comment -s -j DROP",
)


@given(
    st.lists(st.sampled_from(CORE), min_size=1, max_size=3),
    st.integers(0, 1 << 32),
    st.sampled_from([4, 6]),
)
def test_core_options_of_other_values_are_read_alike(
    lines: list[str], seed: int, family: int
) -> None:
    random = Random(seed)
    if family == 6:
        lines = [line.replace("10.1.2.0/24", "fd00::/64") for line in lines]
        lines = [re.sub(r"10\.0\.0\.1(/32)?", "fd00::1/128", line) for line in lines]
    others = [_varied(random, random.choice(lines)) for _ in range(random.randrange(4))]
    for other in others:
        _agree(_dump("filter", *lines, *lines, other), family)
    _agree(_dump("filter", *lines, *lines, *others, *lines), family)


REFUSED = [
    ("*filter", *[":x - [0:0]"] * 3),
    ("*filter", ":a - [0:0]", ":b - [0:0]", ":ACCEPT - [0:0]"),
    ("*filter", ":a - [0:0]", ":b - [0:0]", ":INPUT - [0:0]", ":INPUT ACCEPT [0:0]", "COMMIT"),
    (":a - [0:0]",),
    ("*filter", *["-A INPUT -j ACCEPT"] * 3, "-A OUTPUT -j ACCEPT", "-A nosuch -j ACCEPT"),
    ("*filter", ":a - [0:0]", *["-A a -i lo -j ACCEPT"] * 3, "-A OUTPUT -i lo -j ACCEPT"),
    ("*filter", ":a - [0:0]", *["-A a -j a"] * 3, "-A INPUT -j a", "COMMIT"),
    ("*filter", ":a - [0:0]", *["-A INPUT -j a"] * 3, "-A INPUT -j b", "COMMIT"),
    ("*filter", ":a - [0:0]", *["-A INPUT -j a"] * 3, "-A INPUT -j OUTPUT", "COMMIT"),
    ("*filter", ":MARK - [0:0]", ":a - [0:0]", *["-A INPUT -j a"] * 2, "-A INPUT -j MARK"),
    ("*filter", ":a - [0:0]", *["-A INPUT -j a"] * 3, "COMMIT", "-A INPUT -j a"),
    ("*nat", ":a - [0:0]", *["-A a -p tcp -j DNAT --to-destination 10.0.0.1:80"] * 3,
     "-A POSTROUTING -j a", "COMMIT"),
    ("*filter", *['-A INPUT -m comment --comment "a b"'] * 3, '-A INPUT -m comment --comment "a'),
    ("*filter", *["-A INPUT -j ACCEPT"] * 3, "-A INPUT -j ACCEPT\r", "COMMIT"),
    ("*filter", *["-A INPUT -j ACCEPT"] * 3, "-A INPUT -j ACCEPT "),
]  # fmt: skip


@pytest.mark.parametrize("lines", REFUSED)
def test_the_same_is_refused_at_the_same_place(lines: tuple[str, ...]) -> None:
    text = "\n".join(lines) + "\n"
    assert isinstance(_agree(text, 4), str) or "INPUT ACCEPT" in text
    _agree(text.rstrip("\n"), 4)


# how values are spelled


def _types() -> Iterator[Option]:
    yield Option("s", AddressMask())
    yield Option("i", Interface())
    for module in MODULES:
        for one in extensions(module):
            yield from one.options


FORMS = {
    (repr(option.type), family, form): (option.type, family)
    for option in _types()
    for family in (4, 6)
    for form in spellings(option.type, family)
}


@pytest.mark.parametrize("key", FORMS, ids=lambda key: f"{key[0]}-{key[1]}-{key[2][:20]}")
@settings(  # what is drawn for a form with a lookahead is often no word of it
    max_examples=30, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_word_of_a_form_is_written_as_it_stands(key: Any, data: st.DataObject) -> None:
    kind, family = FORMS[key]
    form = st.from_regex(re.compile(key[2], re.ASCII), fullmatch=True)
    one, other = (data.draw(form) for _ in range(2))
    values = [_value(word, kind, family) for word in (one, other)]
    assert [kind.write(value, family) for value in values] == [one, other]
    assert (values[0] == values[1]) is (one == other)


def _value(word: str, kind: Type, family: int) -> Any:
    line = f"-A {word}"
    _, read = statement(Source("x", line), 0, len(line)).words
    return kind.read([read.text], Context(family, 6, 6))


# what is not read


def _unread(ruleset: Ruleset) -> int:
    return sum(
        isinstance(entry, tuple) and entry[1] not in entry[0].dump.made
        for table in ruleset.tables.values()
        for chain in table.chains.values()
        if isinstance(chain.rules, Rules)
        for entry in chain.rules.entries
    )


LARGE = _dump(
    "filter",
    "-A INPUT -j web",
    *(f"-A web -s 10.0.{n >> 8}.{n & 255}/32 -p tcp -m tcp --dport {n} -j dns" for n in range(600)),
    "-A dns -j DROP",
)


def test_rules_that_nobody_asks_for_are_not_read() -> None:
    ruleset = reading.read(LARGE)
    assert _unread(ruleset) >= 598
    assert save(ruleset).count("\n-A web") == 600
    rulesets = {4: ruleset}
    apply(rulesets, "iptables -I web 5 -s 10.9.9.9 -j ACCEPT")
    apply(rulesets, "iptables -D web -s 10.0.0.70 -p tcp --dport 70 -j dns")
    assert _unread(rulesets[4]) >= 591
    assert rulesets[4].rule("filter", "web", 5).verdict
    assert "--dport 70 " not in save(rulesets[4])
    assert save(ruleset) == save(reading.read(LARGE))


def test_a_large_chain_is_a_sequence_like_a_tuple() -> None:
    chain = reading.read(LARGE).chain("filter", "web")
    again = reading.read(LARGE).chain("filter", "web")
    assert isinstance(chain, Chain)
    assert isinstance(again, Chain)
    rules = tuple(again.rules)
    assert chain.rules == rules
    assert repr(chain.rules[:2]) == repr(rules[:2])
    assert rules == chain.rules
    assert chain == again
    assert chain.rules[3:9:2] == rules[3:9:2]
    assert chain.rules[-1] in chain.rules
    assert chain.rules != rules[1:]
    assert chain.rules != list(rules)
    with pytest.raises(IndexError):
        chain.rules[600]


COMMANDS = (
    "-D web 3", "-D web -s 10.0.0.5 -p tcp --dport 5 -j dns", "-R web 2 -j ACCEPT", "-E dns names",
    "-I web -j dns", "-F web", "-Z", "-Z web 3", "-X", "-X web", "-C web -s 10.0.0.8 -j dns",
    "-P INPUT DROP", "-A web -j nosuch", "-A dns -j web", "-N more", "-D web -j LOG",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_do_the_same_to_rules_that_were_not_read(command: str) -> None:
    line = f"{command}\nCOMMIT"
    _agree(LARGE.replace("COMMIT", line), 4)
    _agree(re.sub("^-A web", "[3:4] -A web", LARGE, flags=re.M).replace("COMMIT", line), 4)
