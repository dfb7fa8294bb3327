"""Rules and rulesets: made of every extension, read by fwsim, shrinking to the plainest; that the
real iptables takes them is tested in kernel/test_strategies_real.py."""

from __future__ import annotations

import ast
import re

import pytest

import fwsim
from fwsim.language.ruleset import TABLES
from fwsim.machine.world import shown
from fwsim.model.errors import QuestionError
from fwsim.strategies import rules, rulesets
from fwsim.strategies.pieces import ASIDE

from .worlds import article, drawn, simplest


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("table", "chain"), [("filter", "FORWARD"), ("nat", "OUTPUT")])
def test_a_rule_is_read_and_saved_as_it_is(family: int, table: str, chain: str) -> None:
    found = dict.fromkeys(drawn(rules(family, table=table, chain=chain), 60))
    for text in found:
        ruleset = fwsim.read(f"*{table}\n{text}\nCOMMIT\n", family)
        assert len(ruleset.tables[table].chains[chain].rules) == 1
    assert all(text.startswith(f"-A {chain}") for text in found)
    assert len(found) > 25


def test_rules_are_of_many_extensions_and_of_all_that_are_named() -> None:
    found = " ".join(drawn(rules(table="mangle", chain="own"), 150))
    met = set(re.findall(r"-[mj] ([\w-]+)", found))
    assert len(met) > 25
    assert not met & set(ASIDE)
    named = ("tcp", "multiport", "MARK")
    own = " ".join(drawn(rules(table="mangle", chain="FORWARD", extensions=named), 150))
    assert set(re.findall(r"-[mj] ([\w-]+)", own)) == {*named, "ACCEPT", "DROP", "RETURN"}


def test_a_place_brings_its_addresses_and_devices() -> None:
    net = article()
    found = drawn(rules(net=net, chain="INPUT"), 100)
    told = [re.findall(rf"-[{flags}] (\S+)", " ".join(found)) for flags in ("i", "sd")]
    assert set(told[0]) <= set(net.world.namespaces["host"].devices)
    spaces = net.world.namespaces.values()
    own = {shown(address.value, 4) for ns in spaces for _, address in ns.addresses(4)}
    alone = {text.removesuffix("/32") for text in told[1] if text.endswith("/32")}
    assert alone <= own
    assert min(map(len, (alone, told[0]))) >= 1
    for text in found[::15]:
        net.apply(f"iptables {text}")


def test_a_ruleset_is_read_as_it_is_saved() -> None:
    for text in dict.fromkeys(drawn(rulesets(tables=tuple(TABLES), most=2), 8)):
        read = text.rules()
        assert set(read.tables) == set(TABLES)
        assert fwsim.save(read).count("\n-A ") == text.count("\n-A ")


def test_they_shrink_to_the_plainest() -> None:
    assert simplest(rules()) == "-A FORWARD -j ACCEPT"
    assert simplest(rules(chain="mine"), lambda text: "-j DROP" in text) == "-A mine -j DROP"
    empty = simplest(rulesets())
    assert (
        empty
        == "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    )
    one = simplest(rulesets(), lambda text: "-A FORWARD" in text)
    assert [line for line in one.splitlines() if line.startswith("-A")] == ["-A FORWARD -j ACCEPT"]


def test_a_ruleset_prints_line_by_line_as_python_reads_it() -> None:
    for text in drawn(rulesets(), 20):
        assert ast.literal_eval(repr(text)) == text
    assert repr(simplest(rulesets())).startswith('"""\\\n*filter\n:INPUT ACCEPT [0:0]\n')


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(QuestionError, match="no table 'fliter'"):
        rules(table="fliter")
    with pytest.raises(QuestionError, match="none of TPROXY may stand in filter FORWARD"):
        rules(extensions=["TPROXY"])
