"""What copying leaves in a text, and what people write where no tool takes it: each is refused, and
the hint says what to do about it. So are texts of other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim
from fwsim.language.forms import paste
from fwsim.machine.place import open_place
from fwsim.model.errors import PlaceError, ReadError

RULE = "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"
DUMP = f"*filter\n:INPUT DROP [0:0]\n{RULE}\nCOMMIT\n"
SCRIPT = f"sudo iptables {RULE}\n"
LISTED = """Chain INPUT (policy DROP)
target     prot opt source               destination
ACCEPT     tcp  --  10.0.0.0/8           0.0.0.0/0            tcp dpt:22
"""
STRAY = {
    "a dash for two": (DUMP.replace("--dport", "\u2013dport"), "typographic dash"),
    "a dash for one": (DUMP.replace("-j", "\u2212j"), "typographic dash"),
    "dashes everywhere": (
        SCRIPT.replace("-", "\u2013"),
        "line 1, column 15, is a typographic dash",
    ),
    "a dash of Windows": (DUMP.replace("--dport", "\udc96dport"), "typographic dash"),
    "quotes": (DUMP.replace("22", "22 -m comment --comment \u201ca b\u201d"), "typographic quote"),
    "a no-break space": (
        DUMP.replace("INPUT -p", "INPUT\u00a0-p"),
        "line 3, column 9, is a no-break",
    ),
    "one in a script": (SCRIPT.replace(" -j ", "\u00a0-j "), "no-break space"),
    "one in a listing": (LISTED.replace("  ", "\u00a0 "), "no-break space"),
    "what nobody sees": (SCRIPT.replace("22", "\u200b22"), "nobody sees"),
    "colours": (f"-P INPUT \x1b[31mDROP\x1b[0m\n{RULE}\n", "colour code"),
    "entities": (DUMP.replace("22", "22 -m comment --comment &quot;a b&quot;"), "HTML"),
    "entities in a script": (SCRIPT.replace("\n", " &amp;&amp; iptables -F\n"), "HTML"),
    "tags": (f"<pre><code>{DUMP}</code></pre>", "HTML"),
    "an ellipsis": (DUMP.replace("COMMIT", "...\nCOMMIT"), "left out"),
    "a comment behind a rule": (DUMP.replace("ACCEPT", "ACCEPT # ssh"), "first character"),
    "an indented comment": (DUMP.replace(RULE, f"  # ssh\n{RULE}"), "first character"),
    "single quotes": (DUMP.replace("22", "22 -m comment --comment 'a b'"), "single quotes"),
    "blanks behind COMMIT": (DUMP.replace("COMMIT", "COMMIT "), "alone in its line"),
    "a wrapped rule": (
        f"-P INPUT DROP\n{RULE.replace(' -j', chr(10) + '-j')}\n{RULE}\n",
        "wrapped",
    ),
    "a wrapped heading": (LISTED.replace("source  ", "source\n"), "wrapped"),
    "names": (LISTED.replace("10.0.0.0/8", "gateway.home"), "With -n"),
    "a slip": (DUMP.replace("--dport", "--dprot"), "Is --dport meant?"),
    "a slip in iptables' own": (DUMP.replace("-p tcp", "--protocoll tcp"), "Is --protocol meant?"),
    "a match that is not loaded": (SCRIPT.replace("--dport", "--dports"), "of -m multiport, to be"),
    "a state without its match": (
        "iptables -A INPUT --state NEW -j ACCEPT\n",
        "of -m state, to be",
    ),
    "the other family's match": ("ip6tables -A INPUT -p icmp --icmp-type 8\n", "icmp (IPv4 only)"),
    "a target's case": (SCRIPT.replace("ACCEPT", "accept"), "Is ACCEPT meant?"),
    "another table's chain": (
        SCRIPT.replace("INPUT", "PREROUTING"),
        "-t raw or -t mangle or -t nat",
    ),
    "a table without that chain": (
        SCRIPT.replace("-A", "-t nat -A").replace("INPUT", "FORWARD"),
        "-t filter or -t security",
    ),
    "a placeholder": (SCRIPT.replace("INPUT", "INPUT -s <your-ip>"), "in its place"),
    "numbered lines": ("".join(f" {n}  {t}\n" for n, t in enumerate(DUMP.split("\n"))), "Numbers"),
    "a diff": ("".join(f"+{line}\n" for line in DUMP.split("\n")), "diff"),
    "nftables": ("table ip filter {\n\tchain INPUT {\n\t}\n}\n", "`nft list ruleset`"),
    "ufw": ("Status: active\n\nTo    Action  From\n22/tcp  ALLOW  Anywhere\n", "`ufw status`"),
    "firewalld": ("public\n  target: default\n  icmp-block-inversion: no\n", "`firewall-cmd"),
    "sets alone": ("create a hash:ip family inet\nadd a 10.0.0.1\n", "`ipset save`"),
}


@pytest.mark.parametrize("what", STRAY)
def test_the_hint_says_what_does_not_belong_there(what: str) -> None:
    text, hint = STRAY[what]
    with pytest.raises(ReadError) as caught:
        paste(text)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("ports", ["80,443", "8000-8010"])
def test_several_ports_in_the_place_of_one(ports: str) -> None:
    with pytest.raises(ReadError, match="several are for -m multiport --dports, a range is"):
        paste(SCRIPT.replace("22", ports))


def test_a_command_may_be_kept_from_reading() -> None:
    assert paste(SCRIPT.replace("\n", " </dev/null 2>&1\n")).rulesets[4].tables


def test_texts_without_them_are_read() -> None:
    for text in (DUMP, SCRIPT, LISTED):
        assert len(paste(text).rulesets[4].tables["filter"].chains["INPUT"].rules) == 1


def test_an_error_of_another_kind_keeps_its_hint() -> None:
    with pytest.raises(ReadError) as caught:
        paste("# \u201cmine\u201d\n" + DUMP.replace("-p tcp -m tcp ", ""))
    assert "-m NAME" in (caught.value.hint or "")


def test_commands_that_are_tried_have_the_same_hints() -> None:
    with pytest.raises(ReadError) as caught:
        fwsim.load().apply("iptables -A INPUT -p tcp \u2013dport 22")
    assert "typographic dash" in (caught.value.hint or "")


def test_a_file_of_powershell(tmp_path: Path) -> None:
    path = tmp_path / "rules.txt"
    path.write_bytes(("\ufeff" + DUMP).encode("utf-16-le"))
    with pytest.raises(PlaceError) as caught:
        open_place(str(path))
    assert "UTF-16" in (caught.value.hint or "")
