"""IPv6's extension headers and transport headers as bytes: read back by us, checked by dpkt."""

from __future__ import annotations

import dpkt  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.model.chain import final, find
from fwsim.model.exthdr import AH, DEST, FRAGMENT, HOP, ROUTING
from fwsim.model.packet import DCCP, SCTP, TCP, UDP, Packet
from fwsim.model.packet_json import packet_from_dict
from fwsim.model.wire import from_bytes, to_bytes

_DATA = {AH: (10, 18, 26), HOP: (6, 14, 22), ROUTING: (6, 22, 38), DEST: (6, 14)}


@st.composite
def headers(draw: st.DrawFn, kinds: tuple[int, ...] = tuple(_DATA)) -> tuple[int, bytes]:
    kind = draw(st.sampled_from(kinds))
    size = draw(st.sampled_from(_DATA[kind]))
    return kind, draw(st.binary(min_size=size, max_size=size))


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    proto = draw(st.sampled_from((UDP, SCTP, DCCP, 50)))
    packet = Packet(6, 1, 2, proto, payload=draw(st.binary(min_size=1, max_size=9)) + b"x")
    if proto != 50:
        packet = packet.but(sport=5, dport=6)
    if proto == SCTP:
        packet = packet.but(head=draw(st.sampled_from((b"", b"\1\2\3\4"))))
    if proto == DCCP:
        packet = packet.but(head=draw(st.binary(min_size=8, max_size=8).filter(lambda b: b[0] > 3)))
    return packet.but(ext=tuple(draw(st.lists(headers(), max_size=3))))


@given(packets())
def test_headers_are_read_back(packet: Packet) -> None:
    assert from_bytes(to_bytes(packet)) == packet
    assert len(to_bytes(packet)) == packet.length


@given(packets())
def test_a_packet_goes_through_json(packet: Packet) -> None:
    told = packet.to_dict() | {"payload": packet.payload.hex()}
    assert packet_from_dict(told) == packet


@given(st.lists(headers((HOP, ROUTING, DEST)), max_size=3, unique_by=lambda h: h[0]))
def test_dpkt_finds_the_same_headers(ext: list[tuple[int, bytes]]) -> None:
    packet = Packet(6, 1, 2, UDP, sport=5, dport=6, payload=b"abc", ext=tuple(ext))
    read = dpkt.ip6.IP6(to_bytes(packet))
    assert [kind for kind, _ in ext] == list(read.extension_hdrs)
    assert (read.p, bytes(read.data.data)) == (UDP, b"abc")


def test_dpkt_reads_sctp_chunks_and_believes_the_checksum() -> None:
    chunk = bytes((1, 0, 0, 8)) + b"wxyz"
    packet = Packet(4, 1, 2, SCTP, sport=5, dport=6, payload=chunk, head=b"\0\0\0\7")
    read = dpkt.ip.IP(to_bytes(packet)).data
    assert (read.sport, read.dport, read.vtag) == (5, 6, 7)
    assert [(c.type, bytes(c.data)) for c in read.chunks] == [(1, b"wxyz")]
    written = read.sum
    read.sum = 0
    bytes(read)
    assert read.sum == written


def test_dpkt_reads_ah() -> None:
    body = bytes((0, 0)) + (9).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"authentic..."
    packet = Packet(6, 1, 2, UDP, ext=((AH, body),), payload=b"abc")
    header = dpkt.ip6.IP6(to_bytes(packet)).extension_hdrs[AH]
    assert (header.spi, header.seq, header.nxt) == (9, 1, UDP)


# fragments


@pytest.mark.parametrize("more", [False, True])
def test_a_fragment_header_that_says_no_more_is_left_out(more: bool) -> None:
    packet = Packet(6, 1, 2, UDP, frag=3, more=more, payload=b"12345678")
    data = to_bytes(packet, ident=7)
    assert from_bytes(data) == packet
    header = dpkt.ip6.IP6(data).extension_hdrs[FRAGMENT]
    assert (header.frag_off, header.m_flag, header.id) == (3, more, 7)


def test_a_fragment_header_with_a_reserved_bit_or_others_behind_it_is_kept() -> None:
    odd = ((FRAGMENT, bytes.fromhex("00001b00000007")),)
    packet = Packet(6, 1, 2, UDP, frag=3, more=True, ext=odd, payload=b"12345678")
    assert from_bytes(to_bytes(packet)) == packet
    first = (FRAGMENT, bytes.fromhex("00000100000007"))
    packet = Packet(
        6, 1, 2, UDP, sport=5, more=True, ext=(first, (DEST, bytes(6))), payload=b"1234567x"
    )
    assert from_bytes(to_bytes(packet)) == packet


# what is cut off


def _cut(packet: Packet, octets: int) -> Packet:
    data = to_bytes(packet)[:octets]
    return from_bytes(data[:4] + (len(data) - 40).to_bytes(2, "big") + data[6:])


@given(packets(), st.data())
def test_a_packet_cut_anywhere_is_written_as_it_was_read(
    packet: Packet, data: st.DataObject
) -> None:
    short = _cut(packet, data.draw(st.integers(40, packet.length)))
    again = to_bytes(short)
    assert from_bytes(again) == short
    assert len(again) == short.length


def test_a_transport_header_that_is_not_whole_has_no_flags() -> None:
    packet = _cut(Packet(6, 1, 2, TCP, sport=5, dport=6, flags=2), 47)
    assert (packet.truncated, packet.has_ports, packet.l4_header) == (True, False, 0)
    assert (packet.sport, packet.dport) == (5, 6)
    assert packet.payload.hex() == "00050006000000"


def test_a_header_cut_off_hides_the_protocol_only_where_the_kernel_cannot_read_it() -> None:
    packet = Packet(6, 1, 2, UDP, ext=((DEST, bytes(6)), (HOP, bytes(6))))
    assert final(packet) == UDP
    assert final(_cut(packet, 50)) == UDP  # the second header says so before it ends
    assert final(_cut(packet, 49)) == -1
    assert final(_cut(packet, 41)) == -1


def test_a_header_is_found_with_what_is_left_behind_it() -> None:
    packet = Packet(6, 1, 2, UDP, ext=((DEST, bytes(6)), (ROUTING, bytes(6))), payload=b"abc")
    found = find(packet, ROUTING)
    assert found is not None
    assert (found.data, found.left) == (bytes((UDP, *bytes(7))), 8 + 8 + 3)
    assert find(packet, HOP) is None
    lost = find(_cut(packet, 41), HOP)
    assert lost is not None
    assert lost.left == 0


def test_behind_a_later_fragment_nothing_is_found() -> None:
    packet = Packet(6, 1, 2, DEST, frag=1, payload=bytes(8))
    assert find(packet, DEST) is None
    assert find(packet, FRAGMENT) is not None
    assert final(packet) == -1
    assert final(packet.but(proto=UDP)) == UDP
