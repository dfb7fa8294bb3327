"""fwsim graph and fwsim topology: the forms and where they go, what is shown, what is refused."""

from __future__ import annotations

import re
from os import environ
from pathlib import Path
from xml.etree import ElementTree

import pytest

import fwsim as package

from .running import fwsim, process, refused

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
LIT = ("graph", "--trace", "ns1 8.8.8.8")


def shown(*args: str, stdin: str | None = None) -> str:
    result = fwsim(*args, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_tree_of_chains_for_people() -> None:
    lines = shown("graph").splitlines()
    assert lines[:2] == [
        "example:article-outbound-only (built in; name your own rules with --from)",
        "Chains of filter",
    ]
    assert "  4       -o docker0  → DOCKER                      no rules" in lines
    assert "          1  -o docker0  DROP" in lines
    assert not any(line != line.rstrip() for line in lines)


def test_the_way_of_a_packet_is_told_in_words_too() -> None:
    text = shown(*LIT)
    assert "Chains of nat, filter" in text
    assert "ACCEPT                        request ✓ decided by 8" in text
    assert "policy DROP                   reply ✗ decided here" in text
    assert "✗ no answer. The reply is dropped on host by filter FORWARD's policy." in text


def test_counters_are_told_and_shaded() -> None:
    dump = "*filter\n:INPUT DROP [9:9]\n:FORWARD DROP\n:OUTPUT DROP\n:a -\n"
    dump += "[1200:9] -A INPUT -j a\n[1:9] -A a -j ACCEPT\nCOMMIT\n"
    text = shown("graph", "--from", "-", "--counters", stdin=dump)
    assert re.search(r"1 +→ a +1200 pkts", text)
    assert re.search(r"1 +ACCEPT +1 pkt\n", text)
    assert re.search(r"policy DROP +9 pkts", text)
    svg = shown("graph", "--from", "-", "--counters", "--format", "svg", stdin=dump)
    assert re.findall(r'class="heat (heat\d)"', svg) == ["heat4", "heat2", "heat1"]
    assert "pkt" not in shown("graph", "--from", "-", stdin=dump)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.svg", "<?xml"), ("x.html", "<!DOCTYPE html>"), ("x.mmd", "flowchart LR"),
        ("x.dot", "digraph fwsim {"), ("x.GV", "digraph fwsim {"), ("x.txt", "example:"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["graph", "topology"])
def test_the_ending_of_the_file_tells_the_form(
    tmp_path: Path, command: str, name: str, begins: str
) -> None:
    file = tmp_path / name
    assert shown(command, "-o", str(file)) == ""
    text = file.read_text("utf-8")
    assert text.startswith(begins)
    assert text.endswith("\n")


@pytest.mark.parametrize("form", ["svg", "html", "mermaid", "dot", "text"])
@pytest.mark.parametrize("command", ["graph", "topology"])
def test_a_form_is_printed_and_goes_to_any_file(tmp_path: Path, command: str, form: str) -> None:
    file = tmp_path / "picture"
    printed = shown(command, "--format", form)
    assert shown(command, "--format", form, "-o", str(file)) == ""
    assert file.read_text("utf-8") == printed


def test_pictures_are_well_formed_and_name_what_they_show() -> None:
    for command in ("graph", "topology"):
        root = ElementTree.fromstring(shown(command, "--format", "svg"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_what_is_refused() -> None:
    assert "none of the endings .svg" in refused("graph", "-o", "chains.png")
    assert "there is no table 'fitler'" in refused("graph", "-t", "fitler")
    message = refused("graph", "--chain", "DOKCER")
    assert "no chain 'DOKCER' in nat, filter" in message
    assert "DOCKER" in message
    assert "--trace 'ns1' is not SRC DST" in refused("graph", "--trace", "ns1")
    assert "no host 'nsx' here" in refused("topology", "--host", "nsx")
    assert "IPv4 was traced" in refused("graph", "-6", "--trace", "ns1 8.8.8.8")
    assert "nowhere" in refused("graph", "-o", str(ROOT / "nowhere" / "x.svg"))


def test_tables_are_chosen() -> None:
    assert "Chains of nat, filter" in shown("graph", "-t", "all")
    assert "Chains of nat\n" in shown("graph", "-t", "nat")
    assert "Chains of filter, nat\n" in shown("graph", "-t", "filter", "-t", "nat")
    assert "no rules" in shown("graph", "-t", "raw")
    assert "Chains of filter\n" in shown("graph", "--chain", "DOCKER-USER")


def test_a_chain_with_the_ways_to_it_and_what_it_leads_to() -> None:
    text = shown("graph", "--chain", "DOCKER-ISOLATION-STAGE-1")
    assert "DOCKER-ISOLATION-STAGE-2" in text
    assert "FORWARD" in text
    assert "INPUT" not in text


def test_rules_after_commands() -> None:
    text = shown("graph", "--with", "iptables -N mine", "--with", "iptables -A INPUT -g mine")
    assert "⇢ mine" in text
    assert "-g" in text


def test_rules_of_ipv6_alone_are_shown_without_being_asked_for() -> None:
    dump = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\nCOMMIT\n"
    assert "Chains of filter, IPv6" in shown("graph", "--from", "-", stdin=dump)


def test_hosts_as_text() -> None:
    lines = shown("topology").splitlines()
    assert "    veth1                 → ns1 eth0" in lines
    assert "      eth0  172.18.0.3/16" in lines
    assert "  eth0     192.0.2.10/24  ← internet eth0" in lines


def test_one_host_and_its_neighbours() -> None:
    text = shown("topology", "--host", "ns1")
    assert "ns1" in text
    assert "ns0" not in text


def test_rules_alone_show_the_host_that_they_speak_of() -> None:
    dump = package.save(package.load().rules(4))
    text = shown("topology", "--from", "-", stdin=dump)
    assert re.search(r"docker0 +bridge, who is on it is not told", text)
    assert re.search(r"everything +→ host eth0", text)


@pytest.mark.parametrize("command", ["graph", "topology"])
def test_pictures_do_not_depend_on_the_hash_seed(command: str) -> None:
    one, two = (
        process(command, "--format", "svg", env={**environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    )
    assert one.startswith("<?xml")
    assert one == two


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is absent")
def test_thousands_of_rules_are_folded() -> None:
    dump = CORPUS / "generated+kube-proxy-1.20.2" / "v4-300svc.save"
    text = shown("graph", "--from", str(dump), "-t", "nat")
    assert "KUBE-SEP-… (4)    698 chains" in text
    assert len(text.splitlines()) < 90
    one = shown("graph", "--from", str(dump), "--chain", "KUBE-SVC-237ZG3M5VHQSZKN2")
    assert "→ KUBE-SVC-237ZG3M5VHQSZKN2" in one
    assert "KUBE-SVC-2AJ7TRT7NJD55ZMH" not in one
