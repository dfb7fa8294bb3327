"""A change is held to what a whole table is held to."""

from __future__ import annotations

from random import Random

import pytest

from fwsim.language import commands
from fwsim.language.read import read
from fwsim.language.ruleset import Ruleset
from fwsim.language.validate import validate
from fwsim.model.errors import ReadError

CHAINS = ("a", "b", "c", "d")
BASES = ("PREROUTING", "POSTROUTING", "OUTPUT")
RULES = (
    "-j {}", "-j {}", "-g {}", "-p tcp -j {}", "-j ACCEPT", "-j MASQUERADE", "-p udp -j ACCEPT",
    "-j DNAT --to-destination 1.1.1.1", "-m addrtype --src-type LOCAL --limit-iface-in -j ACCEPT",
    "-m physdev --physdev-is-out -j ACCEPT", "-j RETURN", "-j nosuch", "-j OUTPUT", "-j REJECT",
)  # fmt: skip


def _command(random: Random) -> str:
    chain = random.choice((*CHAINS, *BASES))
    rule = random.choice(RULES).format(random.choice(CHAINS))
    number = random.randrange(1, 5)
    return random.choice((
        f"-A {chain} {rule}", f"-A {chain} {rule}", f"-I {chain} {rule}", f"-D {chain} {number}",
        f"-D {chain} {rule}", f"-R {chain} {number} {rule}", f"-F {chain}", f"-N {chain}",
        f"-X {chain}", f"-E {chain} {random.choice(CHAINS)}", f"-P {chain} ACCEPT",
    ))  # fmt: skip


def _refusal(ruleset: Ruleset, before: Ruleset | None) -> str:
    try:
        validate(ruleset, before)
    except ReadError as error:
        return str(error)
    return ""


def test_a_change_is_refused_where_the_whole_table_would_be(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()

    def compared(ruleset: Ruleset, before: Ruleset) -> None:
        refusal = _refusal(ruleset, None)
        assert _refusal(ruleset, before) == refusal
        seen.add(refusal.partition(":")[2][:40])
        if refusal:
            validate(ruleset)

    monkeypatch.setattr(commands, "validate", compared)
    random = Random(seed)
    for _ in range(40):
        rulesets = {4: read("*nat\n:a - [0:0]\n:b - [0:0]\n:c - [0:0]\nCOMMIT\n", 4)}
        for _ in range(60):
            try:
                commands.apply(rulesets, f"iptables -t nat {_command(random)}")
            except ReadError:
                continue
    assert len(seen) > 8
