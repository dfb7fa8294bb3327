"""What the one who asked would have seen, by where its packet ended."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim
from tests.machine.snapshots import LO, RULES, device, write

HERE = [LO, device(2, "eth0", "192.0.2.10/24")]


def outcome(folder: Path, rule: str, dst: str) -> str:
    rules = f"*mangle\nCOMMIT\n{RULES}" if rule else RULES
    table, _, words = rule.partition(" ")
    text = rules.replace(f"*{table}\n", f"*{table}\n{words}\n") if rule else rules
    if table == "filter":
        text = RULES.replace("COMMIT", f"{words}\nCOMMIT")
    place = write(folder, {"iptables-save": text, "ip-addr.json": HERE, "sysctl": ""})
    return fwsim.load(place).trace(src="host", dst=dst).outcome


@pytest.mark.parametrize(
    ("rule", "dst", "expected"),
    [
        ("filter -A OUTPUT -p icmp -j DROP", "192.0.2.7", "denied"),
        ("mangle -A POSTROUTING -p icmp -j DROP", "192.0.2.7", "denied"),
        ("filter -A OUTPUT -p icmp -j DROP", "192.0.2.10", "denied"),
        ("filter -A INPUT -p icmp -j DROP", "192.0.2.10", "timeout"),
        ("mangle -A PREROUTING -p icmp -j DROP", "127.0.0.1", "timeout"),
        ("filter -A INPUT -p icmp -j DROP", "192.0.2.7", "timeout"),
        ("", "198.51.100.1", "no-route"),
        ("", "192.0.2.10", "answered"),
    ],
)
def test_only_what_the_senders_own_host_holds_back_is_denied(
    rule: str, dst: str, expected: str, tmp_path: Path
) -> None:
    assert outcome(tmp_path, rule, dst) == expected
