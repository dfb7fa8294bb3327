"""Listings are read back: what comes of them is the ruleset that was listed, but for what is said
to be lost."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from fwsim.language.forms import paste, read
from fwsim.language.listing import listing
from fwsim.language.options import Use
from fwsim.language.read import read as read_dump
from fwsim.language.ruleset import TABLES, Ruleset
from fwsim.language.write import chain_lines, save
from fwsim.model.errors import ReadError

from .dumps import random_dump
from .examples import ACCEPTED, Example
from .telling import FLAGS, WORDS, dumped, listable, restorable, told

HEADING = "target     prot opt source               destination"
VERBOSE = " pkts bytes target     prot opt in     out     source               destination"
SWITCHES = [
    tuple(flag for flag, on in zip(FLAGS, switches, strict=True) if on)
    for switches in product((False, True), repeat=len(FLAGS))
]


def _listed(ruleset: Ruleset, flags: tuple[str, ...]) -> str:
    program = "iptables" if ruleset.family == 4 else "ip6tables"
    given = {name: flag in flags for name, flag in WORDS.items()}
    return "\n".join(
        f"# {program} -t {table} -L {' '.join(flags)}\n" + listing(ruleset, table=table, **given)
        for table in ruleset.tables
    )


def _rules(*rows: str, heading: str = HEADING, chain: str = "FORWARD") -> list[str]:
    text = "\n".join([f"Chain {chain} (policy ACCEPT)", heading, *rows, ""])
    found = read(text).chain("filter", chain)
    assert found is not None
    return [line.removeprefix(f"-A {chain} ") for line in chain_lines(found)]


@pytest.mark.parametrize("flags", SWITCHES, ids=" ".join)
@pytest.mark.parametrize("family", [4, 6])
def test_random_rulesets_come_back(family: int, flags: tuple[str, ...], seed: int) -> None:
    ruleset = listable(restorable(read_dump(random_dump(Random(seed + family), family), family)))
    back = read(_listed(ruleset, flags))
    assert back.family == family
    assert dumped(back) == told(ruleset, flags)
    assert any("devices" in note for note in back.notes) == ("-v" not in flags)
    assert any("in full" in note for note in back.notes) == ("-v" in flags and "-x" not in flags)
    shown = [flag for flag in flags if flag != "-x" or "-v" in flags]
    assert " ".join(["-L", *shown]) in back.notes[0]


def _restored(example: Example) -> Ruleset:
    return restorable(read_dump(example.dump(), example.family))


def _uses(ruleset: Ruleset) -> list[Use]:
    tables = ruleset.tables.values()
    rules = [r for table in tables for chain in table.chains.values() for r in chain.rules]
    return [use for r in rules for use in (*r.matches, *([r.target] if r.target else []))]


_TOLD = [
    example
    for example in ACCEPTED
    if all(use.ext.unlist for use in _uses(read_dump(example.dump(), example.family)))
]


def test_most_extensions_can_be_read_back() -> None:
    assert len({example.extension for example in _TOLD}) >= 17


@pytest.mark.parametrize("example", _TOLD, ids=str)
@pytest.mark.parametrize("flags", [("-v", "-x"), ("-n", "-v", "-x")], ids=" ".join)
def test_every_example_comes_back(example: Example, flags: tuple[str, ...]) -> None:
    ruleset = _restored(example)
    assert dumped(read(_listed(ruleset, flags), example.family)) == told(ruleset, flags)


# what other releases of iptables list


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("ACCEPT tcp -- anywhere anywhere tcp dpt:ssh", "-p tcp -m tcp --dport 22 -j ACCEPT"),
        ("ACCEPT tcp -- 10.0.0.0/8 !10.1.2.3", "-s 10.0.0.0/8 ! -d 10.1.2.3/32 -p tcp -j ACCEPT"),
        ("DROP  !udp  -f  anywhere  anywhere", "! -p udp -f -j DROP"),
        ("DROP  all  !f  anywhere  anywhere", "! -f -j DROP"),
        ("           17   --  0.0.0.0/0            0.0.0.0/0", "-p udp"),
        ("ACCEPT icmp -- anywhere anywhere icmp type 8", "-p icmp -m icmp --icmp-type 8 -j ACCEPT"),
        ("ACCEPT icmp -- anywhere anywhere icmp echo-reply",
         "-p icmp -m icmp --icmp-type 0 -j ACCEPT"),
        ("ACCEPT icmp -- anywhere anywhere icmp !type 3 code 1",
         "-p icmp -m icmp ! --icmp-type 3/1 -j ACCEPT"),
        ("ACCEPT all -- anywhere anywhere state NEW mark match !0x1",
         "-m state --state NEW -m mark ! --mark 0x1 -j ACCEPT"),
        ("LOG all -- anywhere anywhere LOG level warning prefix `seen: '",
         '-j LOG --log-prefix "seen: "'),
        ('LOG all -- anywhere anywhere LOG flags 5 level 7 prefix "a "b" "',
         '-j LOG --log-prefix "a \\"b\\" " --log-level 7 --log-tcp-sequence --log-ip-options'),
        ("REJECT tcp -- anywhere localhost reject-with tcp-reset",
         "-d 127.0.0.1/32 -p tcp -j REJECT --reject-with tcp-reset"),
        ("ACCEPT all -- loopback/8 base-address.mcast.net/4",
         "-s 127.0.0.0/8 -d 224.0.0.0/4 -j ACCEPT"),
        ("ACCEPT tcp -- anywhere anywhere tcp flags:!FIN,SYN,RST,ACK/SYN multiport dports 80,https",
         "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m multiport --dports 80,443 -j ACCEPT"),
        ("MARK all -- anywhere anywhere ctstate NEW /* ctstate NEW */ MARK and 0xff",
         '-m conntrack --ctstate NEW -m comment --comment "ctstate NEW" '
         "-j MARK --set-xmark 0x0/0xffffff00"),
    ],
)  # fmt: skip
def test_rows(row: str, rule: str) -> None:
    assert _rules(row) == [rule]


def test_a_row_without_target_in_an_old_listing_of_ip6tables() -> None:
    old = "target     prot opt source               destination"
    rows = [
        "           tcp      anywhere             fd00::1/128",
        "DROP       all      fe80::/10            anywhere",
    ]
    text = "\n".join(["Chain INPUT (policy ACCEPT)", old, *rows])
    ruleset = read(text)
    chain = ruleset.chain("filter", "INPUT")
    assert chain is not None
    assert [*chain_lines(chain)] == [
        "-A INPUT -d fd00::1/128 -p tcp",
        "-A INPUT -s fe80::/10 -j DROP",
    ]
    quoted = read("".join(f"> {line}\n" for line in text.splitlines()))
    assert save(quoted) == save(ruleset)
    verbose = [
        " pkts bytes target     prot opt in     out     source               destination",
        "    1    40            tcp      lo     *       ::/0                 ::/0",
        "    1    40 DROP       all      *      *       ::/0                 ::/0",
    ]
    chain = read("\n".join(["Chain INPUT (policy ACCEPT 0 packets, 0 bytes)", *verbose])).chain(
        "filter", "INPUT"
    )
    assert chain is not None
    assert [*chain_lines(chain)] == ["-A INPUT -i lo -p tcp", "-A INPUT -j DROP"]


def test_goto_is_no_jump() -> None:
    row = "web  all  --  anywhere  anywhere  [goto] state NEW"
    text = f"Chain FORWARD (policy DROP)\n{HEADING}\n{row}\n"
    text += f"\nChain web (1 references)\n{HEADING}\n"
    assert "-A FORWARD -m state --state NEW -g web" in save(read(text))


def test_wide_counters_are_approximate() -> None:
    text = (
        "Chain FORWARD (policy DROP 664K packets, 57M bytes)\n"
        f"{VERBOSE}\n12G  3T ACCEPT  all  --  eth0  !br+  anywhere  anywhere\n"
    )
    ruleset = read(text)
    assert ":FORWARD DROP [664000:57000000]" in save(ruleset)
    assert "[12000000000:3000000000000] -A FORWARD -i eth0 ! -o br+" in save(ruleset, counters=True)
    assert "counters in full" in ruleset.notes[0]


def test_names_of_addresses_are_told() -> None:
    text = f"Chain FORWARD (policy DROP)\n{HEADING}\nDROP  all  --  localhost  anywhere\n"
    assert "localhost is taken for 127.0.0.1" in read(text).notes


def test_anywhere_hides_networks_in_ipv6_and_in_conntrack() -> None:
    text = f"Chain INPUT (policy DROP)\n{HEADING}\nDROP all -- anywhere fd00::1/128\n"
    assert "begin with ::" in read(text).notes[0]
    text = (
        f"Chain INPUT (policy DROP)\n{HEADING}\nDROP all -- anywhere anywhere ctorigsrc anywhere\n"
    )
    ruleset = read(text)
    assert "--ctorigsrc 0.0.0.0/0" in save(ruleset)
    assert "where ctorigsrc is `anywhere`" in ruleset.notes[0]


def test_comments_that_hold_their_own_end_are_doubtful() -> None:
    row = "DROP  all  --  anywhere  anywhere  /* a */ b */ state NEW"
    assert _rules(row) == ['-m comment --comment "a */ b" -m state --state NEW -j DROP']
    text = f"Chain INPUT (policy DROP)\n{HEADING}\n{row}\n"
    assert "where a text ends" in read(text).notes[0]
    assert "where a text ends" not in read(text.replace(" b */", "")).notes[0]


def test_matches_in_a_row_that_look_as_one_are_doubtful() -> None:
    row = "DROP  all  --  anywhere  anywhere  ctstate NEW ctdir REPLY"
    assert _rules(row) == ["-m conntrack --ctstate NEW --ctdir REPLY -j DROP"]
    text = f"Chain INPUT (policy DROP)\n{HEADING}\n{row}\n"
    assert "whether one -m conntrack or several ask" in read(text).notes[0]
    assert "whether one" not in read(text.replace(" ctdir REPLY", "")).notes[0]


def test_references_that_are_not_shown_are_missing() -> None:
    text = f"Chain INPUT (policy DROP)\n{HEADING}\nweb  all  --  anywhere  anywhere\n\n"
    text += f"Chain web (2 references)\n{HEADING}\n"
    notes = read(text).notes
    assert "web has 2 references, but this text shows 1: rules are missing from it" in notes
    assert any(
        note.startswith("FORWARD, OUTPUT of table filter (IPv4) is not shown") for note in notes
    )


# what is refused


@pytest.mark.parametrize(
    ("row", "place", "why"),
    [
        ("ACCEPT tcp -- anywhere anywhere tcp dpt:22 frobnicate 7", "frobnicate 7", "cannot read"),
        ("ACCEPT tcp -- anywhere anywhere state NEW tcp dpt", "dpt", "cannot read"),
        ("ACCEPT tcp -- anywhere anywhere tcp dpt:nosuchservice", "nosuchservice", "service"),
        ("ACCEPT tcp -- anywhere host.example", "host.example", "no name is resolved"),
        ("ACCEPT udp -- anywhere anywhere tcp dpt:22", "tcp dpt:22", "-p tcp"),
        ("ACCEPT nosuch -- anywhere anywhere", "nosuch", "protocol"),
        ("ACCEPT tcp -- anywhere", "ACCEPT tcp -- anywhere", "cells are missing"),
        ("web tcp -- anywhere anywhere", "web", "nor a chain"),
        ("LOG all -- anywhere anywhere LOG flags 16 level 4", "16", "flag"),
        ("what is this", "what is this", "cells are missing"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_caret(row: str, place: str, why: str) -> None:
    with pytest.raises(ReadError, match=why) as caught:
        _rules("ACCEPT  all  --  anywhere  anywhere", row)
    span = caught.value.span
    assert span is not None
    assert (span.line, span.text) == (4, place)
    assert f"{'^' * len(place)}" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["2    DROP  all  --  anywhere  anywhere"], "expected rule 1"),
        (
            ["1    DROP  all  --  anywhere  anywhere", "3    DROP  all  --  anywhere  anywhere"],
            "rule 2",
        ),
    ],
)
def test_missing_rows_show_in_line_numbers(rows: list[str], why: str) -> None:
    with pytest.raises(ReadError, match=why):
        _rules(*rows, heading=f"num  {HEADING}")


def test_a_counter_that_is_none() -> None:
    with pytest.raises(ReadError, match="664K"):
        _rules("x 0 DROP all -- any any anywhere anywhere", heading=VERBOSE)


def test_a_chain_without_its_columns_names() -> None:
    with pytest.raises(ReadError, match="names of the columns"):
        read("Chain INPUT (policy DROP)\nDROP all -- anywhere anywhere\n")


# which table it is


def _tables(text: str) -> list[str]:
    return [*paste(text).rulesets[4].tables]


def _chains(*names: str) -> str:
    return "\n".join(f"Chain {name} (policy ACCEPT)\n{HEADING}\n" for name in names)


def test_built_in_chains_tell_the_table() -> None:
    assert _tables(_chains("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")) == ["nat"]
    assert _tables(_chains("PREROUTING", "OUTPUT", "POSTROUTING")) == ["nat"]
    assert _tables(_chains("PREROUTING", "POSTROUTING", "OUTPUT")) == ["nat"]
    assert _tables(_chains(*TABLES["mangle"])) == ["mangle"]
    assert _tables(_chains("PREROUTING", "OUTPUT")) == ["raw"]
    assert _tables(_chains("FORWARD")) == ["filter"]
    both = _chains(*TABLES["filter"], *TABLES["nat"], *TABLES["mangle"], *TABLES["raw"])
    assert sorted(_tables(both)) == ["filter", "mangle", "nat", "raw"]


def test_targets_tell_the_table() -> None:
    text = _chains("POSTROUTING") + "MASQUERADE  all  --  anywhere  anywhere\n"
    assert _tables(text) == ["nat"]


def test_the_command_before_tells_the_table() -> None:
    for command in ("iptables -t mangle -nvL", "sudo iptables -vnL -tmangle POSTROUTING"):
        assert _tables(f"$ {command}\n{_chains('POSTROUTING')}") == ["mangle"]
    assert _tables(f"Output of `iptables -L -t raw`:\n\n{_chains('OUTPUT')}") == ["raw"]


def test_a_table_that_nothing_tells() -> None:
    with pytest.raises(ReadError, match="mangle or nat") as caught:
        read(_chains("POSTROUTING"))
    assert "iptables -t nat -L" in str(caught.value)


def test_a_chain_twice() -> None:
    with pytest.raises(ReadError, match="a second time; the first is in line 1") as caught:
        read(_chains("FORWARD", "FORWARD"))
    assert caught.value.span is not None
    assert caught.value.span.line == 4
