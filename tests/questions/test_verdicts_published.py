"""Many packets at once through published rulesets, and through rules of every extension, come to
what the walk of each one by itself comes to."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from language.dumps import CORPUS, published, random_dump

import fwsim
from fwsim.language.ruleset import TABLES, Rule, Table
from fwsim.model.names import STATES, address_text
from fwsim.model.pred import In, atoms
from fwsim.net import Net

from .test_verdicts_agree import columns_of, walked

DEVICES = ("eth0", "eth1", "docker0", "lo", "")
UNSEEN = {"PREROUTING": "out", "INPUT": "out", "OUTPUT": "in", "POSTROUTING": "in"}


def _ends(random: Random, rules: list[Rule]) -> dict[str, list[int]]:
    """Values at which rules begin or cease to match, of each field."""
    found: dict[str, list[int]] = {}
    for rule in random.sample(rules, min(len(rules), 200)):
        for atom in atoms(rule.pred):
            if isinstance(atom, In):
                chosen = random.sample(atom.spans, min(len(atom.spans), 4))
                found.setdefault(atom.field.name, []).extend(end for span in chosen for end in span)
    return found


def _row(random: Random, ends: dict[str, list[int]], family: int, chain: str) -> dict[str, Any]:
    bits = 32 if family == 4 else 128

    def near(name: str, top: int) -> int:
        return (
            random.choice(ends.get(name) or [0])
            if random.random() < 0.8
            else random.randint(0, top)
        )

    row: dict[str, Any] = {n: address_text(near(n, (1 << bits) - 1), bits) for n in ("src", "dst")}
    row |= {name: near(name, 65535) for name in ("sport", "dport", "mark")}
    row["proto"] = random.choice((6, 6, 17, 17, 1 if family == 4 else 58, near("proto", 255)))
    row |= {name: random.choice(DEVICES) for name in ("in", "out")}
    row["ctstate"] = random.choice(STATES)
    row.pop(UNSEEN.get(chain, ""), None)
    return row


def _decided(random: Random, net: Net, table: Table, family: int, packets: int) -> int:
    """How many packets have a verdict in the table that is known, all of them the right one."""
    rules = [rule for chain in table.chains.values() for rule in chain.rules]
    ends, decided = _ends(random, rules), 0
    for chain in TABLES[table.name]:
        rows = [_row(random, ends, family, chain) for _ in range(packets)]
        found = net.verdicts(columns_of(rows, family), table.name, chain, family)
        for number, row in enumerate(rows):
            what = str(found.verdict[number]), found.chain[number], int(found.rule[number])
            if what[0] != "UNKNOWN":
                one = walked(net, table.name, row, family, hook=chain)
                if one.verdict not in ("UNKNOWN", "BYPASS"):
                    assert (one.verdict, one.chain, one.rule) == what
                    decided += 1
    return decided


def _through(random: Random, net: Net, packets: int) -> int:
    rulesets = net.world.namespaces[net.world.host].rulesets
    return sum(
        _decided(random, net, table, family, packets)
        for family, ruleset in rulesets.items()
        for table in ruleset.tables.values()
        if table.name in ("filter", "mangle", "security")
    )


@pytest.mark.parametrize("family", [4, 6])
def test_rules_of_every_extension(family: int, seed: int, tmp_path: Path) -> None:
    random, decided = Random(seed), 0
    for _ in range(8):
        name = "iptables-save" if family == 4 else "ip6tables-save"
        (tmp_path / name).write_text(random_dump(random, family))
        decided += _through(random, fwsim.load(tmp_path), 20)
    assert decided > 200


@pytest.mark.skipif(not published(), reason="the corpus is not beside the repository")
def test_published_rulesets(seed: int) -> None:
    random, decided = Random(seed), 0
    for one in published():
        if one.accepted and (CORPUS / one.name).stat().st_size < 3_000_000:
            try:
                net = fwsim.load(CORPUS / one.name)
            except fwsim.FwsimError:
                continue  # which are refused is told by another test
            decided += _through(random, net, 6)
    assert decided > 1000
