"""Frames carry what the packet says: read back by us, checked by dpkt, believed by the kernel."""

from __future__ import annotations

from collections.abc import Iterator

import dpkt  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.model.exthdr import AH, DEST, FRAGMENT, HOP, NONE, ROUTING
from fwsim.model.names import address_value
from fwsim.model.packet import (
    DCCP,
    ICMP,
    ICMP6,
    ICMP_ECHO,
    ICMP_ERRORS,
    SCTP,
    TCP,
    UDP,
    UDPLITE,
    WITH_PORTS,
    Packet,
)

from .frames import build, build_ip, crc32c, fragment, parse, parse_ip
from .lab import Lab, moved, require_kernel

ETH = ("02:00:00:00:00:01", "02:00:00:00:00:02")
GRE = 47


def numbers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << bits) - 1)


def contents() -> st.SearchStrategy[dict[str, object]]:
    return st.one_of(
        st.binary(max_size=40).map(lambda b: {"payload": b} if any(b) else {"payload_len": len(b)}),
        st.integers(0, 1200).map(lambda n: {"payload_len": n}),
    )


@st.composite
def packets(draw: st.DrawFn, family: int = 0, quoting: bool = True) -> Packet:
    """Packets in the form that `parse` returns."""
    family = family or draw(st.sampled_from((4, 6)))
    icmp = ICMP if family == 4 else ICMP6
    width = 32 if family == 4 else 128
    proto = draw(st.sampled_from((TCP, UDP, icmp, UDPLITE, SCTP, DCCP, GRE)))
    ends = draw(numbers(width)), draw(numbers(width))
    packet = Packet(family, *ends, proto, ttl=draw(numbers(8)), tos=draw(numbers(8)))
    if draw(st.booleans()):
        packet = packet.but(frag=draw(st.integers(0, 100)), more=draw(st.booleans()))
    if packet.has_ports:
        packet = packet.but(sport=draw(numbers(16)), dport=draw(numbers(16)))
    if proto == TCP and not packet.frag:
        words = draw(st.integers(0, 10))
        packet = packet.but(
            **{f: draw(numbers(32)) for f in ("seq", "ack")},
            flags=draw(numbers(8)),
            window=draw(numbers(16)),
            tcp_options=draw(st.binary(min_size=4 * words, max_size=4 * words)),
        )
    if packet.is_icmp:
        kinds = ICMP_ERRORS[family] if quoting else ICMP_ECHO[family]
        packet = packet.but(icmp_type=draw(st.sampled_from(sorted(kinds))))
    if packet.is_icmp_error:
        return packet.but(inner=draw(packets(family, quoting=False)))
    if packet.is_icmp:
        packet = packet.but(icmp_code=draw(numbers(8)), icmp_id=draw(numbers(16)))
    return packet.but(**draw(contents()))


@given(packets())
def test_reading_gives_back_what_was_written(packet: Packet) -> None:
    assert parse(build(packet, *ETH)) == (*ETH, packet)


@given(packets())
def test_the_frame_is_as_long_as_the_packet_says(packet: Packet) -> None:
    assert len(build_ip(packet)) == packet.length


def dpkt_keeps(packet: Packet) -> bool:
    """dpkt writes these back as it read them. Of SCTP it drops what is no chunk, and it leaves
    the checksums of fragments alone."""
    both = [p for p in (packet, packet.inner) if p]
    return all(p.proto in (TCP, UDP, ICMP, ICMP6) and not p.frag and not p.more for p in both)


@given(packets().filter(dpkt_keeps))
def test_dpkt_computes_the_same_checksums(packet: Packet) -> None:
    frame = dpkt.ethernet.Ethernet(build(packet, *ETH))
    written = bytes(frame.data)
    if packet.family == 4:
        frame.data.sum = 0
    if hasattr(frame.data.data, "sum"):
        frame.data.data.sum = 0
    assert bytes(frame.data) == written


@given(packets().filter(lambda p: p.proto in WITH_PORTS and not p.frag and not p.more))
def test_fragments_put_together_are_the_packet(packet: Packet) -> None:
    pieces = fragment(build(packet, *ETH), 16)
    fixed = 34 if packet.family == 4 else 62
    whole = build(packet, *ETH)
    if len(pieces) > 1:
        assert b"".join(p[fixed:] for p in pieces) == whole[34 if packet.family == 4 else 54 :]
        assert [parse_ip(p[14:]).frag for p in pieces] == [2 * n for n in range(len(pieces))]


