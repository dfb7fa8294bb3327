"""The quick splitter and the grammar read every line alike; both as iptables-restore does."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fwsim.language import words
from fwsim.language.words import Statement, command_words, statement
from fwsim.model.errors import ReadError, Source

from .dumps import published
from .examples import EXAMPLES

_PIECES = (
    "-A", "INPUT", "-m", "comment", "!", "*filter", ":INPUT", "COMMIT", "#", "[0:0]", "[1:2:3]",
    "[x]", '"', '\\"', "\\", "'", " ", "\t", "a", "ä", "\u00a0", "\x01", "\v", "\u2028", ":", "*",
)  # fmt: skip
lines = st.one_of(
    st.lists(st.sampled_from(_PIECES)).map("".join),
    st.lists(st.sampled_from(_PIECES)).map(" ".join),
    st.text(st.characters(exclude_characters="\n"), max_size=30),
).filter(bool)


def _by_splitter(text: str) -> Statement | None:
    try:
        return statement(Source("line", text), 0, len(text))
    except ReadError:
        return None


def _by_grammar(text: str) -> Statement | None:
    try:
        return words._by_grammar(Source("line", text), 0, len(text))
    except ReadError:
        return None


@given(lines)
@example('-A INPUT -m comment --comment "a b" -j ACCEPT')
@example('-A INPUT --comment "a"-j x"y z"""')
@example("[1:2]-A INPUT")
@example("[1:2] COMMIT")
@example(": X - [0:0]")
@example('*filter "x')
@example(" COMMIT")
def test_splitter_and_grammar_read_alike(text: str) -> None:
    assert _by_splitter(text) == _by_grammar(text)


@given(lines)
def test_words_are_what_iptables_restore_makes_of_them(text: str) -> None:
    found = _by_splitter(text)
    if found is None or found.kind != "rule":
        return
    counted = text.index("]") + 1 if found.counters else 0
    assert [word.text for word in found.words] == _as_restore(text[counted:])


def _as_restore(text: str) -> list[str]:
    """The state machine of add_param_to_argv (iptables/xshared.c), in a few words."""
    out: list[str] = []
    word, quoted, escaped = "", False, False
    for char in text + " ":
        if quoted and (escaped or char not in '\\"'):
            word, escaped = word + char, False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
            if not quoted:
                out.append(word)
                word = ""
        elif char not in " \t":
            word += char
        elif word:
            out.append(word)
            word = ""
    return out


@given(lines)
def test_spans_cover_their_words(text: str) -> None:
    found = _by_splitter(text)
    at = 0
    for word in found.words if found else ():
        assert word.span.start >= at
        assert word.span.text == word.text or '"' in word.span.text
        at = word.span.end


def test_every_example_line_is_read_alike() -> None:
    for one in EXAMPLES:
        text = f"-A {one.chain} {one.rule}"
        assert _by_splitter(text) == _by_grammar(text)


def test_corpus_lines_are_read_alike() -> None:
    if not published():
        pytest.skip("the corpus of published rulesets is not here")
    shapes = {line for file in published() for line in file.text().split("\n") if line}
    assert len(shapes) > 5000
    for line in sorted(shapes)[::9]:
        assert _by_splitter(line) == _by_grammar(line)


def test_statements_and_their_parts() -> None:
    read = {text: _by_splitter(text) for text in _STATEMENTS}
    parts = {
        text: found and (found.kind, [word.text for word in found.words], found.counters)
        for text, found in read.items()
    }
    assert parts == _STATEMENTS


_STATEMENTS = {
    "# a comment": ("comment", ["# a comment"], None),
    "*filter": ("table", ["filter"], None),
    "* mangle": ("table", ["mangle"], None),
    "*nat # and more": ("table", ["nat"], None),
    ":INPUT DROP [3:4]": ("chain", ["INPUT", "DROP"], (3, 4)),
    ":X - [x]": ("chain", ["X", "-"], None),
    ":X": ("chain", ["X"], None),
    "COMMIT": ("commit", ["COMMIT"], None),
    "COMMIT ": ("rule", ["COMMIT"], None),
    "[5:6] -A X": ("rule", ["-A", "X"], (5, 6)),
    " [5:6] -A X": ("rule", ["[5:6]", "-A", "X"], None),
    '-A "X" --comment "a \\"b\\" \\\\"': ("rule", ["-A", "X", "--comment", 'a "b" \\'], None),
    "-A X 'a b'": ("rule", ["-A", "X", "'a", "b'"], None),
    '-A X "': None,
    "*": None,
    ":": None,
    "  ": None,
    "[1:2": ("rule", ["[1:2"], None),
}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("iptables  -A INPUT", ["iptables", "-A", "INPUT"]),
        ("iptables --comment 'a b'", ["iptables", "--comment", "a b"]),
        ("x \"a b\"c'd e'", ["x", "a bcd e"]),
        (r'x "a\"b\\c\d" e\ f', ["x", 'a"b\\c\\d', "e f"]),
        ("x ''", ["x", ""]),
        (r"x \! -s 1", ["x", "!", "-s", "1"]),
    ],
)
def test_commands_are_split_as_a_shell_does(command: str, expected: list[str]) -> None:
    assert [word.text for word in command_words(Source("command", command))] == expected


@given(st.text(st.characters(exclude_characters="\n\r\v\f\x00"), max_size=30))
def test_plain_commands_are_split_as_shlex_does(text: str) -> None:
    from shlex import split

    if set(text) & set("#\\\"'$`") or any(c.isspace() and c not in " \t" for c in text):
        return
    assert [word.text for word in command_words(Source("command", text))] == split(text)
