"""What keeps a host from answering: signed segments, wrong checksums, protocols of modules. That
the kernel agrees is tested with random rules (tests/kernel/test_mixed.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim
from fwsim.machine.sums import sums_up
from fwsim.model.packet import ICMP, ICMP6, SCTP, TCP, UDP, Packet
from fwsim.model.tcp_options import is_signed

_MD5 = b"\x13\x12" + bytes(16)


@pytest.mark.parametrize(
    "options",
    [_MD5, b"\1\1" + _MD5, b"\2\4\5\xb4" + _MD5, b"\xfe\x60" + bytes(18), b"\xfe\1" + bytes(18)],
)
def test_only_who_has_the_key_may_reset(options: bytes) -> None:
    assert is_signed(options)


@pytest.mark.parametrize(
    "options", [b"", b"\2\4\5\xb4", b"\0" + _MD5, b"\xfe\x60" + bytes(4), b"\1" * 20]
)
def test_a_segment_that_nobody_signed_is_reset(options: bytes) -> None:
    assert not is_signed(options)


def _packet(family: int, proto: int, **more: object) -> Packet:
    return Packet(family, 1, 2, proto).but(**more)


@pytest.mark.parametrize("family", [4, 6])
def test_an_error_needs_a_right_checksum_or_none_at_all(family: int) -> None:
    own = ICMP if family == 4 else ICMP6
    assert all(sums_up(_packet(family, proto)) for proto in (TCP, UDP, own, SCTP))
    assert sums_up(_packet(family, 89, payload_len=44))  # nobody told
    assert not sums_up(_packet(family, 89, payload=b"\1\2\3\4"))
    assert not sums_up(_packet(family, TCP, truncated=True, payload=b"\1\2\3\4"))
    assert not sums_up(_packet(family, UDP, more=True))
    assert sums_up(_packet(family, 47, payload=b"\0\0\x08\0"))


def test_a_sum_that_comes_out_is_right() -> None:
    assert sums_up(_packet(4, 89, payload=b"\x12\x34\xed\xcb"))
    assert sums_up(_packet(4, 89))
    assert not sums_up(_packet(6, 59, payload=b"\1"))
    assert not sums_up(_packet(6, 89))


_DUMP = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i eth0 -d 192.0.2.1\nCOMMIT\n"


@pytest.mark.parametrize(
    ("assume", "outcome", "note"),
    [({}, "timeout", True), ({"protocol sctp": True}, "timeout", False),
     ({"protocol": False}, "unreachable", False)],
)  # fmt: skip
def test_a_module_may_take_a_protocol(
    tmp_path: Path, assume: dict[str, bool], outcome: str, note: bool
) -> None:
    place = tmp_path / "dump"
    place.write_text(_DUMP)
    net = fwsim.load(str(place)).given(assume)
    trace = net.trace(src="198.51.100.7", dst="host", proto="sctp", dport=5, in_="eth0")
    assert trace.to_dict()["outcome"] == outcome
    assert ("module for its protocol is assumed" in str(trace)) is note
