"""The corners of what matches mean: where the kernel does not do what the words suggest."""

from __future__ import annotations

import pytest

from fwsim.language.read import read
from fwsim.language.ruleset import Rule
from fwsim.model.actions import Assign, Nat, NatRange, Reject
from fwsim.model.names import STATES, STATUS, address_value, iface_value
from fwsim.readings.concrete import holds

IPV6 = 6


def _rule(text: str, family: int = 4, table: str = "filter", chain: str = "INPUT") -> Rule:
    return read(f"*{table}\n-A {chain} {text}\nCOMMIT\n", family).rule(table, chain, 1)


def _matches(text: str, family: int = 4, chain: str = "INPUT", **view: int) -> bool | None:
    there = int(not view.get("frag"))
    return holds(
        _rule(text, family, chain=chain).pred, {"l4_header": there, "ports": there, **view}
    )


def _state(name: str) -> int:
    return STATES.index(name)


# conntrack


@pytest.mark.parametrize("state", ["INVALID", "UNTRACKED"])
def test_without_a_connection_only_the_state_counts(state: str) -> None:
    view = {"ctstate": _state(state), "ct_known": 0, "ct_status": 0}
    assert _matches(f"-m conntrack --ctstate {state} --ctproto 99 ! --ctexpire :", **view)
    assert not _matches("-m conntrack --ctstate NEW --ctproto 99", **view)
    assert not _matches("-m conntrack --ctproto 99", **view)
    assert not _matches("-m conntrack ! --ctproto 99", **view)


def test_snat_and_dnat_are_states_besides_the_state() -> None:
    view = {"ctstate": _state("ESTABLISHED"), "ct_known": 1, "ct_status": STATUS["DST_NAT"]}
    assert _matches("-m conntrack --ctstate DNAT", **view)
    assert not _matches("-m conntrack --ctstate SNAT,NEW", **view)
    assert not _matches("-m conntrack ! --ctstate DNAT", **view)
    assert _matches("-m conntrack ! --ctstate SNAT,NEW", **view)


def test_a_status_is_any_of_those_named_and_none_is_never_had() -> None:
    view = {"ct_known": 1, "ct_status": STATUS["CONFIRMED"] | STATUS["SEEN_REPLY"]}
    assert _matches("-m conntrack --ctstatus ASSURED,CONFIRMED", **view)
    assert not _matches("-m conntrack --ctstatus ASSURED", **view)
    assert not _matches("-m conntrack --ctstatus NONE", ct_known=1, ct_status=0)
    assert _matches("-m conntrack ! --ctstatus NONE", **view)


def test_an_address_is_compared_under_its_mask() -> None:
    source = address_value("10.9.9.9", 4)
    assert _matches("-m conntrack --ctorigsrc 10.0.0.5/8", ct_known=1, ct_orig_src=source)
    assert not _matches("-m conntrack --ctorigsrc 10.0.0.5/9.0.0.9", ct_known=1, ct_orig_src=source)


# ports and fragments


_NO_HEAD = {"l4_header": 0, "ports": 0, "headers": 1}


def test_a_later_fragment_has_no_ports() -> None:
    for rule in ("-p tcp -m tcp", "-p udp -m udp", "-p tcp -m multiport ! --ports 1"):
        rule_ = _rule(rule)
        assert not holds(rule_.pred, {"proto": 6 if "tcp" in rule else 17, **_NO_HEAD})


@pytest.mark.parametrize(
    ("text", "family", "frag", "dropped"),
    [
        ("-p tcp -m tcp", 4, 1, True),
        ("-p tcp -m tcp", 6, 1, False),
        ("-p tcp -m tcp", 4, 2, False),
        ("-p udp -m udp", 4, 1, False),
        ("-p tcp -m multiport --ports 1", 4, 1, False),
    ],
)
def test_only_tcp_drops_the_fragment_that_would_overwrite_its_flags(
    text: str, family: int, frag: int, dropped: bool
) -> None:
    rule = _rule(text, family)
    assert rule.hotdrop is not None
    view = {"proto": 17 if "udp" in text else 6, "frag": frag, **_NO_HEAD}
    assert rule.hotdrop(view) is dropped


