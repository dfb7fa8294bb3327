"""Rules in texts that people paste: what iptables-save, -S and -L print, however it is wrapped."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fwsim
from fwsim.language.forms import paste, read
from fwsim.language.read import read as read_dump
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import chain_lines, save
from fwsim.model.errors import FwsimError, ReadError

from .dumps import CORPUS, random_dump
from .telling import dumped, restorable

DUMP = """\
*filter
:INPUT DROP [1:84]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
[2:120] -A INPUT -i lo -j ACCEPT
[0:0] -A INPUT -p tcp -m tcp --dport 80 -j web
[7:9] -A web -m comment --comment "all  web" -j ACCEPT
COMMIT
"""
DUMP6 = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s fe80::/10 -j ACCEPT\nCOMMIT\n"
LIST = """\
-P INPUT DROP
-P FORWARD ACCEPT
-P OUTPUT ACCEPT
-N web
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j web
-A web -m comment --comment "all  web" -j ACCEPT
"""
LISTED = """\
Chain INPUT (policy DROP 1 packets, 84 bytes)
 pkts bytes target     prot opt in     out     source               destination
    2   120 ACCEPT     0    --  lo     *       0.0.0.0/0            0.0.0.0/0
    0     0 web        6    --  *      *       0.0.0.0/0            0.0.0.0/0            tcp dpt:80

Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)
 pkts bytes target     prot opt in     out     source               destination

Chain OUTPUT (policy ACCEPT 0 packets, 0 bytes)
 pkts bytes target     prot opt in     out     source               destination

Chain web (1 references)
 pkts bytes target     prot opt in     out     source               destination
    7     9 ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0       /* all  web */
