"""Words taken apart as getopt takes them; tests/kernel/test_commands_real.py asks the real one."""

from __future__ import annotations

import pytest

from fwsim.language.commands import apply
from fwsim.language.getopt import apart
from fwsim.language.read import read
from fwsim.language.ruleset import Ruleset
from fwsim.language.words import command_words
from fwsim.model.errors import ReadError, Source


def _apart(text: str) -> tuple[str, str]:
    table, words = apart(command_words(Source("command", text)), 4)
    return (table.text if table else ""), " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("given", "table", "words"),
    [
        ("-nvL --line-numbers", "", "-n -L --line-numbers"),
        ("-vA INPUT -fj DROP", "", "-A INPUT -f -j DROP"),
        ("-w5 -W 10 -A INPUT -w", "", "-A INPUT"),
        ("--tab nat -AINPUT", "nat", "-AINPUT"),
        ("-A INPUT --tab=raw -tnat", "nat", "-A INPUT"),
        ("-M /sbin/modprobe -4 -F", "", "-F"),
        (
            "-A INPUT -m comment --comment -w -j DROP",
            "",
            "-A INPUT -m comment --comment -w -j DROP",
        ),
        ("-A INPUT -p tcp --dport 80 -vj DROP", "", "-A INPUT -p tcp --dport 80 -j DROP"),
        ("-A INPUT --no-such -nx", "", "-A INPUT --no-such -n -x"),
    ],
)
def test_words_are_taken_apart(given: str, table: str, words: str) -> None:
    assert _apart(given) == (table, words)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("--in INPUT -j DROP", "--in may be --in-interface or --insert"),
        ("-A INPUT --in eth0", "--in may be --in-interface or --insert"),
        ("-A INPUT -p tcp --s 80", "--s may be --set-counters, --source or --src"),
        ("-A INPUT -m conntrack --ct NEW", "--ct may be --ctdir, --ctexpire, --ctorigdst,"),
        ("-w x -A INPUT", "behind -w: expected a number"),
        ("-W 5 -A INPUT", "-W wants -w beside it"),
        ("-t", "-t wants a table"),
        ("-A INPUT -ieth0", "iptables wants a space between -i and its value"),
        (f"-E A {'x' * 30}", "30 bytes is a trap"),
        (f"-E A {'x' * 32}", "1 to 28 bytes"),
        ("-w", "expected a command, one of -A"),
        ("-L --frob", "nothing more is expected here"),
    ],
)
def test_what_is_unclear_is_refused(command: str, why: str) -> None:
    with pytest.raises(ReadError) as refused:
        apply({4: read("*filter\n:A - [0:0]\nCOMMIT\n", 4)}, f"iptables {command}")
    assert why in str(refused.value)
    assert "^" in str(refused.value)


def test_listing_and_zeroing_zeroes() -> None:
    rulesets = {4: Ruleset(4)}
    apply(rulesets, "iptables -A INPUT -c 3 4 -j DROP")
    apply(rulesets, "iptables -L -v")
    assert rulesets[4].tables["filter"].chains["INPUT"].rules[0].counters == (3, 4)
    apply(rulesets, "iptables -L INPUT -vZ")
    assert rulesets[4].tables["filter"].chains["INPUT"].rules[0].counters == (0, 0)