@pytest.mark.parametrize(
    "text",
    ["-p tcp -m tcp", "-p udp -m udp", "-p icmp --icmp-type 8", "-p udp -m multiport --ports 1"],
)
def test_a_header_cut_short_is_dropped_at_once(text: str) -> None:
    rule = _rule(text)
    proto = {"tcp": 6, "udp": 17, "icmp": 1}[text.split()[1]]
    assert rule.hotdrop is not None
    assert rule.hotdrop({"proto": proto, "frag": 0, **_NO_HEAD})
    assert not rule.hotdrop({"proto": proto, "frag": 0, "l4_header": 1, "ports": 1})


def test_either_port_is_enough_and_no_port_is_what_negation_asks() -> None:
    view = {"proto": 6, "frag": 0, "sport": 5, "dport": 80}
    assert _matches("-p tcp -m multiport --ports 80,443", **view)
    assert not _matches("-p tcp -m multiport ! --ports 80,443", **view)
    assert not _matches("-p tcp -m multiport --sports 80,443", **view)


def test_a_range_that_ends_before_it_begins_holds_nothing() -> None:
    view = {"proto": 17, "frag": 0, "sport": 5, "dport": 85}
    assert not _matches("-p udp --dport 90:80", **view)
    assert _matches("-p udp ! --dport 90:80", **view)


# icmp


def test_type_255_is_any_type_in_icmp_but_not_in_icmp6() -> None:
    view = {"proto": 1, "frag": 0, "icmp_type": 8, "icmp_code": 0}
    assert _matches("-p icmp --icmp-type any", **view)
    assert _matches("-p icmp --icmp-type 255/3", **view)
    assert not _matches("-p icmp ! --icmp-type any", **view)
    view6 = {**view, "proto": 58, "icmp_type": 128}
    assert not _matches("-p ipv6-icmp --icmpv6-type 255", IPV6, **view6)
    assert _matches("-p ipv6-icmp --icmpv6-type ping", IPV6, **view6)


def test_a_type_without_code_is_every_code() -> None:
    view = {"proto": 1, "frag": 0, "icmp_type": 3, "icmp_code": 13}
    assert _matches("-p icmp --icmp-type 3", **view)
    assert _matches("-p icmp --icmp-type 3/10:15", **view)
    assert not _matches("-p icmp --icmp-type 3/3", **view)


# addrtype


def test_ipv6_asks_all_that_the_address_tells_and_one_of_what_the_routes_tell() -> None:
    local, unicast = 2, 1
    here = {"dst": address_value("fd00::1", IPV6), "dst_type": local}
    there = {"dst": address_value("fd00::9", IPV6), "dst_type": unicast}
    group = {"dst": address_value("ff02::1", IPV6), "dst_type": unicast}
    for text, expected in (
        ("UNICAST", [True, True, False]),
        ("MULTICAST", [False, False, True]),
        ("UNICAST,MULTICAST", [False, False, False]),
        ("LOCAL", [True, False, False]),
        ("UNICAST,LOCAL", [True, False, False]),
        ("UNSPEC", [False, False, False]),
    ):
        rule = f"-m addrtype --dst-type {text}"
        assert [_matches(rule, IPV6, **view) for view in (here, there, group)] == expected
        negated = f"-m addrtype ! --dst-type {text}"
        assert [not _matches(negated, IPV6, **view) for view in (here, there, group)] == expected


def test_a_mapped_address_is_no_unicast_in_ipv6() -> None:
    view = {"src": address_value("::ffff:10.0.0.1", IPV6)}
    assert not _matches("-m addrtype --src-type UNICAST", IPV6, **view)


def test_ipv4_asks_for_one_of_the_kinds() -> None:
    assert _matches("-m addrtype --dst-type UNICAST,LOCAL", dst_type=2)
    assert not _matches("-m addrtype --dst-type UNICAST,BROADCAST", dst_type=2)