def test_crc32c_of_the_standard_example() -> None:
    assert crc32c(b"123456789").to_bytes(4, "big") == bytes.fromhex("e3069283")


def test_padding_is_no_payload() -> None:
    packet = Packet(4, 1, 2, UDP, sport=5, dport=6)
    assert parse(build(packet, *ETH) + bytes(18)).packet == packet


@pytest.mark.parametrize("data", [b"", b"\x45\0", b"\x60" * 10, b"\x10" * 40])
def test_what_is_no_whole_ip_packet_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole IP packet"):
        parse_ip(data)


SCTP_INIT = bytes.fromhex("01000014000000010000ffff0001000100000001")
SOUND = {
    "tcp": Packet(0, 0, 0, TCP, sport=1, dport=2, flags=2, tcp_options=b"\2\4\5\xb4", seq=9),
    "udp": Packet(0, 0, 0, UDP, sport=1, dport=2, payload=b"odd" * 21),
    "sctp": Packet(0, 0, 0, SCTP, sport=1, dport=2, payload=SCTP_INIT),
    "echo": Packet(0, 0, 0, icmp_id=7, payload=b"odd" * 21),
    "other": Packet(0, 0, 0, GRE, payload=b"odd" * 21),
}
NEW_OR_NOT = """*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require_kernel()
    with Lab() as made:
        for family in (4, 6):
            assert made.restore(NEW_OR_NOT, family) == ""
        yield made


@pytest.mark.parametrize("size", [None, 24])
@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("family", [4, 6])
def test_the_kernel_finds_nothing_wrong_with_a_frame(
    lab: Lab, family: int, kind: str, size: int | None
) -> None:
    src, dst = {4: ("172.18.0.2", "8.8.8.8"), 6: ("fd18::2", "2001:4860::8")}[family]
    ends = {"src": address_value(src, family), "dst": address_value(dst, family)}
    packet = SOUND[kind].but(family=family, **ends)
    if kind == "echo":
        packet = packet.but(proto=ICMP if family == 4 else ICMP6, icmp_type=ICMP_ECHO[family][0])
    before = lab.counters(family)
    whole = build(packet, "02:00:00:00:02:02", lab.mac("docker1"))
    for frame in fragment(whole, size) if size else [whole]:
        lab.send("veth0", frame)
    assert moved(before, lab.counters(family)).matched == {(family, "filter", "FORWARD", 2): 1}
    assert lab.received()


def test_the_kernel_takes_no_correct_udplite(lab: Lab) -> None:
    """It computes the pseudo header with UDP's number (nf_conntrack_proto_udp.c, udplite_error)."""
    ends = address_value("172.18.0.2", 4), address_value("8.8.8.8", 4)
    before = lab.counters()
    packet = Packet(4, *ends, UDPLITE, sport=1, dport=2, payload=b"odd")
    lab.send("veth0", build(packet, "02:00:00:00:02:02", lab.mac("docker1")))
    assert moved(before, lab.counters()).matched == {(4, "filter", "FORWARD", 1): 1}


_INVALID, _NEW = ({(6, "filter", "FORWARD", number): 1} for number in (1, 2))


@pytest.mark.parametrize(
    ("proto", "payload", "matched"),
    [
        (NONE, bytes(8), _INVALID),
        (NONE, b"", _INVALID),
        *((kind, bytes(20), _INVALID) for kind in (ROUTING, AH, DEST)),
        *((kind, bytes((99, 200)) + bytes(18), _NEW) for kind in (ROUTING, AH, DEST)),
        (HOP, bytes((99, 200)) + bytes(18), {}),
        (FRAGMENT, bytes(4), {}),
    ],
)
def test_an_extension_header_that_nothing_follows_is_invalid_or_hangs_on_what_there_is_of_it(
    lab: Lab, proto: int, payload: bytes, matched: dict[object, int]
) -> None:
    """So sets leave them out, but for what says that nothing follows (docs/decisions/0009)."""
    ends = address_value("fd18::2", 6), address_value("2001:4860::8", 6)
    packet = Packet(6, *ends, proto, payload=payload)
    before = lab.counters(6)
    lab.send("veth0", build(packet, "02:00:00:00:02:02", lab.mac("docker1")))
    assert moved(before, lab.counters(6)).matched == matched
