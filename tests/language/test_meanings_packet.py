"""The corners of what extensions mean that look at the packet itself, its sender or the clock, or
change it: what the kernel does (tests/kernel/test_meaning_packet.py), without it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fwsim.language.read import read
from fwsim.language.ruleset import Rule
from fwsim.model.actions import Copy, Rewrite
from fwsim.model.names import KERNEL_SOCKET, NO_SOCKET, PROCESS, address_value
from fwsim.model.packet import ICMP6, TCP, UDP, Packet
from fwsim.model.pred import Free, atoms
from fwsim.readings.concrete import holds


class Facts(dict[Any, Any]):
    """Just enough of what an extension is told."""

    connection = None
    hook, now, chance, raw = "PREROUTING", 0.0, None, False

    def __init__(self, packet: Packet, epoch: float | None = None, **fields: int) -> None:
        super().__init__(fields)
        self.packet, self.epoch = packet, epoch


def _rule(text: str, family: int = 4, table: str = "mangle", chain: str = "FORWARD") -> Rule:
    return read(f"*{table}\n-A {chain} {text}\nCOMMIT\n", family).rule(table, chain, 1)


def _step(rule: Rule, facts: Facts) -> bool | None:
    (free,) = (atom for atom in atoms(rule.pred) if isinstance(atom, Free))
    assert free.step is not None
    return free.step(facts, None)[0]


def _changed(text: str, packet: Packet, chain: str = "FORWARD", **fields: int) -> Packet | None:
    (action,) = _rule(text, packet.family, chain=chain).actions
    assert isinstance(action, Rewrite)
    return action.change(Facts(packet, **fields))


# time


NIGHT = "--timestart 22:00 --timestop 6:00"


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("options", "moment", "expected"),
    [
        ("--timestart 9:00 --timestop 17:00", "2026-11-24T09:00:00", True),
        ("--timestart 9:00 --timestop 17:00", "2026-11-24T17:00:00", True),
        ("--timestart 9:00 --timestop 17:00", "2026-11-24T17:00:01", False),
        (NIGHT, "2026-11-24T23:30:00", True),
        (NIGHT, "2026-11-24T06:00:00", True),
        (NIGHT, "2026-11-24T12:00:00", False),
        (f"{NIGHT} --weekdays Tue", "2026-11-24T23:00:00", True),
        (f"{NIGHT} --weekdays Tue", "2026-11-25T01:00:00", False),
        (f"{NIGHT} --weekdays Tue --contiguous", "2026-11-25T01:00:00", True),
        (f"{NIGHT} --weekdays Tue --contiguous", "2026-11-24T01:00:00", False),
        ("! --weekdays Tue", "2026-11-24T12:00:00", False),
        ("--weekdays 7", "2026-11-29T12:00:00", True),
        ("--monthdays 29", "2024-02-29T12:00:00", True),
        ("! --monthdays 24,25", "2026-11-24T12:00:00", False),
        ("--monthdays 0", "2026-11-24T12:00:00", False),
        ("--datestart 2026-11-24T12:00:00", "2026-11-24T12:00:00", True),
        ("--datestop 2026-11-24T12:00:00", "2026-11-24T12:00:01", False),
        ("", "2038-01-19T03:14:07", True),
        ("", "2038-01-19T03:14:08", False),
        ("--datestop 2038-12-31", "2038-06-01T00:00:00", True),
        ("--kerneltz --datestop 2020", "2026-11-24T12:00:00", False),
        ("--kerneltz --datestart 2020", "2026-11-24T12:00:00", True),
        ("--kerneltz --weekdays Tue", "2026-11-24T12:00:00", None),
    ],
)  # fmt: skip
def test_time(options: str, moment: str, expected: bool | None) -> None:
    packet = Packet(4, 1, 2)
    assert _step(_rule(f"-m time {options}"), Facts(packet, _at(moment))) is expected
    assert _step(_rule(f"-m time {options}"), Facts(packet)) is None


# owner

_GIVEN = ("--socket-exists", "! --socket-exists", "--uid-owner 5", "! --uid-owner 5")


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        (NO_SOCKET, [False, True, False, True]),
        (KERNEL_SOCKET, [True, False, False, True]),
        (PROCESS, [True, False, None, None]),
    ],
)
def test_who_has_no_socket_or_no_user_fits_only_what_is_negated(
    sender: int, expected: list[bool | None]
) -> None:
    rules = [_rule(f"-m owner {given}", table="filter", chain="OUTPUT") for given in _GIVEN]
    assert [holds(rule.pred, {"sender": sender}) for rule in rules] == expected
    with_groups = _rule("-m owner ! --gid-owner 5 --suppl-groups", table="filter", chain="OUTPUT")
    assert holds(with_groups.pred, {"sender": NO_SOCKET}) is False


def test_a_user_is_known_where_the_packet_tells_and_a_group_never_is() -> None:
    def asked(text: str, uid: int | None) -> bool | None:
        packet = Packet(4, 1, 2, uid=uid)
        return _step(_rule(f"-m owner {text}", table="filter", chain="OUTPUT"), Facts(packet))

    assert [asked("--uid-owner 5-9", uid) for uid in (4, 5, 9, 10, None)] == [
        False, True, True, False, None,
    ]  # fmt: skip
    assert asked("--gid-owner 5", 5) is None


# link


def test_what_came_by_no_ethernet_device_has_no_mac_not_even_another() -> None:
    for negated in ("", "! "):
        rule = _rule(f"-m mac {negated}--mac-source 02:00:00:00:00:01")
        assert holds(rule.pred, {"from_ethernet": 0}) is False
        assert holds(rule.pred, {"from_ethernet": 1}) is None
    packet = Packet(4, 1, 2, mac_src="02:00:00:00:00:01")
    assert _step(rule, Facts(packet)) is True
    assert _step(rule, Facts(packet.but(mac_src="02:00:00:00:00:02"))) is False


# TCP's options

_SYN = Packet(4, 1, 2, TCP, flags=2)


@pytest.mark.parametrize(
    ("options", "target", "expected"),
    [
        (b"\2\4\5\xb4", "--set-mss 1000", b"\2\4\3\xe8"),
        (b"\2\4\0\x64", "--set-mss 1000", b"\2\4\0\x64"),
        (b"\1\1\1\1\2\4\5\xb4", "--set-mss 1000", b"\1\1\1\1\2\4\3\xe8"),
        (b"", "--set-mss 1000", b"\2\4\2\x18"),
        (b"\3\3\7\1", "--set-mss 100", b"\2\4\0\x64\3\3\7\1"),
        (b"\2\4\5\xb4", "--clamp-mss-to-pmtu", b"\2\4\5\x78"),
        (b"\1" * 40, "--set-mss 1000", b"\1" * 40),
    ],
)
def test_a_size_is_lowered_or_added_but_never_raised(
    options: bytes, target: str, expected: bytes
) -> None:
    text = f"-p tcp --syn -j TCPMSS {target}"
    changed = _changed(text, _SYN.but(tcp_options=options), path_mtu=1440)
    assert changed == _SYN.but(tcp_options=expected)


def test_no_size_is_added_to_data_or_fragments_and_six_has_room_for_less() -> None:
    text = "-p tcp --syn -j TCPMSS --set-mss 1300"
    for packet in (_SYN.but(payload_len=5), _SYN.but(frag=3)):
        assert _changed(text, packet, path_mtu=1500) == packet
    six = _changed(text, _SYN.but(family=6), path_mtu=1500)
    assert six is not None
    assert six.tcp_options == b"\2\4" + (1220).to_bytes(2, "big")
    clamp = "-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu"
    assert _changed(clamp, _SYN, path_mtu=40) is None


def test_stripped_options_become_padding() -> None:
    text = "-p tcp -j TCPOPTSTRIP --strip-options sack-permitted,8"
    data = b"\2\4\5\xb4\4\2" + b"\x08\x0a" + bytes(8)
    changed = _changed(text, _SYN.but(tcp_options=data))
    assert changed == _SYN.but(tcp_options=b"\2\4\5\xb4" + b"\1" * 12)


@pytest.mark.parametrize(
    ("packet", "matches", "dropped"),
    [
        (_SYN, False, False),
        (_SYN.but(tcp_options=b"\2\4\5\xb4"), True, False),
        (_SYN.but(tcp_options=b"\2\4\0\1"), False, False),
        (_SYN.but(frag=3, payload_len=5), False, True),
        (_SYN.but(frag=3, payload=bytes(12) + b"\x50" + bytes(7)), False, False),
    ],
)
def test_tcpmss_drops_what_has_no_header(packet: Packet, matches: bool, dropped: bool) -> None:
    rule = _rule("-p tcp -m tcpmss --mss 1000:1500")
    (field,) = {atom.field for atom in atoms(rule.pred) if not isinstance(atom, Free)} - {
        atom.field for atom in atoms(_rule("-p tcp").pred) if not isinstance(atom, Free)
    }
    assert field.project is not None
    view: dict[Any, int] = {"proto": TCP, field: field.project(Facts(packet))}
    assert holds(rule.pred, view) is matches
    assert rule.hotdrop is not None
    assert rule.hotdrop(view) is dropped
    negated = _rule("-p tcp -m tcpmss ! --mss 1000:1500")
    assert holds(negated.pred, view) is not (matches or dropped)


# prefixes and hashes


def test_the_example_of_rfc_6296() -> None:
    inside, outside = (
        address_value(a, 6) for a in ("fd01:203:405:1::1234", "2001:db8:1:d550::1234")
    )
    text = "-j SNPT --src-pfx fd01:203:405::/48 --dst-pfx 2001:db8:1::/48"
    packet = Packet(6, inside, 1, UDP)
    assert _changed(text, packet, "POSTROUTING") == packet.but(src=outside)
    text = "-j DNPT --src-pfx 2001:db8:1::/48 --dst-pfx fd01:203:405::/48"
    packet = Packet(6, 1, outside, UDP)
    assert _changed(text, packet, "PREROUTING") == packet.but(dst=inside)


def test_an_address_of_ones_cannot_be_mended_and_an_error_is_translated_within() -> None:
    text = "-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64"
    ones = address_value("fd00::ffff:ffff:ffff:ffff", 6)
    assert _changed(text, Packet(6, ones, 1), "POSTROUTING") is None
    own, far = (address_value(a, 6) for a in ("fd00::5", "2001:9::9"))
    error = Packet(6, own, far, ICMP6, icmp_type=1, inner=Packet(6, far, own, UDP))
    changed = _changed(text, error, "POSTROUTING")
    assert changed is not None
    assert changed.inner is not None
    assert changed.inner.dst == changed.src != own


def test_hmark_is_the_kernels_hash_both_ways() -> None:
    (action,) = _rule(
        "-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 4294967295 --hmark-rnd 7"
    ).actions
    assert isinstance(action, Copy)
    assert action.source.project is not None
    near, far = (address_value(a, 4) for a in ("192.0.2.10", "8.8.8.8"))
    there = Packet(4, far, near, UDP, sport=111, dport=222)
    back = Packet(4, near, far, UDP, sport=222, dport=111)
    error = Packet(4, near, far, 1, icmp_type=3, inner=there)
    for packet in (there, back, error, there.but(proto=TCP)):
        assert action.source.project(Facts(packet)) == 0xCCBE2B35
    fragment = there.but(frag=5, sport=0, dport=0)
    assert action.source.project(Facts(fragment)) == 0xF80AFDBA