def test_a_limit_looks_at_one_device() -> None:
    view = {"dst_type": 2, "dst_type_in": 1, "dst_type_out": 1}
    assert not _matches("-m addrtype --dst-type LOCAL --limit-iface-in", **view)
    assert _matches("-m addrtype --dst-type LOCAL", **view)
    rule = "-m addrtype --dst-type LOCAL --limit-iface-out"
    assert _matches(rule, chain="FORWARD", **{**view, "dst_type_out": 2})


# physdev

ROUTED = {"physin": 0, "physout": 0, "bridged": 0}
FROM_PORT = {"physin": iface_value("veth0"), "physout": 0, "bridged": 0}
BRIDGED = {"physin": iface_value("veth0"), "physout": iface_value("veth1"), "bridged": 1}


@pytest.mark.parametrize(
    ("options", "routed", "from_port", "bridged"),
    [
        ("--physdev-in veth0", False, True, True),
        ("! --physdev-in veth0", True, False, False),
        ("! --physdev-in eth+", True, True, True),
        ("--physdev-out veth1", False, False, True),
        ("! --physdev-out eth0", True, False, True),
        ("! --physdev-out veth1", True, False, False),
        ("--physdev-is-in", False, True, True),
        ("! --physdev-is-in", True, False, False),
        ("--physdev-is-out", False, False, True),
        ("! --physdev-is-out", True, True, False),
        ("--physdev-is-bridged", False, False, True),
        ("! --physdev-is-bridged", True, True, False),
        ("--physdev-in veth+ ! --physdev-is-bridged", False, True, False),
        ("! --physdev-in eth0 ! --physdev-is-bridged", True, True, False),
    ],
)
def test_physdev(options: str, routed: bool, from_port: bool, bridged: bool) -> None:
    rule = f"-m physdev {options}"
    found = [_matches(rule, chain="FORWARD", **view) for view in (ROUTED, FROM_PORT, BRIDGED)]
    assert found == [routed, from_port, bridged]


# targets


def test_every_spelling_of_mark_is_one_assignment() -> None:
    def assigned(option: str, value: int) -> int:
        (action,) = _rule(f"-j MARK {option}", table="mangle").actions
        assert isinstance(action, Assign)
        return (value & ~action.clear) ^ action.flip

    assert assigned("--set-mark 0x5/0xf", 0xFF) == 0xF5
    assert assigned("--set-mark 0x15/0xf", 0xE0) == 0xF5
    assert assigned("--set-xmark 0x15/0xf", 0xF0) == 0xE5
    assert assigned("--and-mark 0xf0", 0xFF) == 0xF0
    assert assigned("--or-mark 0xf0", 0x0F) == 0xFF
    assert assigned("--xor-mark 0xf0", 0xFF) == 0x0F


def test_translations_carry_their_ranges() -> None:
    def nat(text: str, chain: str = "PREROUTING") -> Nat:
        (action,) = _rule(text, table="nat", chain=chain).actions
        assert isinstance(action, Nat)
        return action

    low, high = address_value("10.88.0.2", 4), address_value("10.88.0.9", 4)
    shifted = NatRange((low, low), (9000, 9004), 9000)
    assert nat("-p tcp -j DNAT --to-destination 10.88.0.2:9000-9004/9000") == Nat("dnat", shifted)
    plain = NatRange((low, high), persistent=True)
    assert nat("-j DNAT --to-destination 10.88.0.2-10.88.0.9 --persistent") == Nat("dnat", plain)
    lost = NatRange(None, (10, 20), 0, random=True, fully_random=True)
    found = nat("-p tcp -j MASQUERADE --to-ports 10-20/5 --random --random-fully", "POSTROUTING")
    assert found == Nat("masquerade", lost)
    assert nat("-j REDIRECT") == Nat("redirect", NatRange())


def test_rejections_name_their_error() -> None:
    assert _rule("-j REJECT").actions == (Reject("icmp-port-unreachable"),)
    assert _rule("-j REJECT", IPV6).actions == (Reject("icmp6-port-unreachable"),)
    assert _rule("-p tcp -j REJECT --reject-with tcp-rst").actions == (Reject("tcp-reset"),)
