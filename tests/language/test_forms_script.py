"""Scripts of iptables commands are followed without running anything; what may decide rules and
cannot be followed is refused."""

from __future__ import annotations

import re
import subprocess
from random import Random
from shlex import quote
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.language.forms import paste, read
from fwsim.language.forms.shell_values import Values
from fwsim.language.forms.shell_words import Lexer
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import chain_lines, save
from fwsim.machine.infer import infer_world
from fwsim.model.errors import FwsimError, ReadError, Source


def _lines(ruleset: Ruleset, table: str = "filter") -> list[str]:
    chains = ruleset.tables[table].chains.values()
    return [line for chain in chains for line in chain_lines(chain)]


def _after(*lines: str, table: str = "filter") -> list[str]:
    return _lines(read("\n".join([*lines, ""])), table)


def _refused(*lines: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read("\n".join([*lines, ""]), name="fw.sh")
    assert caught.value.span is not None
    assert caught.value.span.source.name == "fw.sh"
    assert "^" in str(caught.value)
    return caught.value


# what is carried out

FOLLOWED = [
    ("iptables -A INPUT -i lo -j ACCEPT", ["-A INPUT -i lo -j ACCEPT"]),
    ("sudo /sbin/iptables -A INPUT -j DROP # why not", ["-A INPUT -j DROP"]),
    ("sudo -n iptables-legacy -w 5 -A INPUT -j DROP", ["-A INPUT -j DROP"]),
    ("iptables -A INPUT -j DROP -t filter", ["-A INPUT -j DROP"]),
    ("iptables -A INPUT \\\n  -s 10.0.0.1 \\\n  -j DROP", ["-A INPUT -s 10.0.0.1/32 -j DROP"]),
    ("IPT=/sbin/iptables\n$IPT -A INPUT -j DROP", ["-A INPUT -j DROP"]),
    ('IPT="sudo iptables -w"\n$IPT -A INPUT -j DROP', ["-A INPUT -j DROP"]),
    ("IPT=$(which iptables)\n${IPT} -A INPUT -j DROP", ["-A INPUT -j DROP"]),
    ("IPT=`command -v iptables`; \"$IPT\" -A INPUT -j DROP", ["-A INPUT -j DROP"]),
    ("export WAN='eth0'\niptables -A INPUT -i \"$WAN\" -j DROP", ["-A INPUT -i eth0 -j DROP"]),
    ("A=10.0\niptables -A INPUT -s ${A}.0.1/$((8)) -j DROP", None),
    ("iptables -A INPUT -i ${WAN:-eth9} -j DROP", ["-A INPUT -i eth9 -j DROP"]),
    ("WAN=eth0\nWAN+=.5\niptables -A INPUT -i ${WAN:-eth9}", ["-A INPUT -i eth0.5"]),
    ("M='-m state --state NEW'\niptables -A INPUT $M", ["-A INPUT -m state --state NEW"]),
    ("iptables -A INPUT -m comment --comment \"a 'b' \\\"c\\\"\" -j DROP",
     ["-A INPUT -m comment --comment \"a \\'b\\' \\\"c\\\"\" -j DROP"]),
    ("iptables -A INPUT -m comment --comment 'a \"b\"'",
     ['-A INPUT -m comment --comment "a \\"b\\""']),
    ("iptables -A INPUT -m comment --comment a\\ b", ['-A INPUT -m comment --comment "a b"']),
    ("iptables -A INPUT -i a; iptables -A INPUT -i b", ["-A INPUT -i a", "-A INPUT -i b"]),
    ("iptables -A INPUT -i a && iptables -A INPUT -i b", ["-A INPUT -i a", "-A INPUT -i b"]),
    ("for x in a b; do iptables -A INPUT -i $x; done", ["-A INPUT -i a", "-A INPUT -i b"]),
    ("L='a b'\nfor x in $L 'c'\ndo\n  iptables -A INPUT -i $x\ndone",
     [f"-A INPUT -i {x}" for x in "abc"]),
    ("for x in a b; do for y in c d; do iptables -A INPUT -i $x$y; done; done",
     [f"-A INPUT -i {xy}" for xy in ("ac", "ad", "bc", "bd")]),
    ("for x in; do iptables -A INPUT -i $x; done\niptables -A INPUT", ["-A INPUT"]),
    ("{ iptables -A INPUT -i a; }\n( iptables -A INPUT -i b )", ["-A INPUT -i a", "-A INPUT -i b"]),
    ("X=a\n(X=b)\niptables -A INPUT -i $X", ["-A INPUT -i a"]),
    ("iptables -I INPUT -i a\niptables -I INPUT -i b\niptables -D INPUT 2", ["-A INPUT -i b"]),
    ("iptables -C INPUT -i a 2>/dev/null || iptables -A INPUT -i a\n" * 2, ["-A INPUT -i a"]),
    ("iptables -N web 2>/dev/null\niptables -N web 2>/dev/null\niptables -A web", ["-A web"]),
    ("if ! iptables -C INPUT -i a; then iptables -A INPUT -i a; fi\n" * 2, ["-A INPUT -i a"]),
    ("if true; then iptables -A INPUT; else iptables -A OUTPUT; fi", ["-A INPUT"]),
    ("if false; then iptables -A INPUT; elif :; then iptables -A OUTPUT; fi", ["-A OUTPUT"]),
    ("iptables -D INPUT -i a || true\niptables -A INPUT", ["-A INPUT"]),
    ("iptables -A INPUT\nexit 0\nnothing that follows counts (", ["-A INPUT"]),
    ("iptables -nvL\niptables -L INPUT -n | grep x\niptables -S\niptables -A INPUT", ["-A INPUT"]),
    ("iptables -A INPUT > /dev/null 2>&1", ["-A INPUT"]),
    ("PORTS=(1 2)\niptables -A INPUT", ["-A INPUT"]),
    ("DATE=$(date)\necho $DATE `id`\niptables -A INPUT", ["-A INPUT"]),
    ("log() {\n  echo \"$1\"\n  return 0\n}\nlog hello\niptables -A INPUT", ["-A INPUT"]),
    ("if [ $(id -u) != 0 ]; then echo 'not root' >&2; exit 1; fi\niptables -A INPUT", ["-A INPUT"]),
    ("[ -x /sbin/iptables ] || exit 5\n[[ $a == b && -e c ]] && exit 5\niptables -A INPUT",
     ["-A INPUT"]),
    ("case $1 in start|x) echo a;; *) echo b; esac\niptables -A INPUT", ["-A INPUT"]),
    ("while read x; do echo $x; done < /etc/hosts\niptables -A INPUT", ["-A INPUT"]),
    ("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done\niptables -A INPUT",
     ["-A INPUT"]),
    ("cat > /dev/null <<EOF\niptables -F\n$(boom)\nEOF\niptables -A INPUT", ["-A INPUT"]),
]  # fmt: skip


@pytest.mark.parametrize(("script", "lines"), FOLLOWED)
def test_what_a_shell_would_do(script: str, lines: list[str] | None) -> None:
    for text in (script, f"#!/bin/sh\n{script}\n"):
        if lines is None:
            with pytest.raises(ReadError):
                read(text)
        else:
            assert _lines(read(text)) == lines


def test_tables_and_families() -> None:
    text = "iptables -t nat -A OUTPUT -j ACCEPT\nip6tables -A INPUT -s fe80::/10 -j ACCEPT\n"
    text += "iptables -A OUTPUT -t raw\niptables --table=mangle -A INPUT\n"
    text += "iptables -tsecurity -A INPUT\n"
    pasted = paste(text)
    assert list(pasted.rulesets[4].tables) == ["security", "mangle", "raw", "nat"]
    assert _lines(pasted.rulesets[6]) == ["-A INPUT -s fe80::/10 -j ACCEPT"]
    assert _lines(read(text, 6)) == ["-A INPUT -s fe80::/10 -j ACCEPT"]


HERE = '*filter\n:web - [1:2]\n[5:6] -A INPUT -i $WAN -m comment --comment "$NOTE" -j web\nCOMMIT\n'


@pytest.mark.parametrize(
    "script",
    [
        f"iptables-restore <<EOF\n{HERE}EOF\n",
        f"sudo iptables-restore <<-EOF || exit 1\n\t{HERE}\tEOF\n".replace("\n:", "\n\t:"),
        f"cat <<EOF | iptables-restore -w\n{HERE}EOF\n",
        f"iptables -P FORWARD DROP\niptables-restore --noflush << EOF\n{HERE}EOF\n",
    ],
)
def test_here_documents_are_restored(script: str) -> None:
    ruleset = read(f"WAN=eth0\nNOTE='two  words'\n{script}")
    assert _lines(ruleset) == ['-A INPUT -i eth0 -m comment --comment "two  words" -j web']
    rule = ruleset.rule("filter", "INPUT", 1)
    assert rule.counters == (0, 0)
    assert rule.span is not None
    assert "$WAN" in rule.span.text
    assert (":FORWARD DROP" in save(ruleset)) == ("noflush" in script)


def test_a_quoted_here_document_is_taken_as_it_stands() -> None:
    text = f"iptables-restore -c <<'EOF'\n{HERE.replace('$WAN', 'eth0')}EOF\n"
    ruleset = read(text)
    assert '--comment "$NOTE"' in save(ruleset)
    assert ruleset.rule("filter", "INPUT", 1).counters == (5, 6)


def test_an_error_in_a_here_document_points_into_it() -> None:
    error = _refused("iptables-restore <<EOF", "*filter", "-A INPUT --frobnicate", "COMMIT", "EOF")
    assert error.span is not None
    assert (error.span.line, error.span.column) == (3, 10)


def test_settings_are_honoured() -> None:
    pasted = paste(
        "iptables -A INPUT\necho 1 > /proc/sys/net/ipv4/ip_forward\n"
        "sysctl -w net.ipv4.conf.all.rp_filter=2\n"
        "echo 0 >/proc/sys/net/ipv4/conf/eth0.7/rp_filter\necho 5 > /proc/sys/kernel/panic\n"
    )
    assert pasted.settings == {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.all.rp_filter": "2",
        "net.ipv4.conf.eth0/7.rp_filter": "0",
    }
    assert any("net.ipv4.ip_forward = 1, " in note for note in pasted.notes)


def test_what_is_passed_over_is_said_once() -> None:
    notes = read("modprobe a\nmodprobe b\niptables -A INPUT\nsleep 1\niptables -X web\n").notes
    assert notes == (
        "read as a script of iptables commands, on a host without rules",
        "passed over, as they decide no rules: modprobe, sleep",
        "fails where no rules are, and is passed over: line 5",
    )


# what is refused


@pytest.mark.parametrize(
    ("script", "place", "why"),
    [
        ('if [ "$1" = x ]; then\n  iptables -A INPUT\nfi', "if", "this `if`, .* about line 2"),
        ("case $1 in\nstart) iptables -A INPUT;;\nesac", "case", "this `case`.*line 2"),
        ("while true; do iptables -A INPUT; done", "while", "this `while`"),
        ("until x; do iptables -A INPUT; done", "x", "know whether the command 'x'"),
        ("f() { iptables -A INPUT; }\nf", "f", "the function f.*line 1"),
        ("function f {\niptables -A INPUT; }\nf", "function", "the function f.*line 2"),
        ("iptables -A INPUT -s $(hostname)", "$(hostname)", "runs nothing"),
        ("iptables -A INPUT -s `hostname`", "`hostname`", "runs nothing"),
        ("A=$(hostname)\niptables -A INPUT -s $A", "$A", "since line 1 is not known"),
        ("iptables -A INPUT -i $WAN", "$WAN", "WAN has no value"),
        ('iptables -A INPUT -i "${WAN}"', "${WAN}", "WAN has no value"),
        ("$IPT -A INPUT", "$IPT", "IPT has no value"),
        ("iptables -A INPUT -i $1", "$1", "1 has no value"),
        ("for x in $(seq 3); do iptables -A INPUT; done", "for", "this loop"),
        ("for x in $(seq 3); do iptables -A INPUT -i $x; done", "$x", "is not known"),
        ("for x in /etc/fw/*; do iptables -A INPUT -i $x; done", "$x", "is not known"),
        ("for x; do iptables -A INPUT -i e; done", "for", "this loop"),
        ("for ((i=0;i<3;i++)); do iptables -A INPUT; done", "for", "this loop"),
        ("for x in {1..3}; do iptables -A INPUT -i e; done", "for", "this loop"),
        ("grep -q x /etc/y && iptables -A INPUT", "grep", "whether this succeeds"),
        ("[ -e x ] || iptables -A INPUT", "[", "whether this succeeds"),
        ("echo '*filter' | iptables-restore", "echo", "this pipe"),
        ("cat list | while read x; do iptables -A INPUT -s $x; done", "$x", "is not known"),
        (
            "iptables -F\niptables-restore < /etc/rules",
            "iptables-restore < /etc/rules",
            "not in this text",
        ),
        ("iptables -F\n. /etc/firewall.conf", ".", "whether the command '.'"),
        ("iptables -F\nufw enable", "ufw", "whether the command 'ufw'"),
        ("iptables -F\nip netns exec x iptables -F", "ip", "whether the command 'ip'"),
        ("iptables -F\nservice iptables restart", "service", "whether the command 'service'"),
        ("iptables -A INPUT -j NOWHERE", "NOWHERE", "neither a chain nor a known target"),
        ("iptables -A INPUT -j web\niptables -N web", "web", "neither a chain"),
        ("iptables -A web", "-A web", "no chain 'web'"),
        ("iptables -A INPUT --frobnicate", "--frobnicate", "unknown option"),
        ("iptables -t nope -A INPUT", "nope", "no table 'nope'"),
        ("set -e\niptables -D INPUT -i a", "-D INPUT -i a", "no such rule"),
        ('iptables -A INPUT -m comment --comment "a', '"', "never closed"),
        ("iptables -A INPUT\nfi", "fi", "too much"),
        ("for x in a; do iptables -A INPUT -i $x", "", "the `done` of the `for` in line 1"),
        ("iptables-restore <<EOF\n*filter\nCOMMIT\n", "EOF", "never ends it"),
        ("iptables -A INPUT\nX=$(echo (", "(", "never closed"),
    ],
)
def test_what_may_decide_and_cannot_be_followed(script: str, place: str, why: str) -> None:
    error = _refused("#!/bin/bash", *script.splitlines())
    assert error.span is not None
    assert error.span.text == place
    lines = script.splitlines()
    shown = [n for n, line in enumerate(lines, 2) if place in line]
    assert error.span.line in shown or not place
    assert re.search(why, _one_less(error.message))


def _one_less(message: str) -> str:
    """Line numbers without the line of `#!` before them."""
    return re.sub(r"line (\d+)", lambda m: f"line {int(m[1]) - 1}", message)


def test_a_script_without_rules() -> None:
    assert "no command in this script changes rules" in _refused("#!/bin/sh", "echo hello").message


def test_a_script_of_windows() -> None:
    error = _refused("#!/bin/sh", "iptables -F\r")
    assert "CR LF" in error.message


def test_set_e_leaves_alone_what_is_looked_at() -> None:
    script = (
        "set -e\niptables -C INPUT -i a || iptables -A INPUT -i a\niptables -D INPUT 9 || true\n"
    )
    assert _after(script) == ["-A INPUT -i a"]


def test_address_sets_are_made() -> None:
    script = """\
ipset destroy 2>/dev/null
for net in 10.0.0.0/8 192.0.2.0/24; do ipset -exist create good hash:net; ipset add good $net; done
ipset restore -! <<EOF
create bad hash:ip family inet6
add bad $BAD
EOF
cat <<'EOF' | ipset restore
create more hash:ip
EOF
ipset list | grep x
ipset add good 10.0.0.0/8 -exist
iptables -A INPUT -m set --match-set good src -j ACCEPT
"""
    pasted = paste(f"BAD=fd00::1\n{script}")
    assert list(pasted.sets) == ["good", "bad", "more"]
    assert len(pasted.sets["good"].members) == 2
    assert len(pasted.sets["bad"].members) == 1
    world = infer_world(pasted.rulesets, "", pasted.settings, pasted.notes, pasted.sets)
    assert world.namespaces["host"].sets == pasted.sets
    rule = pasted.rulesets[4].rule("filter", "INPUT", 1)
    assert rule.context.sets == pasted.sets


@pytest.mark.parametrize(
    ("script", "place", "why"),
    [
        ("ipset create x hash:nonsense", "hash:nonsense", "type"),
        ("ipset add nowhere 10.0.0.1", "nowhere", "no set"),
        ("ipset add x $(getent hosts y)", "$(getent hosts y)", "runs nothing"),
        ("if x=$(y); [ $x ]; then ipset create x hash:ip; fi", "if", "this `if`"),
        ("ipset restore < /etc/ipset.conf", "ipset restore < /etc/ipset.conf", "not in this text"),
        ("ipset", "ipset", "expected a command"),
    ],
)
def test_address_sets_that_cannot_be_made(script: str, place: str, why: str) -> None:
    error = _refused("#!/bin/sh", script, "iptables -F")
    assert error.span is not None
    assert error.span.text == place
    assert why in error.message


# words


_VALUES = {"A": "one", "B": " two  words ", "C": "", "D": "a'b", "E_1": "\t", "F": "x y"}


def _random_word(random: Random) -> str:
    """A word of a shell: text, quotes of both kinds, escapes, variables."""
    name = random.choice([*_VALUES])
    variable = random.choice(
        (f"${name}/", f"${{{name}}}", f"${{{name}-d}}", f"${{{name}:-d}}", "${U-d}")
    )
    text = "".join(random.choice("abz09-_./,:%+@=!#~^") for _ in range(random.randrange(4)))
    inner = random.choice(("", " ", "'", '\\"', "\\\\", "\\$A", "\\`", "\\x", "*", variable, text))
    pieces = [text, variable, f'"{inner}{variable}"', f"'{text} $A\"'", "\\ ", "\\$", "\\'", '""']
    word = "".join(random.choice(pieces) for _ in range(random.randrange(1, 5)))
    return f"x{word}" if word[:1] in ("#", "~", "", "=", "!") else word


def _bash(script: str) -> list[str]:
    run = subprocess.run(
        [which("bash") or "sh", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    return run.stdout.decode().split("\0")


def test_words_become_what_bash_makes_of_them(seed: int) -> None:
    random = Random(seed)
    words = [_random_word(random) for _ in range(2000)]
    values = Values()
    values.known.update(_VALUES)
    assigned = "".join(f"{name}={quote(value)}\n" for name, value in _VALUES.items())
    printed = "".join(f"printf '%s\\0' {word} '|'\n" for word in words)
    expected = _bash(f"set -f\n{assigned}{printed}")
    found: list[str] = []
    for word in words:
        token = Lexer(Source("word", word), word).take()
        assert token.word is not None
        assert token.word.span.text == word
        found += [*(one.text for one in values.words(token.word)), "|"]
    assert found == expected[:-1]


# wherever it is written

ISSUE = """\
I don't understand this. First:

{}
and it's not what I meant.
"""


@pytest.mark.parametrize(
    "text",
    [
        ISSUE.format("```\niptables -A INPUT -i a\niptables -A INPUT -i b\n```\n"),
        ISSUE.format(
            "```sh\n$ sudo iptables -A INPUT -i a\n$ ping x\nPING x\n"
            "$ iptables -A INPUT \\\n  -i b\n```\n"
        ),
        ISSUE.format("```\n# iptables -A INPUT -i a\n# iptables -A INPUT -i b\n```\n"),
        ISSUE.format("    iptables -A INPUT -i a\n    iptables -A INPUT -i b\n"),
        ISSUE.format("\tiptables -A INPUT -i a\n\tiptables -A INPUT -i b\n"),
        ISSUE.format("root@host:~# iptables -A INPUT -i a\n[root@h ~]# iptables -A INPUT -i b\n"),
        "> iptables -A INPUT -i a\n> iptables -A INPUT -i b\n",
        ISSUE.format("```\niptables -A INPUT -i a\n```\nthen\n```\niptables -A INPUT -i b\n```\n"),
        ISSUE.format(
            "```\niptables -A INPUT -i a\n# iptables -A INPUT -i no\niptables -A INPUT -i b\n```\n"
        ),
        ISSUE.format("```\r\niptables -A INPUT -i a\r\niptables -A INPUT -i b\r\n```\r\n"),
    ],
)
def test_commands_in_a_text(text: str) -> None:
    ruleset = read(text)
    assert _lines(ruleset) == ["-A INPUT -i a", "-A INPUT -i b"]
    span = ruleset.rule("filter", "INPUT", 1).span
    assert span is not None
    assert span.text == "-A INPUT -i a"
    assert text.splitlines()[span.line - 1][span.column - 1 :] == "-A INPUT -i a"


@pytest.mark.parametrize(
    "text",
    [
        "if [ -f /etc/x ]; then\n    iptables -A INPUT -i a\nfi\n",
        "start() {\n    iptables -A INPUT -i a\n}\n",
        "case $1 in\nstop)\n\tiptables -A INPUT -i a\n;;\nesac\n",
        "[ $X = 2 ] &&\n    iptables -A INPUT -i a\n",
    ],
)
def test_what_decides_about_indented_commands_is_no_other_text(text: str) -> None:
    with pytest.raises(ReadError, match="decides about line"):
        read(text)


def test_indented_commands_within_what_can_be_followed() -> None:
    assert _lines(read("for i in a b; do\n    iptables -A INPUT -i $i\ndone\n")) == [
        "-A INPUT -i a", "-A INPUT -i b",
    ]  # fmt: skip
    assert _lines(read("iptables -A INPUT -i a &&\\\n    iptables -A INPUT -i b\n")) == [
        "-A INPUT -i a", "-A INPUT -i b",
    ]  # fmt: skip


def test_other_text_around_commands_is_said() -> None:
    notes = read("I say\n\n    iptables -A INPUT -i a\n\nand wait.\n").notes
    assert "2 lines of other text passed over, from line 1 on" in notes
    notes = read("```\niptables -A INPUT -i a\n```\nor iptables -A INPUT -i b\n").notes
    assert "commands that change rules are not carried out (line 4)" in notes


def test_a_comment_in_a_script_is_no_command_at_a_prompt() -> None:
    assert _after("# iptables -A INPUT -j DROP", "iptables -A INPUT -i a") == ["-A INPUT -i a"]


# bounds


@pytest.mark.parametrize(
    "script",
    [
        "iptables -F\n" + "A=x\n" + "A=$A$A\n" * 60 + "iptables -A INPUT -i $A\n",
        "iptables -F\n" + "".join(f"for a{n} in 1 2 3 4 5 6 7 8 9; do " for n in range(12))
        + "iptables -A INPUT; " + "done; " * 12,
        "iptables -F\n" + "if true; then " * 300 + "iptables -F; " + "fi; " * 300,
        "iptables -F\n" + "(" * 100_000,
        "iptables -F\n" + "$(" * 100_000,
        "iptables -F\n" + "`" * 100_001,
        "iptables -F\n" + '"' * 100_001,
        "iptables -F\n" + "for x in " + "a " * 110_000 + "; do iptables -F; done",
        "iptables -N a\n" * 9 + "iptables -X\n" * 30_000,
        "#!/bin/sh\n" + "{,,,,,,,,,," * 50_000,
        "#!/bin/sh\n" + "iptables " * 20_000,
    ],
)  # fmt: skip
def test_what_never_ends_is_refused(script: str) -> None:
    with pytest.raises(ReadError):
        read(script)


_PIECES = st.sampled_from([
    *(script for script, _ in FOLLOWED), "$", "`", "'", '"', "(", ")", "{", "}", ";;", "|", "&&",
    "if", "fi", "then", "do", "done", "for x in a", "case x in", "esac", "<<EOF", "EOF", "exit",
    "iptables -A INPUT", "iptables", "-A", "INPUT", "${", "\\", "#!", "```", "> ", "$ ", "[[", "((",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=9), max_size=9), st.sampled_from(["\n", " ", "; "]))
def test_nothing_but_an_fwsim_error_comes_of_nonsense(pieces: list[str], between: str) -> None:
    for text in (between.join(pieces), "#!/bin/sh\niptables -F\n" + between.join(pieces)):
        try:
            paste(text)
        except FwsimError as error:
            str(error)
