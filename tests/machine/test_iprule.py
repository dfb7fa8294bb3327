"""Rules of policy routing as `ip -j rule` prints them."""

from __future__ import annotations

from typing import Any

import pytest

from fwsim.machine import iprule
from fwsim.machine.iproute import Entry
from fwsim.machine.policy import USUAL, Flow, RouteRule, chosen
from fwsim.model.errors import PlaceError
from fwsim.model.names import address_value

USUAL_TAIL: list[dict[str, Any]] = [
    {"priority": 32766, "src": "all", "table": "main"},
    {"priority": 32767, "src": "all", "table": "default"},
]


def read(*items: dict[str, Any]) -> tuple[RouteRule, ...]:
    return iprule.in_order(iprule.rule(Entry("ip-rule.json", item), 4) for item in items)


def v4(text: str) -> int:
    return address_value(text, 4)


def test_what_every_host_has_is_assumed_where_nothing_is_told() -> None:
    assert read() == USUAL
    assert read({"priority": 0, "src": "all", "table": "local"}, *USUAL_TAIL) == USUAL


def test_every_condition_is_read() -> None:
    (rule,) = read({
        "priority": 5, "not": None, "src": "10.0.0.0", "srclen": 8, "dst": "9.9.9.9", "tos": "0x10",
        "fwmark": "0x1", "fwmask": "0xff", "iif": "eth0", "iif_detached": None, "oif": "eth1",
        "uid_start": 1, "uid_end": 2, "ipproto": "tcp", "sport": 53, "dport_start": 80,
        "dport_end": 90, "table": "100", "suppress_prefixlen": 0, "protocol": "boot",
    })  # fmt: skip
    assert rule == RouteRule(
        5, "table", "100", (v4("10.0.0.0"), 8), (v4("9.9.9.9"), 32), "eth0", "eth1", (1, 0xFF),
        0x10, (1, 2), 6, (53, 53), (80, 90), inverted=True, suppress=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "action"),
    [({"action": "blackhole"}, "blackhole"), ({"nop": None}, "nop"), ({"goto": 7}, "goto")],
)
def test_actions(item: dict[str, Any], action: str) -> None:
    assert read({"priority": 1, "src": "all", **item})[0].action == action


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ({"src": "fd00::1"}, "src is 'fd00::1': expected an IPv4 address"),
        ({"srclen": 40, "src": "10.0.0.0"}, "srclen is 40: expected 0 to 32"),
        ({"fwmark": "one"}, "fwmark is 'one': expected a number"),
        ({"ipproto": "carrier-pigeon"}, "ipproto is 'carrier-pigeon': expected a protocol"),
        ({"priority": "first"}, "priority is 'first': expected a number"),
    ],
)
def test_what_no_ip_prints_is_refused(item: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PlaceError, match=complaint):
        read({"priority": 1, **item})


def test_what_is_left_out_is_said() -> None:
    entry = Entry("", {"priority": 9, "src": "all", "tun_id": 3, "suppress_ifgroup": "5"})
    assert iprule.unmodelled(entry) == "ip rule 9: suppress_ifgroup, tun_id is not modelled"


def test_a_jump_goes_to_the_rule_that_it_names_or_nowhere() -> None:
    rules = read(
        {"priority": 1, "goto": 3}, {"priority": 2, "table": "2"}, {"priority": 3, "table": "3"},
        {"priority": 4, "goto": 9}, {"priority": 5, "table": "5"},
    )  # fmt: skip
    assert [rule.table for rule in chosen(rules, Flow(4, 0))] == ["3", "5"]
