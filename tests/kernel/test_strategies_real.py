"""The real iptables takes the rules and rulesets that strategies make, and holds all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from strategies.worlds import drawn

from fwsim.language.ruleset import TABLES
from fwsim.strategies import rules, rulesets

from .netns import Netns, require_kernel

require_kernel()


@pytest.fixture(scope="module")
def host() -> Iterator[Netns]:
    with Netns() as opened:
        yield opened


def _tool(family: int, name: str) -> str:
    return f"ip{'6' if family == 6 else ''}tables-legacy{name}"


@pytest.mark.parametrize("family", [4, 6])
def test_iptables_restore_takes_rulesets(host: Netns, family: int) -> None:
    found = dict.fromkeys(drawn(rulesets(family, tables=tuple(TABLES), most=2), 8))
    assert sum(text.count("\n-A ") for text in found) > 30
    for text in found:
        host.run(_tool(family, "-restore"), text=text)
        saved = host.run(_tool(family, "-save"))
        kept = [line for line in saved.splitlines() if line.startswith("-A")]
        assert len(kept) == text.count("\n-A ")


@pytest.mark.parametrize("family", [4, 6])
def test_iptables_takes_rules_one_by_one(host: Netns, family: int) -> None:
    for table, chain in (("mangle", "PREROUTING"), ("nat", "POSTROUTING"), ("filter", "own")):
        found = dict.fromkeys(drawn(rules(family, table=table, chain=chain), 20))
        declared = f":{chain} - [0:0]\n" if chain == "own" else ""
        for text in found:
            dump = f"*{table}\n{declared}{text}\nCOMMIT\n"
            host.run(_tool(family, "-restore"), text=dump)