"""
SHOWN = {
    "what iptables-save prints": DUMP,
    "what iptables -S prints": LIST,
    "a listing by iptables -L -n -v": LISTED,
}
RULES = [
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -p tcp -m tcp --dport 80 -j web",
    '-A web -m comment --comment "all  web" -j ACCEPT',
]


def _lines(ruleset: Ruleset, table: str = "filter") -> list[str]:
    chains = ruleset.tables[table].chains.values()
    return [line for chain in chains for line in chain_lines(chain)]


# however it is wrapped

WRAPPED = {
    "bare": "{}",
    "fenced": "My rules:\n```\n{}```\nWhy?\n",
    "fenced, named": "# Rules\n\n~~~console\n$ sudo iptables -S\n{}~~~\n",
    "in a list": "1. the rules\n\n{4}\n2. the question\n",
    "quoted": "On Monday somebody wrote:\n\n{>}\nThanks!\n",
    "quoted twice": "{>>}",
    "prompted": "root@host:~# iptables-save\n{}root@host:~# \n",
    "prompted in brackets": "[root@host ~]# iptables -L -n -v\n{}[root@host ~]# exit\n",
    "prompted by sh": "sh-5.2# iptables -S\n{}",
    "as Windows sends it": "Hello,\r\n\r\n{crlf}\r\nBye\r\n",
    "indented by a tab": "Look:\n\n{tab}\nWell?\n",
}


def _wrap(wrapping: str, text: str) -> str:
    lines = text.splitlines(keepends=True)
    for name, prefix in (("{4}", "    "), ("{>}", "> "), ("{>>}", "> > "), ("{tab}", "\t")):
        wrapping = wrapping.replace(name, "".join(prefix + line for line in lines))
    return wrapping.replace("{crlf}", text.replace("\n", "\r\n")).replace("{}", text)


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("form", SHOWN)
def test_every_form_is_read_however_it_is_wrapped(form: str, wrapping: str) -> None:
    text = _wrap(WRAPPED[wrapping], SHOWN[form])
    pasted = paste(text, "mail")
    (ruleset,) = pasted.rulesets.values()
    assert _lines(ruleset) == RULES
    head = ruleset.chain("filter", "INPUT")
    assert head is not None
    assert head.policy == "DROP"
    assert (head.counters == (1, 84)) == ("-S" not in form)
    if wrapping != "bare" or "-save" not in form:
        assert pasted.notes[0].startswith(f"read as {form}")
    rule = ruleset.rule("filter", "INPUT", 1)
    assert rule.span is not None
    line = text.splitlines()[rule.span.line - 1]
    assert rule.span.source.name == "mail"
    assert rule.span.text in line
    assert line.index(rule.span.text) == rule.span.column - 1
    assert "ACCEPT" in line


def test_what_is_lost_is_said() -> None:
    assert "lost: counters" in read(LIST).notes[0]
    assert "lost" not in read(LISTED).notes[0]


def test_other_text_is_passed_over_and_that_is_said() -> None:
    notes = read(f"Hello!\nI have this:\n\n{LIST}\nWhat now?\n").notes
    assert "3 lines of other text passed over, from line 1 on" in notes


def test_comments_and_commands_that_show_rules_are_no_other_text() -> None:
    text = f"# my rules\n$ sudo iptables -S\n{LIST}# the end\n"
    assert not any("passed over" in note for note in read(text).notes)


def test_commands_that_change_rules_are_not_carried_out_where_rules_are_shown() -> None:
    notes = read(f"$ sudo iptables -I INPUT -j DROP\n$ sudo iptables -S\n{LIST}").notes
    assert "commands that change rules are not carried out (line 1)" in notes


def test_warnings_in_the_text_are_passed_on() -> None:
    warning = "# Warning: iptables-legacy tables present, use iptables-legacy to see them\n"
    assert any("iptables-legacy tables present" in note for note in read(warning + LIST).notes)


# -S


def test_counters_of_a_rule_list() -> None:
    text = (
        "-P INPUT DROP -c 1 84\n-N web\n-A INPUT -i lo -c 2 120 -j ACCEPT\n-A web -c 7 9 -j DROP\n"
    )
    ruleset = read(text)
    assert "[2:120] -A INPUT -i lo -j ACCEPT\n[7:9] -A web -j DROP\n" in save(
        ruleset, counters=True
    )
    assert ":INPUT DROP [1:84]" in save(ruleset)
    assert ruleset.notes[0] == "read as what iptables -S -v prints"


def test_rule_lists_of_several_tables() -> None:
    nat = "-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n-P POSTROUTING ACCEPT\n"
    nat += "-A POSTROUTING -o eth0 -j MASQUERADE\n"
    for text in (LIST + nat, f"{LIST}\n{nat}", f"# iptables -S\n{LIST}# iptables -t nat -S\n{nat}"):
        ruleset = read(text)
        assert _lines(ruleset) == RULES
        assert _lines(ruleset, "nat") == ["-A POSTROUTING -o eth0 -j MASQUERADE"]


def test_the_command_before_a_rule_list_tells_the_table() -> None:
    text = "# iptables -t mangle -S POSTROUTING\n-P POSTROUTING ACCEPT\n-A POSTROUTING -j ACCEPT\n"
    assert _lines(read(text), "mangle") == ["-A POSTROUTING -j ACCEPT"]


def test_single_chains() -> None:
    text = "$ iptables -S FORWARD\n-P FORWARD DROP\n-A FORWARD -j web\n"
    text += "$ iptables -S web\n-N web\n-A web -j DROP\n"
    ruleset = read(text)
    assert _lines(ruleset) == ["-A FORWARD -j web", "-A web -j DROP"]
    assert any("INPUT, OUTPUT of table filter (IPv4) is not shown" in n for n in ruleset.notes)


def test_bare_rules_have_policies_that_nobody_told() -> None:
    ruleset = read("-A FORWARD -i eth0 -j DROP\n-A INPUT -i lo -j ACCEPT\n")
    assert _lines(ruleset) == ["-A INPUT -i lo -j ACCEPT", "-A FORWARD -i eth0 -j DROP"]
    assert "the policy of FORWARD is not shown: ACCEPT is assumed" in ruleset.notes


def test_a_line_between_rules_is_refused() -> None:
    with pytest.raises(ReadError, match="stands between rules") as caught:
        read(LIST.replace("-A INPUT -i lo", "A INPUT -i lo"))
    assert caught.value.span is not None
    assert caught.value.span.text == "A INPUT -i lo -j ACCEPT"


# several dumps in a text


def test_both_families_are_told_apart_by_their_comments() -> None:
    first = "# Generated by iptables-save v1.8.9 on Monday\n*raw\nCOMMIT\n*filter\nCOMMIT\n"
    second = "# Generated by ip6tables-save v1.8.9 on Monday\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
    for text in (first + second, second + first):
        rulesets = paste(text).rulesets
        assert {family: sorted(r.tables) for family, r in rulesets.items()} == {
            4: ["filter", "raw"], 6: ["filter"],
        }  # fmt: skip
        assert read(text, 6).chain("filter", "INPUT") == rulesets[6].chain("filter", "INPUT")
        assert list(read(text, 4).tables) == ["filter", "raw"]


def test_both_families_are_told_apart_by_addresses_where_a_table_comes_again() -> None:
    raw = "*raw\nCOMMIT\n"
    for text in (DUMP + DUMP6, DUMP6 + DUMP, raw + DUMP + raw + DUMP6, f"```\n{DUMP}{DUMP6}```"):
        pasted = paste(text)
        assert _lines(pasted.rulesets[4]) == RULES
        assert _lines(pasted.rulesets[6]) == ["-A INPUT -s fe80::/10 -j ACCEPT"]
        assert len({*map(len, (r.tables for r in pasted.rulesets.values()))}) == 1


def test_a_text_of_both_families_needs_a_choice() -> None:
    with pytest.raises(ReadError, match="IPv4 and of IPv6"):
        read(DUMP + DUMP6)
    with pytest.raises(ReadError, match="no rules of IPv6"):
        read(LIST.replace("-i lo", "-s 10.0.0.1"), 6)


def test_a_second_dump_of_the_same_family_replaces_the_first_as_ever() -> None:
    assert _lines(read(DUMP + "*filter\n-A OUTPUT -j DROP\nCOMMIT\n")) == ["-A OUTPUT -j DROP"]
    assert _lines(read(DUMP6 + DUMP6.replace("ACCEPT", "DROP"))) == [
        "-A INPUT -s fe80::/10 -j DROP"
    ]


def test_two_dumps_of_a_table_among_other_text_are_refused() -> None:
    with pytest.raises(ReadError, match="a second time; the first is in line 2"):
        read(f"before:\n{DUMP}after:\n{DUMP}")


def test_a_dump_says_more_than_a_listing_of_the_same_table() -> None:
    for text in (f"{LISTED}\n# iptables-save\n{DUMP}", f"here:\n{DUMP}\n{LISTED}"):
        pasted = paste(text)
        assert _lines(pasted.rulesets[4]) == RULES
        assert any("its dump was read" in note for note in pasted.notes)


def test_listings_of_both_families() -> None:
    listed6 = LISTED.replace("0.0.0.0/0", "::/0     ")
    for text in (f"{LISTED}\n{listed6}", f"# iptables -L\n{LISTED}# ip6tables -L\n{listed6}"):
        pasted = paste(text)
        assert _lines(pasted.rulesets[4]) == _lines(pasted.rulesets[6]) == RULES
    plain = "Chain INPUT (policy DROP)\ntarget prot opt source destination\n"
    assert set(paste(f"{plain}\n# ip6tables -L\n{plain}").rulesets) == {4, 6}
    with pytest.raises(ReadError, match="ip6tables"):
        paste(f"{plain}\n{plain}")


def test_a_rule_list_says_more_than_a_listing_of_the_same_chains() -> None:
    listed = "Table `filter`:\n\n    " + LISTED.replace("\n", "\n    ").replace("  *  ", " any ")
    text = f"{listed}\n<details>\n<summary>commands</summary>\n\n{_wrap('{4}', LIST)}</details>\n"
    pasted = paste(text)
    assert _lines(pasted.rulesets[4]) == RULES
    assert any("what -S prints was read" in note for note in pasted.notes)
    with pytest.raises(ReadError, match="a second time"):
        read(f"{LISTED}\n-P FORWARD DROP\n")


@pytest.mark.parametrize(
    "said", ["Table: mangle", "## The mangle table", "`mangle` table", "table 'mangle'"]
)
def test_text_that_names_a_table(said: str) -> None:
    text = f"{said}\n\nChain POSTROUTING (policy ACCEPT)\ntarget prot opt source destination\n"
    assert [*read(text).tables] == ["mangle"]


@pytest.mark.parametrize("text", [
    DUMP.replace("[0:0] -A INPUT", "...\n[0:0] -A INPUT"),
    LIST.replace("-A web", "[...]\n-A web"),
    LISTED.replace("\nChain OUTPUT", "\n<snip>\n\nChain OUTPUT"),
    LISTED.replace("\nChain OUTPUT", "…\nChain OUTPUT"),
])  # fmt: skip
def test_what_is_left_out_may_decide(text: str) -> None:
    with pytest.raises(ReadError, match="left out") as caught:
        read(f"```\n{text}```\n")
    assert caught.value.span is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello\n",
        "<html>",
        "# only a comment\n",
        "{}",
        "no rules\n\nat all",
        "Chain of events (policy)",
    ],
)
def test_texts_without_rules(text: str) -> None:
    with pytest.raises(ReadError, match=r"no ruleset is here|is empty"):
        read(text)


def test_what_stands_outside_any_table_in_a_text() -> None:
    with pytest.raises(ReadError, match="outside any table"):
        read(f"{LIST}\n:web - [0:0]\n")


def test_a_dump_with_cr_lf_is_refused_as_ever() -> None:
    with pytest.raises(ReadError, match="CR LF"):
        read(DUMP.replace("\n", "\r\n"))
    with pytest.raises(ReadError, match="CR LF"):
        read((DUMP + DUMP6).replace("\n", "\r\n"))


def test_address_sets_before_the_rules_that_ask_for_them() -> None:
    text = (
        "# ipset save\ncreate bad hash:net family inet hashsize 1024 maxelem 65536\n"
        "add bad 10.0.0.0/8\nadd bad 10.1.0.0/16 nomatch\nadd this to the list\n# iptables-save\n"
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set bad src -j DROP\nCOMMIT\n"
    )
    pasted = paste(text)
    assert list(pasted.sets) == ["bad"]
    assert "what ipset save prints" in pasted.notes[0]
    assert pasted.notes[1] == "1 line of other text passed over, from line 5 on"


def test_an_error_in_an_address_set_points_into_the_text() -> None:
    with pytest.raises(ReadError) as caught:
        paste("create bad hash:net\nadd bad nobody\n" + DUMP)
    assert caught.value.span is not None
    assert caught.value.span.line == 2


def test_a_cut_off_dump_in_a_text() -> None:
    with pytest.raises(ReadError, match="COMMIT is missing"):
        read(f"```\n{DUMP.replace('COMMIT', '')}```\n")


# published texts

_PUBLISHED = sorted((CORPUS / "other" / "iptL").glob("*/*"))


@pytest.mark.skipif(not _PUBLISHED, reason="the corpus of published texts is not here")
def test_published_texts_are_read_or_refused_with_what_to_do() -> None:
    notes, refused = [], []
    for path in _PUBLISHED:
        try:
            notes.append(paste(path.read_text("utf-8", "surrogateescape"), path.name).notes[0])
        except ReadError as error:
            refused.append(error)
    assert len(notes) >= 2
    assert all(note.startswith("read as") for note in notes)
    assert all(error.span and error.hint for error in refused)


# the public way in


def test_plain_dumps_are_read_without_any_form() -> None:
    code = (
        "import sys, fwsim; fwsim.read(sys.stdin.read()); "
        "print(*[m for m in sys.modules if m.startswith('fwsim.language.forms.')])"
    )
    for text in (DUMP, f"# comment\n\n{DUMP}", DUMP6):
        run = subprocess.run(
            [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True
        )
        assert run.stdout.split() == ["fwsim.language.forms.pasted"]


def test_the_package_reads_every_form() -> None:
    for text in SHOWN.values():
        assert _lines(fwsim.read(text)) == RULES


@pytest.mark.parametrize("family", [4, 6])
def test_random_rulesets_come_back_from_a_rule_list(family: int, seed: int) -> None:
    ruleset = restorable(read_dump(random_dump(Random(seed), family), family))
    program = "iptables" if family == 4 else "ip6tables"
    assert dumped(read(_listed(ruleset, program))) == dumped(ruleset)


def _listed(ruleset: Ruleset, program: str) -> str:
    """What `-t TABLE -S -v` prints of every table."""
    out = []
    for table in ruleset.tables.values():
        out.append(f"# {program} -t {table.name} -S -v")
        for chain in table.chains.values():
            packets, octets = chain.counters
            head = f"-P {chain.name} {chain.policy} -c {packets} {octets}"
            out.append(head if chain.policy else f"-N {chain.name}")
        for chain in table.chains.values():
            for rule, line in zip(chain.rules, chain_lines(chain), strict=True):
                start = f"-A {chain.name}"
                packets, octets = rule.counters
                out.append(f"{start} -c {packets} {octets}{line.removeprefix(start)}")
    return "\n".join(out) + "\n"


_PIECES = st.sampled_from([
    *(line for text in SHOWN.values() for line in text.splitlines()), DUMP, LIST, LISTED, DUMP6,
    "```", "> ", "...", "$ iptables -t nat -L", "[1:2] -A", "*nat", "*filter", "-N", "-P INPUT x",
    "Chain X (policy DROP)", "target prot opt source destination", "\x00", "é", "/* */", "-A x \"",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=20), max_size=12))
def test_nothing_but_an_fwsim_error_comes_of_nonsense(pieces: list[str]) -> None:
    try:
        paste("\n".join(pieces))
    except FwsimError as error:
        str(error)
